"""What can go wrong with an answer, done to it on its way out."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from .options import Fault
from .replies import broken, database_refused

_CHUNKS = 10
_PAGE = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n"


class Faults:
    """Which of them is due, by how often each could have been."""

    def __init__(self) -> None:
        self._chances = Counter[Fault]()

    def due(self, faults: Sequence[Fault], route: str) -> Fault | None:
        """The first that is due with a request of this route."""
        due = [fault for fault in faults if fault.route in route and self._is_due(fault)]
        return due[0] if due else None

    def reset(self) -> None:
        self._chances.clear()

    def _is_due(self, fault: Fault) -> bool:
        self._chances[fault] += 1
        turns, rest = divmod(self._chances[fault], fault.every)
        return rest == 0 and (fault.times is None or turns <= fault.times)


async def with_fault(
    fault: Fault, request: web.Request, answer: Callable[[], Awaitable[web.Response]]
) -> web.StreamResponse:
    """The answer, or what comes of it."""
    match fault.kind:
        case "error":
            raise broken("list index out of range")
        case "database":
            raise database_refused("40001", "could not serialize access due to concurrent update")
        case "unavailable":
            headers = {"Retry-After": f"{fault.seconds:g}"} if fault.seconds else None
            return web.Response(text="Service Unavailable", status=503, headers=headers)
        case "html":
            return web.Response(text=_PAGE, status=502, content_type="text/html")
        case "dropped":
            return _cut(request, web.Response())
        case "late":
            await asyncio.sleep(fault.seconds)
            return await answer()
        case "half":
            whole = await answer()
            body = _body(whole)
            return web.Response(body=body[: len(body) // 2], status=whole.status, headers=_kept(whole))
        case "truncated" | "slow":
            return await _in_parts(fault, request, await answer())


async def _in_parts(fault: Fault, request: web.Request, whole: web.Response) -> web.StreamResponse:
    """The same body in parts: slowly, or only the first half of what its length promises."""
    body = _body(whole)
    parted = web.StreamResponse(status=whole.status, headers=_kept(whole))
    parted.content_length = len(body)
    await parted.prepare(request)
    if fault.kind == "truncated":
        await parted.write(body[: len(body) // 2])
        return _cut(request, parted)
    size = len(body) // _CHUNKS + 1
    for start in range(0, len(body), size):
        await asyncio.sleep(fault.seconds / _CHUNKS)
        await parted.write(body[start : start + size])
    await parted.write_eof()
    return parted


def _cut(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return answer


def _body(answer: web.Response) -> bytes:
    assert isinstance(answer.body, bytes)
    return answer.body


def _kept(answer: web.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "Content-Length"}
