"""Connections to a service, kept open: a request out, a reply back."""

import asyncio
import ssl
from collections.abc import Mapping
from types import SimpleNamespace
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from ... import __version__
from ..errors import LimitExceeded, ProviderError, ProviderUnavailable
from .replies import FailedTry, Received

LARGEST_BODY = 64 * 2**20
_BROKE_OFF = "broke off the connection"


class Request(NamedTuple):
    """`seconds`: how long it may take, from the first byte sent to the last received."""

    method: str
    url: str
    seconds: float
    body: bytes | None = None


class Connections:
    """What an event loop has open to one service. No cookies, no redirects: it is an API, and headers are secrets."""

    def __init__(
        self,
        name: str,
        url: str,
        at_once: int,
        largest_body: int = LARGEST_BODY,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._name = name
        self._proxy = _proxy_of(url)
        self._largest_body = largest_body
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=at_once, ssl=tls or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"metaflow-graphql/{__version__}"},
            timeout=aiohttp.ClientTimeout(total=None),
            # Proxies are those of the environment, as for Metaflow's client, but found once: with trust_env aiohttp
            # asks a thread for them before each request, and reads .netrc, which clashes with headers of our own.
            trust_env=False,
            middlewares=[_sent_once],
            trace_configs=[_telling_of_reuse()],
        )

    async def exchange(self, request: Request, headers: Mapping[str, str]) -> Received:
        """The reply; FailedTry where there is none, LimitExceeded where it is too large."""
        told = SimpleNamespace(reused=False)
        try:
            async with asyncio.timeout(request.seconds):
                return await self._exchange(request, headers, told)
        except TimeoutError:
            error = ProviderUnavailable(f"{self._name} did not answer within {request.seconds:g} s; try again.")
            # Not again: the service goes on with what it was asked, and would do it twice.
            raise FailedTry(error) from None
        except _Broken as broken:
            # The server may have closed an idle connection while the request was on its way.
            raise self._unavailable(str(broken), down=None if told.reused else True, broken=True) from broken.__cause__
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, OSError):
            # A reply had begun, so the service is there; what stands before it may cut off all that are too large.
            raise self._unavailable(_BROKE_OFF, down=None) from None
        except (aiohttp.ClientError, UnicodeError):
            error = ProviderError(f"{self._name} does not speak HTTP as it should.", retryable=True)
            raise FailedTry(error, tries=2) from None

    async def close(self) -> None:
        """Let go of them."""
        await self._session.close()

    async def _exchange(self, request: Request, headers: Mapping[str, str], told: SimpleNamespace) -> Received:
        async with self._session.request(
            request.method,
            URL(request.url, encoded=True),
            headers=headers,
            data=request.body,
            allow_redirects=False,
            proxy=self._proxy,
            trace_request_ctx=told,
        ) as response:
            return Received(response.status, response.headers, await self._body(response))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        parts, size = list[bytes](), 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > self._largest_body:
                response.close()
                raise LimitExceeded(
                    f"{self._name} answered with more than {self._largest_body} bytes at once: ask for less."
                )
            parts.append(part)
        return b"".join(parts)

    def _unavailable(self, what: str, *, down: bool | None, broken: bool = False) -> FailedTry:
        error = ProviderUnavailable(f"{self._name} {what}; try again.")
        return FailedTry(error, tries=3, down=down, broken=broken)


class _Broken(Exception):
    """The connection ended, or did not come about, before a reply began; its text says which."""


async def _sent_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp itself would send a GET once more after these errors: uncounted, and at once."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError as error:
        raise _Broken("can't be reached") from error
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken(_BROKE_OFF) from error


def _telling_of_reuse() -> aiohttp.TraceConfig:
    """Sets `reused` of what a request was given as its trace_request_ctx."""

    async def reused(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.reused = True

    telling = aiohttp.TraceConfig()
    telling.on_connection_reuseconn.append(reused)
    return telling


def _proxy_of(url: str) -> str | None:
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
