"""Connections that are held to limits: uvicorn reads heads of any length, and waits for slow clients for ever."""

from asyncio import Event, TimerHandle, Transport
from collections import deque
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from ..error_answers import with_refusal
from ..errors import RequestError, refused
from ..limits import BODY_BYTES
from .clients import tell_whether_gone
from .parsing import Requests

# Of a request before its body, and of all that comes with a body but is none of it.
HEAD_BYTES = 65_536
# Until a request has come whole, and for any part of an answer to be taken.
SLOW_SECONDS = 30
# Of all clients together, be they at work or idle.
MOST_CONNECTIONS = 2_000
# Of one connection, that are not answered yet: what is kept of each is a hundred times what was sent of a short one.
MOST_WAITING = 100
_CLOSE = {"connection": "close"}


def _too_slow() -> RequestError:
    return refused("TIMEOUT", f"A request has to come whole within {SLOW_SECONDS} seconds.", 408, _CLOSE)


def _too_long(url: bytes) -> RequestError:
    if len(url) > HEAD_BYTES // 2:
        return refused("LIMIT_EXCEEDED", f"A URL has at most {HEAD_BYTES // 2} bytes.", 414, _CLOSE)
    return refused("LIMIT_EXCEEDED", f"The head of a request has at most {HEAD_BYTES} bytes.", 431, _CLOSE)


def _too_many() -> RequestError:
    headers = {"retry-after": "1", **_CLOSE}
    return refused("RATE_LIMITED", "There are too many connections: try again.", 503, headers)


def _too_many_waiting() -> RequestError:
    message = f"A connection has at most {MOST_WAITING} requests that are not answered yet."
    return refused("RATE_LIMITED", message, 429, _CLOSE)


def _too_large_waiting() -> RequestError:
    most = BODY_BYTES.value
    message = f"Requests that wait for others of their connection have bodies of at most {most} bytes together."
    return refused("PAYLOAD_TOO_LARGE", message, 413, _CLOSE)


class Connection(Requests):
    """Ends with 414 or 431 where a head is too long, 408 where the client is too slow, 503 where there are too many,
    429 or 413 where too much waits for what was asked before.

    The application makes the answer, as it does all others; what has not come of the request is empty. It goes out when
    all requests that came before are answered, and not at all where an answer to the same one has begun. And each of
    its requests is told that the client has gone: uvicorn tells the one that came last. `most`: connections that are
    served at a time.
    """

    url = b""  # before any request has begun
    _head = 0  # bytes of the request's URL and headers
    _overhead = 0  # bytes that came of the request which are no part of its body
    _waiting_bytes = 0  # of bodies that came while others were to be answered first
    _begun = False  # of a request, something has come, and not all
    _asked = False  # a first request has come whole
    _sending: TimerHandle | None = None  # while the client is to send a request
    _taking: TimerHandle | None = None  # while it is to take an answer
    _refused = False  # the connection ends with the answer to that

    def __init__(self, *arguments: Any, most: int = MOST_CONNECTIONS, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._most = most
        self._requests = deque[RequestResponseCycle]()  # that are not answered yet

    def connection_made(self, transport: Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        if len(self.connections) > self._most:
            self.refuse(_too_many())
        else:
            self._sending = self.loop.call_later(SLOW_SECONDS, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sent()
        if self._taking is not None:
            self._taking.cancel()
        for request in self._requests:
            request.disconnected = True
            request.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        if self._sending is None and (not self._asked or self.cycle.response_complete):
            self._sending = self.loop.call_later(SLOW_SECONDS, self._late)
        self._overhead += len(data)
        super().data_received(data)
        if self._overhead > HEAD_BYTES:
            self.refuse(_too_long(self.url))

    def on_message_begin(self) -> None:
        self._head = 0
        self._begun = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value) + 4  # ": " and the end of the line
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        # A head that came in one piece is over before anything of it could be compared.
        if len(self.url) > HEAD_BYTES // 2 or self._head > HEAD_BYTES:
            self.refuse(_too_long(self.url))
        if self._is_over:
            return
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self._requests.append(self.cycle)
            if len(self._requests) > MOST_WAITING:
                self.refuse(_too_many_waiting())
                return
            tell_whether_gone(cast("Any", self.scope), self.transport.is_closing)

    def on_body(self, body: bytes) -> None:
        if self._is_over:
            return
        # A body may come in chunks of a few bytes, each with its length around it.
        self._overhead -= 8 * len(body)
        super().on_body(body)
        if len(self._requests) > 1:
            self._waiting_bytes += len(body)
            if self._waiting_bytes > BODY_BYTES.value:
                self.refuse(_too_large_waiting())

    def on_message_complete(self) -> None:
        if self.changes_protocol:
            return
        self._asked = True
        self._begun = False
        self._overhead = 0
        self._sent()
        if not self._is_over:
            super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def on_response_complete(self) -> None:
        self._requests.popleft()
        if len(self._requests) <= 1:
            self._waiting_bytes = 0
        super().on_response_complete()
        self._wait_for_reader()

    def _sent(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _late(self) -> None:
        """Idle connections are let go without a word, for nothing was asked on them."""
        if self._begun:
            self.refuse(_too_slow())
        else:
            self.transport.abort()

    @property
    def _is_over(self) -> bool:
        return self._refused or self.transport.is_closing()

    def refuse(self, error: RequestError) -> None:
        if self._is_over:
            return
        self._refused = True
        self._sent()
        asked = self._asking()
        if asked is not None and asked.response_complete:
            self.transport.close()
        elif asked is not None and asked.response_started:
            self.transport.abort()
        else:
            self._answer(self._refusal(error), asked)

    def _asking(self) -> RequestResponseCycle | None:
        """That of the request whose body is coming."""
        return self.cycle if self._begun and self.cycle and self.cycle.scope is self.scope else None

    def _answer(self, refusal: RequestResponseCycle, asked: RequestResponseCycle | None) -> None:
        """In place of the request that is refused, after those that came before it."""
        app = cast("Any", self.app)  # pyright: ignore[reportUnknownMemberType]
        if asked is not None:
            asked.disconnected = True
            asked.message_event.set()
            self._requests.pop()
        if not self._requests:
            self._start_asgi_task(refusal, app)
            return
        if asked is not None:
            self.pipeline.popleft()
        self.pipeline.appendleft((refusal, app))

    def _refusal(self, error: RequestError) -> RequestResponseCycle:
        return RequestResponseCycle(
            scope=cast("Any", with_refusal(self._known(), error)),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=lambda: None,
        )

    def _known(self) -> dict[str, Any]:
        """The request as far as it has come."""
        known: dict[str, Any] = {
            "type": "http", "http_version": "1.1", "method": "", "path": "", "raw_path": b"", "query_string": b"",
            "root_path": "", "headers": [], "scheme": self.scheme, "client": self.client, "server": self.server,
        }  # fmt: skip
        return known | {"state": self.app_state.copy()} | (dict(self.scope) if self._begun else {})

    def _wait_for_reader(self) -> None:
        """Until all that is written is taken; the connection ends where nothing was within the time."""
        untaken = self.transport.get_write_buffer_size()

        def look() -> None:
            if self.transport.get_write_buffer_size() >= untaken:
                self.transport.abort()
            else:
                self._wait_for_reader()

        if self._taking is not None:
            self._taking.cancel()
        self._taking = self.loop.call_later(SLOW_SECONDS, look) if untaken else None
