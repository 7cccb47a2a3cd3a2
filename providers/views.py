"""The forms that an artifact's value is shown in, made by decoding/ in threads of their own."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from contextvars import copy_context
from functools import partial
from sys import getsizeof
from typing import Literal, TypeVar, cast

from .. import decoding
from . import records, usage
from .errors import ArtifactTooLarge, ArtifactUnreadable, GatewayError
from .strangers_json import JSON

Form = Literal["data", "object", "type", "preview", "table"]
T = TypeVar("T")

_PIECE = 256 * 1024  # bytes
_A_SCALAR = 32  # bytes that one takes in memory, about
_SIZED: frozenset[type] = frozenset({str, list, dict})

# A few hundred megabytes each, at worst.
_DECODERS = ThreadPoolExecutor(2, thread_name_prefix="decoding")

# A Config that was assigned to an artifact is shown as the dict that it holds.
_KNOWN_CLASSES: dict[str, Callable[[decoding.Instance], object]] = {
    "metaflow.user_configs.config_parameters.ConfigValue": lambda config: config.args[0] if config.args else {},
}


def decoded(pickle: bytes, limits: decoding.Limits) -> object:
    """The inert value; the GatewayError that it met in its place."""
    return usage.current.get().full() or _attempted(lambda: decoding.decode(pickle, limits, _KNOWN_CLASSES))


def shown(
    found: object, form: Form, length: int, limits: decoding.Limits, info: records.ArtifactInfo | None
) -> JSON | GatewayError:
    """A form of an inert value; `info` is what Metaflow recorded of it. A preview or table has `length`."""
    if isinstance(found, ArtifactTooLarge) and form == "preview" and info:
        return f"{info.type}, {info.size} bytes: too large to be read here"[:length]
    if isinstance(found, GatewayError):
        return found
    if form == "preview":
        return decoding.preview(found, length, limits)
    if form == "type":
        return decoding.type_name(found)
    if form == "table":
        return _table(lambda: decoding.table(found, length, limits))
    # A pickle does not always tell that an object is a member of an enum.
    enum = info is not None and (info.type or "").startswith(("<enum ", "<flag "))
    view = _attempted(lambda: decoding.to_json(found, limits, enum=enum))
    usage.current.get().hold(weight(view))
    return view


async def streamed_table(
    pickle: AsyncGenerator[bytes], length: int, limits: decoding.Limits
) -> records.TablePreview | GatewayError | None:
    """The first rows of a table that is too large to be held: of what streams by, no more is kept than they need."""
    reader = decoding.TableReader(length, limits, _KNOWN_CLASSES)
    async with aclosing(pickle) as chunks:
        try:
            async for chunk in chunks:
                usage.current.get().go_on()
                await in_turn(partial(reader.feed, chunk))
                if reader.finished:
                    break
        except GatewayError as error:
            return error
        except decoding.DecodingError as error:
            return _told(error)
    return await in_turn(lambda: _table(lambda: decoding.table(reader.close(), length, limits)))


def table_in_pieces(pickle: bytes, length: int, limits: decoding.Limits) -> records.TablePreview | GatewayError | None:
    """The first rows of a table that takes too many steps to be read whole."""
    reader = decoding.TableReader(length, limits, _KNOWN_CLASSES)

    def read() -> decoding.Table | None:
        for start in range(0, len(pickle), _PIECE):
            reader.feed(pickle[start : start + _PIECE])
        return decoding.table(reader.close(), length, limits)

    return _table(read)


def head(table: T, length: int) -> T | records.TablePreview:
    """The same table with so many of its rows at the most; what is no table as it is."""
    if not isinstance(table, records.TablePreview):
        return table
    return records.TablePreview(table.columns, table.rows[:length], table.row_count)


async def in_turn(decode: Callable[[], T]) -> T:
    """What it returns, once a decoder is free: of other requests, and of one that a client has given up, no more."""
    run: Callable[[Callable[[], T]], T] = copy_context().run
    return await asyncio.get_running_loop().run_in_executor(_DECODERS, run, decode)


def weight(view: object, most: int = 2**30) -> int:
    """About how many bytes a view takes in memory; not counted much further than `most`."""
    weight, waiting = 500, [view.rows if isinstance(view, records.TablePreview) else view]
    while waiting and weight <= most:
        one = waiting.pop()
        weight += getsizeof(one)
        if isinstance(one, list | dict):
            inner = cast("list[JSON] | dict[str, JSON]", one)
            weight += _A_SCALAR * len(inner)
            waiting += [entry for entry in inner if type(entry) in _SIZED]
            waiting += [entry for entry in inner.values() if type(entry) in _SIZED] if isinstance(inner, dict) else []
    return weight


def _table(make: Callable[[], decoding.Table | None]) -> records.TablePreview | GatewayError | None:
    found = _attempted(make)
    if found is None or isinstance(found, GatewayError):
        return found
    columns = [records.TableColumn(column.name, column.type) for column in found.columns]
    view = records.TablePreview(columns, found.rows, found.row_count)
    usage.current.get().hold(weight(view))
    return view


def _attempted(read: Callable[[], T]) -> T | GatewayError:
    try:
        return read()
    except decoding.DecodingError as error:
        return _told(error)


def _told(error: decoding.DecodingError) -> GatewayError:
    kind = ArtifactTooLarge if isinstance(error, decoding.TooLarge) else ArtifactUnreadable
    return kind(str(error))
