"""Connections that are held to limits: uvicorn reads heads of any length, and waits for slow clients for ever."""

import json
from asyncio import TimerHandle, Transport
from collections import deque
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from .browsers.headers import completed

# Of a request before its body, and of all that comes with a body but is none of it.
HEAD_BYTES = 65_536
# Until a request has come whole, and for any part of an answer to be taken.
SLOW_SECONDS = 30
# Of all clients together, be they at work or idle.
MOST_CONNECTIONS = 2_000
# Which origin asks is not known before a head has come whole.
_HEADERS = b"".join(b"%s: %s\r\n" % header for header in completed([])).decode()


class _Ending(NamedTuple):
    """The answer to what is no request that could be answered otherwise; the connection ends with it."""

    status: str
    code: str
    message: str
    headers: str = ""

    def __bytes__(self) -> bytes:
        body = json.dumps({"errors": [{"message": self.message, "extensions": {"code": self.code}}]})
        head = f"HTTP/1.1 {self.status}\r\n{self.headers}connection: close\r\ncontent-type: application/json\r\n"
        return f"{head}{_HEADERS}content-length: {len(body)}\r\n\r\n{body}".encode()


_MALFORMED = _Ending("400 Bad Request", "BAD_USER_INPUT", "This is no HTTP/1.1 request.")
_TOO_SLOW = _Ending("408 Request Timeout", "TIMEOUT", f"A request has to come whole within {SLOW_SECONDS} seconds.")
_LONG_URL = _Ending("414 URI Too Long", "LIMIT_EXCEEDED", f"A URL has at most {HEAD_BYTES // 2} bytes.")
_LONG_HEAD = _Ending(
    "431 Request Header Fields Too Large", "LIMIT_EXCEEDED", f"The head of a request has at most {HEAD_BYTES} bytes."
)
_TOO_MANY = _Ending(
    "503 Service Unavailable", "RATE_LIMITED", "There are too many connections: try again.", "retry-after: 1\r\n"
)


class Connection(HttpToolsProtocol):
    """Ends with 414 or 431 where a head is too long, 408 where the client is too slow, 503 where there are too many.

    And each of its requests is told that the client has gone: uvicorn tells the one that came last.
    """

    _head = 0  # bytes of the request's URL and headers
    _overhead = 0  # bytes that came of the request which are no part of its body
    _asked = False  # a first request has come whole
    _sending: TimerHandle | None = None  # while the client is to send a request
    _taking: TimerHandle | None = None  # while it is to take an answer

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._requests = deque[RequestResponseCycle]()  # that are not answered yet

    def connection_made(self, transport: Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._end(_TOO_MANY)
        else:
            self._sending = self.loop.call_later(SLOW_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sent()
        if self._taking is not None:
            self._taking.cancel()
        for request in self._requests:
            request.disconnected = True
            request.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._sending is None and (not self._asked or self.cycle.response_complete):
            self._sending = self.loop.call_later(SLOW_SECONDS, self._too_slow)
        self._overhead += len(data)
        super().data_received(data)
        if self._overhead > HEAD_BYTES:
            self._end(_LONG_URL if len(self.url) > HEAD_BYTES // 2 else _LONG_HEAD)

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value) + 4  # ": " and the end of the line
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        # A head that came in one piece is over before anything of it could be compared.
        if len(self.url) > HEAD_BYTES // 2 or self._head > HEAD_BYTES:
            self._end(_LONG_URL if len(self.url) > HEAD_BYTES // 2 else _LONG_HEAD)
        if self.transport.is_closing():
            return
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self._requests.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        if self.transport.is_closing():
            return
        # A body may come in chunks of a few bytes, each with its length around it.
        self._overhead -= 8 * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._asked = True
        self._overhead = 0
        self._sent()
        if not self.transport.is_closing():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._end(_MALFORMED)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def on_response_complete(self) -> None:
        self._requests.popleft()
        super().on_response_complete()
        self._wait_for_reader()

    def _sent(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _too_slow(self) -> None:
        """Idle connections are let go without a word, for nothing was asked on them."""
        begun = self._overhead != 0 and not any(request.response_started for request in self._requests)
        if begun:
            self._end(_TOO_SLOW)
        else:
            self.transport.abort()

    def _end(self, ending: _Ending) -> None:
        if not self.transport.is_closing():
            self.transport.write(bytes(ending))
            self.transport.close()

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
