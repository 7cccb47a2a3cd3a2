"""Requests to a metadata service: shared, in fair turns, repeated where that is safe, and given up in time."""

import asyncio
import logging
import random
import re
import ssl
import time
from collections.abc import Coroutine
from functools import partial
from math import inf
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from .. import usage
from ..errors import ProviderUnavailable
from ..sharing import Sharing
from ..turns import Turns
from .bodies import Form
from .breaker import Breaker
from .connections import LARGEST_BODY, Connections, Request
from .credentials import BadHeaders, Given, Headers, apart
from .replies import Crashed, CredentialsRefused, Failed, FailedTry, NoRoute, Refused, Reply, content

__all__ = ["Client", "Crashed", "Failed", "NoRoute", "Refused", "Reply"]

T = TypeVar("T")

_logger = logging.getLogger(__name__)

# Of seconds; the second try comes within the first, the third within the second: full jitter.
_PAUSES = (0.1, 0.4)
# A service that asks for more patience than this, in seconds, is asked nothing meanwhile: so long no one waits.
_PATIENCE = 5.0
_LONGEST_REST = 60.0
_TELLING_SECONDS = 60.0  # between lines of the log about trouble
# What no object is called by; the last of them resolve to other URLs, and longer names are in no database.
_IMPOSSIBLE = re.compile(r"|.*[\x00\ud800-\udfff].*|\.\.?|.{256,}", re.DOTALL)


class _Here(NamedTuple):
    """What belongs to one event loop."""

    loop: asyncio.AbstractEventLoop
    connections: Connections
    sharing: Sharing
    turns: Turns


class _Question(NamedTuple):
    request: Request
    form: Form[Any]
    route: str


class Client:
    """A metadata service. `url` may have a path, and a user and a password, which are sent and never shown.

    `name`: what errors call it. `single_seconds`, `listing_seconds`: how long one request may take.
    `largest_body`: bytes of a reply that are read at the most. `tls`: whom to trust, if not whom the system does.
    """

    def __init__(
        self,
        url: str,
        headers: Headers | None = None,
        *,
        name: str = "The metadata service",
        at_once: int = 16,
        single_seconds: float = 10.0,
        listing_seconds: float = 30.0,
        largest_body: int = LARGEST_BODY,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.url, authorization = apart(url)
        self._headers = (headers or Headers()).beside(authorization)
        self._name = name
        self._at_once = at_once
        self._single_seconds = single_seconds
        self._listing_seconds = listing_seconds
        self._largest_body = largest_body
        self._tls = tls
        self._breaker = Breaker()
        self._here: _Here | None = None
        self._told = -inf  # when the log was told of trouble

    async def get(
        self,
        parts: tuple[str, ...],
        form: Form[T],
        query: tuple[tuple[str, str], ...] = (),
        *,
        listing: bool = False,
        route: str = "",
    ) -> Reply[T] | None:
        """What is at url/parts…, None where no such object is; counted as `route`.

        Raises NoRoute, Refused, Failed, other ProviderErrors, LimitExceeded, TimedOut. Who asks what is asked already
        waits for that, and nothing is counted.
        """
        if any(map(_IMPOSSIBLE.fullmatch, parts)):
            return None
        seconds = self._listing_seconds if listing else self._single_seconds
        question = _Question(Request("GET", self._url(parts, query), seconds), form, route)
        return await self._asked((question.request.url, form), question)

    async def patch(self, parts: tuple[str, ...], body: bytes, form: Form[T], *, route: str = "") -> T | None:
        """What came of a change that may be made twice; None where there is no such object. Raises as `get`."""
        if any(map(_IMPOSSIBLE.fullmatch, parts)):
            return None
        question = _Question(Request("PATCH", self._url(parts, ()), self._single_seconds, body), form, route)
        try:
            reply: Reply[T] | None = await self._asked(object(), question)
        finally:
            if self._here:
                self._here.sharing.begin_anew()
        return reply and reply.content

    async def close(self) -> None:
        """Let go of its connections; it can be used again."""
        here, self._here = self._here, None
        if here:
            await here.sharing.close()
            await here.connections.close()

    def _url(self, parts: tuple[str, ...], query: tuple[tuple[str, str], ...]) -> str:
        path = "/".join(quote(part, safe="") for part in parts)
        return f"{self.url}/{path}" + (f"?{urlencode(query, quote_via=quote, safe='')}" if query else "")

    async def _asked(self, identity: object, question: _Question) -> Reply[Any] | None:
        here = await self._in_this_loop()
        asked = here.sharing.under_way(identity)
        if asked:
            # Who asked first may have a thousand questions before this one, or be gone.
            here.turns.join(asked, usage.current.get())
        return await here.sharing.answer(identity, partial(self._start, here, question))

    def _start(self, here: _Here, question: _Question) -> Coroutine[Any, Any, Reply[Any] | None]:
        """Counted for who asks first: it raises for no one else."""
        if self._breaker.open:
            raise self._resting()
        spent = usage.current.get()
        spent.take_request()
        return self._answer(here, question, spent)

    async def _answer(self, here: _Here, question: _Question, spent: usage.Usage) -> Reply[Any] | None:
        """The first try that brings something, or the error of the last."""
        failed, stale = 0, False
        while True:
            try:
                return await self._try(here, question, spent)
            except FailedTry as failure:
                free = failure.broken and failure.down is None and not stale
                stale = stale or free
                failed += not free
                if not self._again(question, failure, failed) or spent.requests_left < 1:
                    raise failure.error from None
                pause = 0.0 if free else random.uniform(0, _PAUSES[failed - 1])
                pause = max(pause, failure.after or 0.0)
            spent.requests_left -= 1
            await asyncio.sleep(pause)

    def _again(self, question: _Question, failure: FailedTry, failed: int) -> bool:
        if failure.after is not None and failure.after > _PATIENCE:
            self._breaker.stay_open(min(failure.after, _LONGEST_REST))
            return False
        safe = question.request.method == "GET" or failure.broken
        return safe and failed < failure.tries

    async def _try(self, here: _Here, question: _Question, spent: usage.Usage) -> Reply[Any] | None:
        """One request, or two: where the service refuses the credentials and there are newer ones."""
        given = await self._credentials(self._headers.current())
        async with here.turns.turn(spent):
            try:
                return await self._sent(here, question, given, spent)
            except CredentialsRefused:
                renewed = await self._credentials(self._headers.renewed(given))
                if renewed.version == given.version:
                    raise
                spent.requests_left -= 1
                return await self._sent(here, question, renewed, spent)

    async def _sent(self, here: _Here, question: _Question, given: Given, spent: usage.Usage) -> Reply[Any] | None:
        if self._breaker.open:
            raise FailedTry(self._resting(), down=None)
        trial, succeeded = self._breaker.begin(), None
        spent.requests[question.route] += 1
        try:
            received = await here.connections.exchange(question.request, given.headers)
            reply = await content(self._name, received, question.form)
            succeeded = True
        except (NoRoute, Refused):
            succeeded = True
            raise
        except FailedTry as failure:
            succeeded = None if failure.down is None else not failure.down
            if failure.down:
                self._tell(failure)
            raise
        finally:
            self._breaker.end(trial=trial, succeeded=succeeded)
        return reply

    def _tell(self, failure: FailedTry) -> None:
        """Those who run the gateway, who may know the address, of trouble."""
        if time.monotonic() - self._told > _TELLING_SECONDS:
            self._told = time.monotonic()
            _logger.warning("%s (%s%s)", failure.error, self.url, f": {cause}" if (cause := failure.__cause__) else "")

    async def _credentials(self, headers: Coroutine[Any, Any, Given]) -> Given:
        try:
            return await headers
        except BadHeaders as error:
            _logger.warning("%s is not asked, for want of headers: %s", self._name, error)
            raise FailedTry(
                ProviderUnavailable(f"{self._name} is not asked: the gateway has no credentials for it at the moment.")
            ) from error

    def _resting(self) -> ProviderUnavailable:
        return ProviderUnavailable(
            f"{self._name} did not answer of late, and is not asked for some seconds; try again."
        )

    async def _in_this_loop(self) -> _Here:
        """Made where it is first needed, for a client is made before an event loop runs."""
        loop, last = asyncio.get_running_loop(), self._here
        if last and last.loop is loop:
            return last
        connections = Connections(self._name, self.url, self._at_once, self._largest_body, self._tls)
        here = self._here = _Here(loop, connections, Sharing(), Turns(self._at_once))
        if last and last.loop.is_closed():
            await last.connections.close()
        return here
