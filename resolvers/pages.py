"""Pages of a list: Relay's connections with keyset cursors (relay.dev/graphql/connections.htm)."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import strawberry

from ..providers import usage
from ..providers.errors import BadUserInput, GatewayError, LimitExceeded
from .context import Info, Limit
from .entries import Answers, gathered
from .inputs import sent

DEFAULT_SIZE = 50
MAX_SIZE = 500
PAGE_SIZE = Limit("pageSize", MAX_SIZE, "Objects on one page, and ids in one call of nodes.")

T = TypeVar("T")


class PageInfo(msgspec.Struct, frozen=True, gc=False):
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Edge(msgspec.Struct, frozen=True):
    cursor: str
    node: Any


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list.

    `cursor` makes the cursor of an object, and `total` counts all of the list: few ask for either.
    `ends`: the first and last cursor, where they are of objects that had to be left out; `errors`: of those.
    """

    nodes: list[T]
    cursor: Callable[[T], str]
    has_next_page: bool
    has_previous_page: bool
    ends: tuple[str, str] | None
    total: Callable[[], Awaitable[int | None]]
    errors: list[GatewayError]


class Window(NamedTuple):
    """What part of a list is asked for: `size` objects, `backward` from its end, between two cursors."""

    size: int
    backward: bool
    after: str | None
    before: str | None


def window(
    first: int | None, after: str | None, last: int | None, before: str | None, limit: Limit = PAGE_SIZE
) -> Window:
    """The arguments of a connection; BadUserInput and LimitExceeded where they make no sense or ask for too much."""
    first, last = sent(first), sent(last)
    if first is not None and last is not None:
        raise BadUserInput("first and last can't both be given: first counts from the beginning, last from the end.")
    size = DEFAULT_SIZE if first is None and last is None else first if first is not None else last
    return Window(checked_size(size, limit=limit), last is not None, sent(after), sent(before))


def checked_size(size: int | None, name: str = "first or last", limit: Limit = PAGE_SIZE) -> int:
    """How many objects to give at most: DEFAULT_SIZE where nothing is said."""
    if size is None or size is strawberry.UNSET:
        return DEFAULT_SIZE
    if size < 0:
        raise BadUserInput(f"{name} is {size}: it can't be negative.")
    if size > limit.value:
        most = f"a page has {limit.value} objects at most ({limit.name} in serverInfo.limits)"
        raise LimitExceeded(f"{name} is {size}: {most}.")
    return size


def encode(*place: str | int) -> str:
    """A cursor: the place of an object in its list, opaque to clients."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def decode(cursor: str, place: type[T]) -> T:
    """The place that a cursor holds; BadUserInput where it is no cursor of such a list."""
    try:
        if len(cursor) > 8192:
            raise ValueError("longer than any that was given out")
        return msgspec.json.decode(base64.b64decode(cursor, b"-_", validate=True), type=place)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise BadUserInput("The cursor is none that this list gave out.") from error


def between(window: Window, count: int, index: Callable[[str, bool], int]) -> tuple[int, int]:
    """The part of a list of `count` objects that its cursors leave: from, up to.

    `index` says of a cursor how many objects stand before it, and, if True, including it.
    """
    start = 0 if window.after is None else index(window.after, True)
    end = count if window.before is None else index(window.before, False)
    return start, max(start, end)


def cut(candidates: list[T], window: Window) -> tuple[list[T], bool]:
    """The page's objects out of those between its cursors, and whether more follow in its direction."""
    size = window.size
    page = candidates[max(0, len(candidates) - size) :] if window.backward else candidates[:size]
    return page, len(candidates) > size


async def fill(
    candidates: list[T], window: Window, keep: Callable[[list[T]], Awaitable[list[T]]]
) -> tuple[list[T], bool]:
    """The same, of those that `keep` says pass the filters: asked in growing parts, not for all of a long list."""
    wanted = window.size + 1
    ordered = candidates[::-1] if window.backward else candidates
    found: list[T] = []
    start, part = 0, max(64, wanted)
    while len(found) < wanted and start < len(ordered):
        found += await keep(ordered[start : start + part])
        start, part = start + part, part * 2
    return cut(found[::-1] if window.backward else found, window)


def page(
    nodes: list[T],
    more: bool,
    window: Window,
    cursor: Callable[[T], str],
    total: Callable[[], Awaitable[int | None]],
    errors: list[GatewayError] | None = None,
    ends: tuple[str, str] | None = None,
) -> Page[T]:
    """A page of these; at its other end others stand if it was asked for from a cursor there.

    Its objects count, before any field of theirs does: pages of pages grow fast.
    """
    usage.current.get().find(len(nodes))
    return Page(
        nodes,
        cursor,
        has_next_page=window.before is not None if window.backward else more,
        has_previous_page=more if window.backward else window.after is not None,
        ends=ends,
        total=total,
        errors=errors or [],
    )


async def edges(pages: list[Page[Any]], info: Info) -> Answers[list[Edge]]:
    found = Answers[list[Edge]]()
    for page in pages:
        await info.context.loaders.pace.take(len(page.nodes))
        found.append([Edge(page.cursor(node), node) for node in page.nodes])
    return found


async def page_info(pages: list[Page[Any]], info: Info) -> Answers[PageInfo]:
    return [PageInfo(page.has_next_page, page.has_previous_page, *_ends(page)) for page in pages]


def _ends(page: Page[Any]) -> tuple[str, str] | tuple[None, None]:
    if page.ends or not page.nodes:
        return page.ends or (None, None)
    return page.cursor(page.nodes[0]), page.cursor(page.nodes[-1])


async def total_count(pages: list[Page[Any]], info: Info) -> Answers[int | None]:
    return await gathered(page.total() for page in pages)
