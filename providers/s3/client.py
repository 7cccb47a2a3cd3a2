"""S3 as the gateway asks it: shared, bounded, repeated and counted, in types of its own."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar

from .. import usage
from ..errors import ProviderUnavailable
from ..sharing import Sharing
from ..turns import Turns
from . import connection, faults
from .connection import Api, BrokenOff, Found, Listing
from .locations import Location
from .settings import S3Settings

T = TypeVar("T")


class TooLong(Exception):
    """The object has more bytes than were to be read: `size`."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class _Connected:
    """What belongs to one event loop."""

    def __init__(self, settings: S3Settings) -> None:
        self.loop = asyncio.get_running_loop()
        self.sharing = Sharing()
        self.turns = Turns(settings.at_once)
        self._settings = settings
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._api: Api | None = None

    async def api(self) -> Api:
        async with self._opening:
            if self._api is None:
                self._api = await connection.opened(self._settings, self._stack)
            return self._api

    async def close(self) -> None:
        await self.sharing.close()
        await self._stack.aclose()


class S3Client:
    """The one client of a process: it is connected by its first request, in the loop that runs then.

    Equal requests in flight are one, also of several operations. They raise LimitExceeded where an operation has used
    up its requests, TimedOut, ProviderUnavailable, and ProviderError or ArtifactUnreadable where S3 refuses.
    """

    def __init__(self, settings: S3Settings | None = None) -> None:
        self._settings = settings or S3Settings()
        self._connected: _Connected | None = None

    async def head(self, at: Location) -> Found | None:
        """What is known of an object, without its content; None where there is none."""

        async def asked(api: Api) -> Found:
            return connection.found(await api.head_object(Bucket=at.bucket, Key=at.key), b"")

        return await self._shared(("head", at), asked)

    async def get(self, at: Location, most: int) -> Found | None:
        """An object, None where there is none; TooLong where it has more than `most` bytes."""
        return await self._shared(("get", at, most), lambda api: _got(api, at, most))

    async def part(self, at: Location, start: int, length: int, version: str | None = None) -> Found | None:
        """At most so many bytes (1 or more) of an object from `start` on, of that version; None without the object."""
        return await self._shared(
            ("part", at, start, length, version), lambda api: _part(api, at, start, length, version)
        )

    async def listing(
        self, below: Location, *, begins: str = "", page: str | None = None, flat: bool = False
    ) -> Listing:
        """A page (1,000 at most) of what is right below, as of a folder; of names that begin so.

        `flat`: of the objects at whatever depth, in the order of their keys.
        """
        prefix = f"{below.key}/{begins}" if below.key else begins

        async def asked(api: Api) -> Listing:
            further = {"ContinuationToken": page} if page else {}
            further |= {} if flat else {"Delimiter": "/"}
            return connection.listing(await api.list_objects_v2(Bucket=below.bucket, Prefix=prefix, **further))

        found = await self._shared(("listing", below, begins, page, flat), asked)
        return found or Listing([], [], None)

    async def close(self) -> None:
        """To be called in the loop that the client was used in."""
        connected, self._connected = self._connected, None
        if connected is not None:
            await connected.close()

    async def _shared(self, question: tuple[object, ...], ask: Callable[[Api], Awaitable[T]]) -> T | None:
        connected = self._connected
        if connected is None or connected.loop is not asyncio.get_running_loop():
            # The sessions of a loop that is over can't be closed any more.
            connected = self._connected = _Connected(self._settings)
        return await connected.sharing.answer(question, partial(self._start, connected, ask))

    def _start(self, connected: _Connected, ask: Callable[[Api], Awaitable[T]]) -> Coroutine[Any, Any, T | None]:
        """Counted for who asks first: it raises for no one else."""
        spent = usage.current.get()
        spent.take_request()
        return self._in_turn(connected, ask, spent)

    async def _in_turn(self, connected: _Connected, ask: Callable[[Api], Awaitable[T]], spent: usage.Usage) -> T | None:
        async with connected.turns.turn(spent):
            try:
                async with asyncio.timeout(self._settings.seconds):
                    return await self._repeated(await connected.api(), ask, spent)
            except TimeoutError as error:
                raise ProviderUnavailable("S3 did not answer in time; try again.") from error

    async def _repeated(self, api: Api, ask: Callable[[Api], Awaitable[T]], spent: usage.Usage) -> T | None:
        """The answer, None where there is nothing.

        A body that broke off is asked for again; what breaks before it botocore repeats.
        """
        broken: Exception | None = None
        for attempt in range(self._settings.tries):
            if attempt:
                await asyncio.sleep(random.uniform(0, 0.1 * attempt))
                # Others may be waiting for it, too.
                spent.requests_left = max(0, spent.requests_left - 1)
            try:
                return await ask(api)
            except (BrokenOff, faults.BrokenBody) as error:
                broken = error
            except faults.OF_REQUESTS as error:
                if faults.is_gone(error):
                    return None
                if not faults.is_passing(error):
                    raise faults.told(error) from error
                broken = error
        raise ProviderUnavailable("S3 did not answer; try again.") from broken


async def _got(api: Api, at: Location, most: int) -> Found:
    reply = await api.get_object(Bucket=at.bucket, Key=at.key)
    body = await connection.content(reply, most)
    if body is None:
        raise TooLong(connection.size(reply))
    return connection.found(reply, body)


async def _part(api: Api, at: Location, start: int, length: int, version: str | None) -> Found:
    asked: dict[str, Any] = {"Bucket": at.bucket, "Key": at.key, "Range": f"bytes={start}-{start + length - 1}"}
    if version is not None:
        asked["IfMatch"] = version
    try:
        reply = await api.get_object(**asked)
    except faults.OF_REQUESTS as error:
        if not faults.is_past_the_end(error):
            raise
        # The whole where it is empty: its attributes are still of interest.
        return await _got(api, at, 0) if start == 0 else Found(b"", 0, "", None)
    body = await connection.content(reply, length)
    if body is None or (start and not reply.get("ContentRange")):
        raise ProviderUnavailable("What is asked for S3 does not give in parts.")
    return connection.found(reply, body)
