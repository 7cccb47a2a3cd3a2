"""Listings of runs: filters, and pages that go on until they are full."""

from collections.abc import Iterable
from typing import TypeVar

from ..providers import records
from ..providers.base import Position, RunFilter, RunPage, RunPageKey, RunsKey, key_of
from ..providers.errors import CorruptMetadata, GatewayError
from ..providers.pathspec import component
from ..providers.times import ts_epoch
from . import inputs, statuses
from .context import Context
from .entries import each, raised, readable
from .inputs import sent
from .pages import MAX_SIZE, Page, Window, decode, encode, page

T = TypeVar("T")


async def run_page(
    context: Context,
    provider: str,
    namespace: str | None,
    given: inputs.RunFilter | None,
    window: Window,
    flow: str | None = None,
) -> Page[records.Run]:
    """A page of the provider's runs, or of a flow's, newest first."""
    given = sent(given)
    conditions = _conditions(given) if given else RunFilter()
    if flow is not None:
        of_flow = frozenset({flow})
        conditions = conditions._replace(flows=of_flow if conditions.flows is None else of_flow & conditions.flows)
    runs = RunsKey(provider, namespace, conditions)
    after, before = _position(window.after), _position(window.before)
    wanted = _set(given.statuses) if given else None
    with_status = "Run.status" in context.selected
    key = RunPageKey(runs, window.size, after, before, window.backward, wanted, with_status)
    ends = None
    if wanted is None:
        found = await _listed(context, key)
        (nodes, errors), more = readable(found.runs), found.more
        ends = (encode(*found.places[0]), encode(*found.places[-1])) if found.places else None
    elif wanted:
        nodes, errors, more = await _of_status(context, key, wanted, key.limit + 1)
    else:
        nodes, errors, more = [], [], False

    async def total() -> int | None:
        return await context.loaders.run_counts.load(runs) if wanted is None else None

    return page(nodes, more, window, _cursor, total, errors, ends)


async def newest(
    context: Context, provider: str, flow: str, namespace: str | None, status: records.RunStatus | None = None
) -> records.Run | None:
    """The newest run of a flow in the namespace, of that status; raises what keeps the only ones from being read."""
    runs = RunsKey(provider, namespace, RunFilter(flows=frozenset({flow})))
    if status:
        wanted = frozenset({status})
        found, errors, _ = await _of_status(context, RunPageKey(runs, 1, statuses=wanted), wanted, 1)
    else:
        listed = await _listed(context, RunPageKey(runs, 1, with_status="Run.status" in context.selected))
        found, errors = readable(listed.runs)
    # What is damaged is passed over; what did not come may have been the newest.
    missing = [error for error in errors if not (found and isinstance(error, CorruptMetadata))]
    if missing:
        raise missing[0]
    return found[0] if found else None


async def _listed(context: Context, key: RunPageKey) -> RunPage:
    """A page as the provider has it; its runs need not be asked for again."""
    found = await context.loaders.run_pages.load(key)
    for run in readable(found.runs)[0]:
        context.loaders.runs.prime(key_of(run), run)
    return found


async def _of_status(
    context: Context, key: RunPageKey, wanted: frozenset[records.RunStatus], enough: int
) -> tuple[list[records.Run], list[GatewayError], bool]:
    """The page of those runs that have one of the statuses; reads on, in growing parts, until there are enough."""
    found: list[records.Run] = []
    errors: list[GatewayError] = []
    part = key._replace(limit=min(2 * (key.limit + 1), MAX_SIZE))
    while len(found) < enough:
        listed = await _listed(context, part)
        runs, unread = readable(listed.runs)
        courses = await each(context.derived(statuses.run_courses), map(key_of, runs))
        ordered = list(zip(runs, courses, strict=True))
        for run, course in reversed(ordered) if key.backward else ordered:
            if len(found) == enough:
                break
            if isinstance(course, GatewayError):
                errors.append(course)
            elif raised(course).status in wanted:
                found.append(run)
        errors += unread
        if not listed.more:
            break
        part = part._replace(limit=min(2 * part.limit, MAX_SIZE))
        part = part._replace(before=listed.places[0]) if key.backward else part._replace(after=listed.places[-1])
    kept = found[: key.limit]
    return kept[::-1] if key.backward else kept, errors, len(found) > key.limit


def _conditions(given: inputs.RunFilter) -> RunFilter:
    """The conditions that a provider checks: all but the status."""
    flows = sent(given.flows)
    after, before = sent(given.created_after), sent(given.created_before)
    return RunFilter(
        flows=None if flows is None else frozenset(component(flow, "flow's name") for flow in flows),
        tags=_set(given.tags) or frozenset(),
        any_tags=_set(given.any_tags),
        users=_set(given.users),
        run_id_prefix=sent(given.run_id_prefix) or "",
        created_from_ms=None if after is None else ts_epoch(after),
        created_before_ms=None if before is None else ts_epoch(before),
    )


def _set(given: Iterable[T] | None) -> frozenset[T] | None:
    given = sent(given)
    return None if given is None else frozenset(given)


def _cursor(run: records.Run) -> str:
    return encode(*Position(run.position, run.path_components[0], run.run_id))


def _position(cursor: str | None) -> Position | None:
    return None if cursor is None else Position(*decode(cursor, tuple[int, str, str]))
