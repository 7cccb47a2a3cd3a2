"""Entries: one for each object of a level or for each key, its value or what it met; and lists that hold errors."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any, NamedTuple, TypeVar, cast

from ..providers.errors import GatewayError, alone
from .dataloader import AT_ONCE, Loader, Pace

K = TypeVar("K")
V = TypeVar("V")
W = TypeVar("W")
X = TypeVar("X")
G = TypeVar("G", bound=Hashable)

Answers = list[V | BaseException]

# Objects that are answered for together, and coroutines that are begun before others have a turn: a millisecond or two
# for all but what goes through long lists.
_PART = 128


class Partial(NamedTuple):
    """A list, or a dict, without what could not be read, and the errors of that."""

    value: list[Any] | dict[str, Any]
    errors: list[GatewayError]


async def each(loader: Loader[K, V], keys: Iterable[K]) -> Answers[V]:
    """What the loader has for each key, in their order; what a key met in the place of its value."""
    keys, pace = iter(keys), loader.pace
    with pace.asking():
        futures = loader.load_all(list(islice(keys, AT_ONCE)))
        while part := list(islice(keys, AT_ONCE)):
            await pace.take(len(part))
            futures += loader.load_all(part)
    for future in futures:
        # Much of a batch is there at once: to wait for the first of it is enough, and costs nothing for the others.
        if not future.done():
            await asyncio.wait((future,))
    found: Answers[V] = []
    for start in range(0, len(futures), AT_ONCE):
        part = futures[start : start + AT_ONCE]
        await pace.take(len(part))
        found += _outcomes(part, loader)
    return found


def _outcomes(futures: list[asyncio.Future[V]], loader: Loader[Any, V]) -> Iterable[V | BaseException]:
    if not loader.met_errors:
        with suppress(asyncio.CancelledError):
            return [future.result() for future in futures]  # in a quarter of the time
    return map(_outcome, futures)


def _outcome(future: asyncio.Future[V]) -> V | BaseException:
    if future.cancelled():
        return asyncio.CancelledError()
    error = future.exception()
    return future.result() if error is None else error


async def gathered(answers: Iterator[Awaitable[V]]) -> Answers[V]:
    """The answers of all, in their order; what one met in the place of its answer."""
    tasks: list[asyncio.Future[V]] = []
    try:
        for answer in answers:
            tasks.append(asyncio.ensure_future(answer))
            if not len(tasks) % _PART:  # what each does before it waits holds the event loop
                await asyncio.sleep(0)
        found = await asyncio.gather(*tasks, return_exceptions=True)
    except BaseException:
        for task in tasks:
            task.cancel()
        raise
    for entry in found:
        if isinstance(entry, BaseException):
            alone(entry)
    return found


async def in_groups(
    keys: Sequence[K],
    groups: Sequence[G],
    answer: Callable[[G, list[K]], Awaitable[Sequence[V | BaseException]]],
) -> Answers[V]:
    """What is answered for the keys of each group, side by side, in the order of the keys; a group that fails costs its
    own. `groups`: that of each key."""
    of_groups: dict[G, list[K]] = {}
    for key, group in zip(keys, groups, strict=True):
        of_groups.setdefault(group, []).append(key)
    answers = await gathered(answer(group, of_group) for group, of_group in of_groups.items())
    found = {
        group: iter([answer] * len(of_group) if isinstance(answer, BaseException) else answer)
        for (group, of_group), answer in zip(of_groups.items(), answers, strict=True)
    }
    return [next(found[group]) for group in groups]


async def in_parts(
    by: Callable[[list[K]], Awaitable[Sequence[V | BaseException]]], objects: list[K], pace: Pace
) -> Answers[V]:
    """What `by` answers for objects, an entry for each; asked for some of them at a time."""
    if len(objects) <= _PART:
        await pace.turn(len(objects))
        return list(await by(objects))
    parts = [objects[start : start + _PART] for start in range(0, len(objects), _PART)]

    async def asked(part: list[K]) -> Sequence[V | BaseException]:
        await pace.turn(len(part))
        return await by(part)

    answers = await gathered(map(asked, parts))
    entries: Answers[V] = []
    for part, answer in zip(parts, answers, strict=True):
        entries += [answer] * len(part) if isinstance(answer, BaseException) else answer
    return entries


async def each_of(
    loader: Loader[K, V], lists: Sequence[Sequence[K] | BaseException]
) -> list[Answers[V] | BaseException]:
    """What the loader has for each key of each list, all asked for together; what stands for a list stays there."""
    keys = (key for of_one in lists if not isinstance(of_one, BaseException) for key in of_one)
    found = iter(await each(loader, keys))
    return mapped(lists, lambda of_one: list(islice(found, len(of_one))))


async def each_of_some(loader: Loader[K, V], keys: Sequence[K | BaseException | None]) -> Answers[V | None]:
    """What the loader has for each key; in the place of none, None or what stands there."""
    found = iter(await each(loader, [key for key in keys if key is not None and not isinstance(key, BaseException)]))
    return [key if key is None or isinstance(key, BaseException) else next(found) for key in keys]


def mapped(found: Sequence[V | BaseException], make: Callable[[V], W]) -> Answers[W]:
    """What `make` makes of each value, or raises; errors stay in their places."""
    entries: Answers[W] = []
    for entry in found:
        try:
            entries.append(entry if isinstance(entry, BaseException) else make(entry))
        except Exception as error:
            entries.append(alone(error))
    return entries


def combined(
    make: Callable[[V, W], X], one: Sequence[V | BaseException], other: Sequence[W | BaseException]
) -> Answers[X]:
    """What `make` makes of each two values, or raises; where one is an error, that: the first where both are."""
    entries: Answers[X] = []
    for first, second in zip(one, other, strict=True):
        try:
            if isinstance(first, BaseException):
                entries.append(first)
            elif isinstance(second, BaseException):
                entries.append(second)
            else:
                entries.append(make(first, second))
        except Exception as error:
            entries.append(alone(error))
    return entries


async def combined_in_turns(
    make: Callable[[V, W], X], one: Sequence[V | BaseException], other: Sequence[W | BaseException], pace: Pace
) -> Answers[X]:
    """The same, of which others have their turn in between."""
    entries: Answers[X] = []
    for start in range(0, len(one), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        await pace.take(len(one[part]))
        entries += combined(make, one[part], other[part])
    return entries


def whole(lists: Sequence[Sequence[V | BaseException] | BaseException]) -> Answers[list[V]]:
    """Lists without errors; where one has an error, that: nothing can be said of all that are in it."""
    return mapped(lists, lambda entries: [raised(entry) for entry in entries])


def raised(found: V | BaseException) -> V:
    """The value; raises what was met in its place."""
    if isinstance(found, BaseException):
        raise found
    return found


def readable(entries: Sequence[V | GatewayError]) -> tuple[list[V], list[GatewayError]]:
    """What could be read of a list, and the errors of the rest."""
    errors = [entry for entry in entries if isinstance(entry, GatewayError)]
    if not errors and isinstance(entries, list):  # as most are: thousands of lists need not be copied
        return cast("list[V]", entries), errors
    return [entry for entry in entries if not isinstance(entry, GatewayError)], errors


def existing(entries: Sequence[V | BaseException | None]) -> list[V | GatewayError]:
    """Of objects that were asked for one by one, those that exist; raises what is no GatewayError."""
    found: list[V | GatewayError] = []
    for entry in entries:
        if isinstance(entry, BaseException) and not isinstance(entry, GatewayError):
            raise entry
        if entry is not None:
            found.append(entry)
    return found


def partial(entries: Sequence[V | GatewayError]) -> list[V] | Partial:
    """The list, without those that could not be read."""
    found, errors = readable(entries)
    return Partial(found, errors) if errors else found


def partials(lists: Answers[list[V | GatewayError]]) -> Answers[list[V] | Partial]:
    """Each of the lists, without those that could not be read."""
    if are_whole(lists):
        return cast("Answers[list[V] | Partial]", lists)
    return mapped(lists, partial)


def are_whole(lists: Answers[list[V | GatewayError]]) -> bool:
    """Whether there is no error among them, nor in any of them: of thousands at once, that costs next to nothing."""
    kinds = set(map(type, lists))
    if kinds <= {list}:
        kinds = set(map(type, chain.from_iterable(cast("list[list[Any]]", lists))))
        return not any(issubclass(kind, BaseException) for kind in kinds)
    return False
