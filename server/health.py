"""What a platform asks of a process: whether it lives, and whether it can answer."""

import asyncio
from collections.abc import Collection
from time import monotonic

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..providers import usage
from ..providers.base import Provider
from ..providers.errors import GatewayError
from ..resolvers.context import Gateway
from .access.admission import principal_of
from .caching.headers import NOT_KEPT
from .errors import RequestError

# Whoever asks more often is told the same.
_KEPT_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0
_HEADERS = {"cache-control": NOT_KEPT}


async def alive(_: Request) -> JSONResponse:
    """The process answers, whatever its providers do."""
    return JSONResponse({"status": "ok"}, headers=_HEADERS)


class Readiness:
    """Whether each provider answers; 503 where one does not, which is named, and nothing else of it.

    With access control, each is named to those alone who may use it.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._answering: dict[str, bool] = {}
        self._until = 0.0  # time.monotonic()
        self._looking = asyncio.Lock()

    async def ready(self, request: Request) -> JSONResponse:
        async with self._looking:
            if monotonic() >= self._until:
                providers = self._gateway.providers
                found = await asyncio.gather(*map(_answers, providers.values()))
                self._answering = dict(zip(providers, found, strict=True))
                self._until = monotonic() + _KEPT_SECONDS
        named = self._named_to(request)
        told = {name: "ok" if answers else "unavailable" for name, answers in self._answering.items() if name in named}
        ready = all(self._answering.values())
        status, code = ("ok", 200) if ready else ("unavailable", 503)
        return JSONResponse({"status": status, "providers": told}, code, _HEADERS)

    def _named_to(self, request: Request) -> Collection[str]:
        try:
            return self._gateway.seen_by(principal_of(request)).providers
        except RequestError:  # whoever was not let in is told whether all is well, and no more
            return ()


async def _answers(provider: Provider) -> bool:
    usage.current.set(usage.Usage(deadline=monotonic() + _PATIENCE_SECONDS))
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await provider.check()
    except (GatewayError, TimeoutError):
        return False
    return True
