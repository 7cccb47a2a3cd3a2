"""Flows, steps and tasks. Their records need no more than their names: a damaged file costs only the time in it."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar, cast

from .. import hierarchy, records
from .. import pathspec as pathspecs
from ..base import FlowKey, Key
from ..errors import CorruptMetadata, GatewayError, NamespaceMismatch, alone
from ..natural import natural
from . import forms, runs
from .tree import Known, Tree

R = TypeVar("R", bound=records.Record)

_BELOW = "below"  # of what is made of a folder


class Placed(NamedTuple, Generic[R]):
    """A record, its time, and its place among others: later ones compare as greater."""

    record: R
    ts_epoch: int | CorruptMetadata
    place: tuple[int, tuple[str | int, ...]]


def flow(tree: Tree, key: FlowKey) -> records.Flow | None:
    """The flow; raises NamespaceMismatch where none of its runs is in the namespace."""
    name = key.name or ""
    if not tree.holds(name):
        return None
    if key.namespace is not None and not runs.any_in(tree, name, key.namespace):
        raise NamespaceMismatch(f"Flow {name} has no run in the namespace {pathspecs.shown(key.namespace)}.")
    return hierarchy.flow(tree.provider, name, key.namespace)


def flows_in(tree: Tree, key: FlowKey) -> list[records.Flow | GatewayError]:
    """The flows of the namespace, by name."""
    found: list[records.Flow | GatewayError] = []
    for name in [key.name] if key.name else runs.flow_names(tree):
        try:
            one = flow(tree, key._replace(name=name))
        except NamespaceMismatch:
            continue
        except GatewayError as error:
            found.append(error)
        else:
            found += [one] if one else []
    return found


def step(tree: Tree, key: Key) -> records.Step | None:
    found = _step(tree, key.pathspec) if tree.holds(pathspecs.run_of(key.pathspec)) else None
    return found and found.record


def steps_of(tree: Tree, run: Key) -> list[records.Step | GatewayError]:
    """The steps of a run, newest first; none where there is no such run."""
    return _below(tree, run, _step)


def task(tree: Tree, key: Key) -> records.Task | None:
    """The task, at the attempt that the key asks for."""
    found = _task(tree, key.pathspec) if tree.holds(pathspecs.run_of(key.pathspec)) else None
    if found is None or key.attempt is None:
        return found and found.record
    return hierarchy.task(tree.provider, key.pathspec, found.record.position, key.attempt)


def tasks_of(tree: Tree, step: Key) -> list[records.Task | GatewayError]:
    """The tasks of a step, newest first."""
    return _below(tree, step, _task)


def created_at(tree: Tree, key: Key) -> int | None:
    """The `ts_epoch` of a flow, step or task; raises CorruptMetadata."""
    level = key.pathspec.count("/") + 1
    if level == 1:
        return tree.own(key.pathspec, lambda data: forms.OWN.read(data).ts_epoch)
    if not tree.holds(pathspecs.run_of(key.pathspec)):
        return None
    found = _step(tree, key.pathspec) if level == 3 else _task(tree, key.pathspec)
    ts_epoch = found and found.ts_epoch
    if isinstance(ts_epoch, CorruptMetadata):
        raise ts_epoch
    return ts_epoch


def known_below(known: Known, parents: Sequence[Key]) -> list[list[Any] | None]:
    """The steps of each run or the tasks of each step, so far as they are known; of runs that were found."""
    return known([parent.pathspec for parent in parents], _BELOW)


def _below(tree: Tree, parent: Key, child: Callable[[Tree, str], Placed[R] | None]) -> list[R | GatewayError]:
    """The objects below another, newest first. Their own files are written once: they are not looked at again."""
    folder = tree.folder(parent.pathspec) if tree.holds(pathspecs.run_of(parent.pathspec)) else None
    if folder is None:
        return []
    kept = cast("list[R | GatewayError] | None", folder.made.get(_BELOW))
    if kept is not None:
        return kept
    found = [child(tree, f"{parent.pathspec}/{name}") for name in folder.folders]
    there = sorted((one for one in found if one is not None), key=lambda placed: placed.place, reverse=True)
    below: list[R | GatewayError] = [placed.record for placed in there]
    if len(there) == len(found) and all(isinstance(placed.ts_epoch, int) for placed in there):
        folder.made[_BELOW] = below
    return below


def _step(tree: Tree, pathspec: str) -> Placed[records.Step] | None:
    return _placed(tree, pathspec, _step_record)


def _task(tree: Tree, pathspec: str) -> Placed[records.Task] | None:
    return _placed(tree, pathspec, _task_record)


def _placed(tree: Tree, pathspec: str, record: Callable[[Tree, str, int], R]) -> Placed[R] | None:
    def placed(ts_epoch: int | CorruptMetadata) -> Placed[R]:
        known = ts_epoch if isinstance(ts_epoch, int) else 0
        return Placed(record(tree, pathspec, known), ts_epoch, (known, natural(pathspecs.name(pathspec))))

    try:
        return tree.own(pathspec, lambda data: placed(forms.OWN.read(data).ts_epoch))
    except CorruptMetadata as error:
        return placed(alone(error))


def _step_record(tree: Tree, pathspec: str, _: int) -> records.Step:
    return hierarchy.step(tree.provider, pathspec)


def _task_record(tree: Tree, pathspec: str, position: int) -> records.Task:
    return hierarchy.task(tree.provider, pathspec, position)
