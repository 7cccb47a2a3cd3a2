"""A proxy that spoils what a service says, between a client and any HTTP service, in a thread of its own."""

import asyncio
import json
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlsplit


class Fault(Enum):
    """What becomes of one request."""

    NONE = "it is passed on"
    LATE = "it is passed on after `pause` seconds"
    SLOW = "its reply comes in small pieces over `pause` seconds"
    RESET = "the connection is reset, and the service never hears of it"
    UNANSWERED = "the service does what it is asked, and the connection is reset before a reply"
    CUT = "the connection is reset in the middle of the reply"
    SHORT = "the connection is closed in good order before the reply has its Content-Length"
    HALF_JSON = "half of the body comes, with the Content-Length of that half"
    HTML = "a page of HTML, as of a login, with status 200"
    TRACEBACK = "500 with a traceback"
    DATABASE_GONE = "500 of a service whose database is gone"
    DATABASE_REFUSED = "500 of a service whose database refuses the question"
    BAD_GATEWAY = "502 with a page of HTML"
    BUSY = "503 with Retry-After: `retry_after`"
    THROTTLED = "429 without anything"
    FORBIDDEN = "403, as Amazon's API Gateway says it"
    STALE = "it is passed on; then the connection is closed as soon as another request comes on it"


# What a service in trouble does of all this, and may be over at the next try.
PASSING = (
    Fault.LATE, Fault.SLOW, Fault.RESET, Fault.UNANSWERED, Fault.CUT, Fault.SHORT, Fault.HALF_JSON, Fault.HTML,
    Fault.TRACEBACK, Fault.DATABASE_GONE, Fault.BAD_GATEWAY, Fault.BUSY, Fault.THROTTLED, Fault.STALE,
)  # fmt: skip
# Stands in whatever a fault says by itself: no client of a gateway may ever see it.
SECRET = "/srv/metadata-service/secret.py"

Plan = Callable[[str], Fault]


class Done(NamedTuple):
    """`request`: its method and target."""

    request: str
    fault: Fault


def always(fault: Fault) -> Plan:
    """The same for every request."""
    return lambda _: fault


def seeded(seed: int, share: float, faults: tuple[Fault, ...] = PASSING) -> Plan:
    """One of the faults for that share of the requests, by the order in which they come."""
    chance = random.Random(seed)
    return lambda _: chance.choice(faults) if chance.random() < share else Fault.NONE


class Proxy:
    """`url` is where it listens, `plan` what it does; `next` comes before that. `done`: what it did so far.

    `latency`: seconds that each request takes longer, whatever else becomes of it.
    """

    def __init__(self, upstream: str, plan: Plan, latency: float) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 80)
        self.plan = plan
        self.next = deque[Fault]()
        self.latency = latency
        self.pause = 0.05
        self.retry_after = "0"
        self.done: list[Done] = []
        self.url = ""
        # asyncio itself keeps no task of a connection from the garbage collector.
        self._open = set[asyncio.Task[None] | None]()

    @property
    def connections(self) -> int:
        """How many are open to it."""
        return len(self._open)

    @property
    def counts(self) -> Counter[Fault]:
        """How often it did what."""
        return Counter(done.fault for done in self.done)

    async def serve(self, ready: "Callable[[asyncio.AbstractEventLoop], None]", stop: asyncio.Event) -> None:
        """Listen until it is to stop."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{port}"
        ready(asyncio.get_running_loop())
        await stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._request(reader, writer):
                pass
        writer.close()
        self._open.discard(asyncio.current_task())

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Deals with one request; whether another may come on this connection."""
        request = await _message(reader)
        line = request.head.split(b" HTTP/", 1)[0].decode()
        fault = self.next.popleft() if self.next else self.plan(line)
        self.done.append(Done(line, fault))
        await asyncio.sleep(self.latency)
        if fault is Fault.RESET:
            writer.transport.abort()
            return False
        if fault is Fault.STALE:
            await self._send(writer, await self._passed_on(request))
            await reader.read(1)
            return False
        return await self._answer(fault, request, writer)

    async def _answer(self, fault: Fault, request: "_Message", writer: asyncio.StreamWriter) -> bool:
        made = self._made(fault)
        if made:
            await self._send(writer, made)
            return True
        reply = await self._passed_on(request)
        if fault in (Fault.UNANSWERED, Fault.CUT, Fault.SHORT):
            await self._broken(fault, reply, writer)
            return False
        if fault is Fault.HALF_JSON:
            reply = _reply(reply.status, reply.body[: len(reply.body) // 2])
        await asyncio.sleep(self.pause if fault is Fault.LATE else 0)
        await self._send(writer, reply, self.pause if fault is Fault.SLOW else 0)
        return True

    async def _broken(self, fault: Fault, reply: "_Message", writer: asyncio.StreamWriter) -> None:
        if fault is not Fault.UNANSWERED:
            writer.write(reply.head + reply.body[: len(reply.body) // 2])
            await writer.drain()
            await asyncio.sleep(0.01)  # so that the half arrives before the reset, which would overtake it
        if fault is not Fault.SHORT:
            writer.transport.abort()

    async def _send(self, writer: asyncio.StreamWriter, reply: "_Message", seconds: float = 0) -> None:
        pieces = 10 if seconds else 1
        writer.write(reply.head)
        size = -(-len(reply.body) // pieces) or 1
        for start in range(0, len(reply.body), size):
            await asyncio.sleep(seconds / pieces)
            writer.write(reply.body[start : start + size])
            await writer.drain()

    async def _passed_on(self, request: "_Message") -> "_Message":
        reader, writer = await asyncio.open_connection(*self._upstream)
        try:
            writer.write(request.head + request.body)
            return await _message(reader)
        finally:
            writer.close()

    def _made(self, fault: Fault) -> "_Message | None":
        """What the service itself has no part in."""
        page = f"<html><title>Sign in</title>{SECRET}</html>".encode()
        match fault:
            case Fault.HTML:
                return _reply("200 OK", page, "Content-Type: text/html")
            case Fault.BAD_GATEWAY:
                return _reply("502 Bad Gateway", page, "Content-Type: text/html")
            case Fault.TRACEBACK:
                return _json_reply({"traceback": f'  File "{SECRET}", line 1', "detail": SECRET, "status": 500})
            case Fault.DATABASE_GONE:
                return _json_reply(_database(None))
            case Fault.DATABASE_REFUSED:
                return _json_reply(_database("22P02"))
            case Fault.BUSY:
                return _reply("503 Service Unavailable", SECRET.encode(), f"Retry-After: {self.retry_after}")
            case Fault.THROTTLED:
                return _reply("429 Too Many Requests", b"")
            case Fault.FORBIDDEN:
                return _reply("403 Forbidden", json.dumps({"message": SECRET}).encode())
            case _:
                return None


@contextmanager
def spoiled(upstream: str, plan: Plan | None = None, *, latency: float = 0.0) -> Generator[Proxy]:
    """A proxy in front of what listens at that URL; by default it does nothing but `latency`."""
    proxy, stop, started = Proxy(upstream, plan or always(Fault.NONE), latency), asyncio.Event(), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def ready(loop: asyncio.AbstractEventLoop) -> None:
        loops.append(loop)
        started.set()

    thread = threading.Thread(target=asyncio.run, args=(proxy.serve(ready, stop),))
    thread.start()
    started.wait()
    try:
        yield proxy
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join()


class _Message(NamedTuple):
    """`head`: with the empty line at its end. `body`: as it goes over the wire, chunks and all."""

    head: bytes
    body: bytes

    @property
    def status(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode().split(" ", 1)[1]


async def _message(reader: asyncio.StreamReader) -> _Message:
    head = await reader.readuntil(b"\r\n\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
    if headers.get(b"transfer-encoding") != b"chunked":
        return _Message(head, await reader.readexactly(int(headers.get(b"content-length", b"0"))))
    body = b""
    while not body.endswith(b"0\r\n\r\n"):
        size = await reader.readuntil(b"\r\n")
        body += size + await reader.readexactly(int(size, 16) + 2)
    return _Message(head, body)


def _reply(status: str, body: bytes, *headers: str) -> _Message:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return _Message("\r\n".join(lines).encode(), body)


def _json_reply(content: object) -> _Message:
    return _reply("500 Internal Server Error", json.dumps(content).encode(), "Content-Type: text/plain; charset=utf-8")


def _database(code: str | None) -> str:
    """As the service says it: JSON in a string."""
    return json.dumps({"err_msg": {"pgerror": code and SECRET, "pgcode": code, "diag": {"severity": code}}})
