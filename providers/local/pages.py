"""Pages of runs over all flows: places are merged, and only as many runs are read as the page takes."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from heapq import merge

from .. import records, run_filters
from ..base import Position, RunPage, RunPageKey, RunsKey
from ..errors import GatewayError
from . import runs
from .tree import Tree


def page(tree: Tree, key: RunPageKey) -> RunPage:
    """A page of runs, newest first; damaged ones stand in it as errors."""
    found: list[tuple[Position, records.Run | GatewayError]] = []
    more = False
    for place, one in _passing(tree, key.runs, _in_order(tree, key)):
        if len(found) == key.limit:
            more = True
            break
        found.append((place, one))
    if key.backward:
        found.reverse()
    return RunPage([one for _, one in found], more, tuple(place for place, _ in found))


def count(tree: Tree, key: RunsKey) -> int:
    """How many runs a listing has; they are read only if a condition is about what they hold."""
    found = [place for flow in runs.flows_of(tree, key) for place in runs.places(tree, flow, key.filter.run_id_prefix)]
    if run_filters.is_read_for(key):
        return sum(1 for _ in _passing(tree, key, found))
    return sum(tree.holds(f"{place.flow}/{place.run_id}") for place in found)


def _in_order(tree: Tree, key: RunPageKey) -> Iterable[Position]:
    """The places within the bounds, in the direction of the page."""
    flows = [
        _between(runs.places(tree, flow, key.runs.filter.run_id_prefix), key) for flow in runs.flows_of(tree, key.runs)
    ]
    return merge(*flows) if key.backward else merge(*map(reversed, flows), reverse=True)


def _between(places: list[Position], key: RunPageKey) -> list[Position]:
    start = 0 if key.before is None else bisect_right(places, key.before)
    end = len(places) if key.after is None else bisect_left(places, key.after)
    return places[start:end]


def _passing(
    tree: Tree, key: RunsKey, places: Iterable[Position]
) -> Iterator[tuple[Position, records.Run | GatewayError]]:
    for place in places:
        one = runs.entry(tree, key.provider, place)
        if one is not None and run_filters.passes(one, key):
            yield place, one
