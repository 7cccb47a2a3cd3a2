"""What a platform asks of a process: whether it lives, and whether it can answer."""

import asyncio
from collections.abc import Mapping
from time import monotonic

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..providers import usage
from ..providers.base import Key, Provider
from ..providers.errors import GatewayError
from .access.admission import admission_of

# Whoever asks more often is told the same.
_KEPT_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0
_NO_RUN = "Metaflow/0"


async def alive(_: Request) -> JSONResponse:
    """The process answers, whatever its providers do."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """Whether each provider answers; 503 where one does not, which is named, and nothing else of it.

    With access control, each is named to those alone who are granted something of it.
    """

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = providers
        self._answering: dict[str, bool] = {}
        self._until = 0.0  # time.monotonic()
        self._looking = asyncio.Lock()

    async def ready(self, request: Request) -> JSONResponse:
        async with self._looking:
            if monotonic() >= self._until:
                found = await asyncio.gather(*map(_answers, self._providers.values()))
                self._answering = dict(zip(self._providers, found, strict=True))
                self._until = monotonic() + _KEPT_SECONDS
        told = {
            name: "ok" if answers else "unavailable"
            for name, answers in self._answering.items()
            if _may_know(request, name)
        }
        ready = all(self._answering.values())
        return JSONResponse({"status": "ok" if ready else "unavailable", "providers": told}, 200 if ready else 503)


def _may_know(request: Request, name: str) -> bool:
    admission = admission_of(request)
    if admission is None:
        return True
    grants = admission.admitted.grants if admission.admitted else ()
    return any(grant.metadata is None or name in grant.metadata for grant in grants)


async def _answers(provider: Provider) -> bool:
    """Asked for a run that does not exist: it says so, if it says anything."""
    usage.current.set(usage.Usage(deadline=monotonic() + _PATIENCE_SECONDS))
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            (found,) = await provider.for_operation().runs([Key(provider.name, _NO_RUN)])
    except (GatewayError, TimeoutError):
        return False
    return not isinstance(found, GatewayError)
