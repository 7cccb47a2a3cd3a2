"""Runs: their records, their places in listings, and which of them a filter lets pass."""

from .. import hierarchy, records
from ..base import Key, Position, RunsKey
from ..errors import CorruptMetadata
from ..times import microseconds_of
from . import forms
from .tree import Tree


def run(tree: Tree, key: Key) -> records.Run | None:
    """The run, with the tags that it has now; raises CorruptMetadata."""
    return tree.own(key.pathspec, lambda data: _record(tree, key.pathspec, forms.OWN_OF_RUN.read(data)), replaced=True)


def entry(tree: Tree, provider: str, place: Position) -> records.Run | CorruptMetadata | None:
    """The run at a place in a listing."""
    try:
        return run(tree, Key(provider, f"{place.flow}/{place.run_id}"))
    except CorruptMetadata as error:
        return error


def flow_names(tree: Tree) -> list[str]:
    """What may be flows, by name."""
    folder = tree.folder("")
    return folder.folders if folder else []


def flows_of(tree: Tree, key: RunsKey) -> list[str]:
    """The flows whose runs can pass the filter."""
    names = flow_names(tree) if key.filter.flows is None else sorted(key.filter.flows)
    return [name for name in names if tree.holds(name)]


def places(tree: Tree, flow: str, prefix: str = "") -> list[Position]:
    """Where the runs of a flow stand, oldest first. Without being read, except those whose ids tell no time."""
    folder = tree.folder(flow)
    if folder is None:
        return []
    # Ids of as many digits as a time has sort like numbers, hence the folder's order is that of time.
    told = folder.once("places", lambda: [place for name in folder.folders if (place := _told(flow, name))])
    others = folder.once("others", lambda: sorted({*folder.folders} - {"data"} - {place.run_id for place in told}))
    if others:
        told = sorted(told + [_recorded(tree, flow, name) for name in others if name.startswith(prefix)])
    return [place for place in told if place.run_id.startswith(prefix)] if prefix else told


def any_in(tree: Tree, flow: str, namespace: str) -> bool:
    """Whether a run of the flow carries the tag."""
    for place in reversed(places(tree, flow)):
        one = entry(tree, tree.provider, place)
        if isinstance(one, records.Run) and namespace in one.tags:
            return True
    return False


def _record(tree: Tree, pathspec: str, own: forms.OwnOfRun) -> records.Run:
    return hierarchy.run(
        tree.provider,
        pathspec,
        ts_epoch=own.ts_epoch,
        position=_position(tree, pathspec, own.ts_epoch),
        user_name=own.user_name,
        tags=own.tags,
        system_tags=own.system_tags,
    )


def _position(tree: Tree, pathspec: str, ts_epoch: int) -> int:
    flow, _, run_id = pathspec.partition("/")
    told = _told(flow, run_id)
    if told:
        return told.microseconds
    # Metaflow's tag command sets the run's time to now. Its first step comes within milliseconds of the run, and
    # keeps its own.
    try:
        first = tree.own(f"{pathspec}/_parameters", lambda data: forms.OWN.read(data).ts_epoch, what="time")
    except CorruptMetadata:
        first = None
    return 1000 * (ts_epoch if first is None else first)


def _told(flow: str, run_id: str) -> Position | None:
    """The place that an id tells."""
    microseconds = microseconds_of(run_id)
    return None if microseconds is None else Position(microseconds, flow, run_id)


def _recorded(tree: Tree, flow: str, run_id: str) -> Position:
    one = entry(tree, tree.provider, Position(0, flow, run_id))
    # Nothing tells when a damaged one was: it comes last.
    return Position(one.position if isinstance(one, records.Run) else 0, flow, run_id)
