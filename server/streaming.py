"""Answers whose bytes are read while they are sent."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send


class Streaming(StreamingResponse):
    """`first`, and the chunks that follow it; closes what it reads from, however it ends."""

    def __init__(self, first: bytes, chunks: AsyncGenerator[bytes], status: int, headers: dict[str, str]) -> None:
        super().__init__(_joined(first, chunks), status, headers)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._chunks):
            await super().__call__(scope, receive, send)

    async def head(self) -> Response:
        """The same without its bytes."""
        await self._chunks.aclose()
        response = Response(None, self.status_code)
        response.raw_headers = self.raw_headers  # no length where it has none: Starlette would say 0
        return response


async def begun(chunks: AsyncGenerator[bytes], status: int, headers: dict[str, str]) -> Streaming:
    """An answer of these; what keeps the first from being read is raised here, where there is a status for it."""
    return Streaming(await anext(chunks, b""), chunks, status, headers)


async def _joined(first: bytes, chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    yield first
    async for chunk in chunks:
        yield chunk


async def cut(chunks: AsyncGenerator[bytes], start: int, end: int) -> AsyncGenerator[bytes]:
    """The bytes from `start` up to `end`."""
    at = 0
    async with aclosing(chunks):
        async for chunk in chunks:
            part = chunk[max(0, start - at) : end - at]
            at += len(chunk)
            if part:
                yield part
            if at >= end:
                return
