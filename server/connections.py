"""Connections that are held to limits: uvicorn reads heads of any length, and waits for slow clients for ever."""

from asyncio import TimerHandle, Transport
from collections import deque
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

# Of a request before its body, and of all that comes with a body but is none of it.
HEAD_BYTES = 65_536
# Until a request has come whole, and for any part of an answer to be taken.
SLOW_SECONDS = 30
# Of all clients together, be they at work or idle.
MOST_CONNECTIONS = 2_000


class Connection(HttpToolsProtocol):
    """Ends with 414 or 431 where a head is too long, 408 where the client is too slow, 503 where there are too many.

    And each of its requests is told that the client has gone: uvicorn tells the one that came last.
    """

    _overhead = 0  # bytes of the request that are no part of its body
    _asked = False  # a first request has come whole
    _sending: TimerHandle | None = None  # while the client is to send a request
    _taking: TimerHandle | None = None  # while it is to take an answer

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._requests = deque[RequestResponseCycle]()  # that are not answered yet

    def connection_made(self, transport: Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._end("503 Service Unavailable", "retry-after: 1\r\n")
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
            in_url = len(self.url) > HEAD_BYTES // 2
            self._end("414 URI Too Long" if in_url else "431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self._requests.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        # A body may come in chunks of a few bytes, each with its length around it.
        self._overhead -= 8 * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._asked = True
        self._overhead = 0
        self._sent()
        super().on_message_complete()

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
            self._end("408 Request Timeout")
        else:
            self.transport.abort()

    def _end(self, status: str, headers: str = "") -> None:
        """Answer to what is no request yet, and close."""
        if not self.transport.is_closing():
            self.transport.write(
                f"HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: 0\r\n\r\n".encode()
            )
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
