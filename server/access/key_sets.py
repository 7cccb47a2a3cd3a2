"""Where the public keys of an issuer are: in a file, or at a URL from which they are fetched when they are needed."""

import asyncio
import logging
import math
import ssl
import time
from pathlib import Path
from typing import Protocol

import aiohttp
import jwt

from ...providers.watched_files import WatchedFile
from ..errors import RequestError, refused
from .config import Algorithm
from .public_keys import Keys, key_of, public_keys

_logger = logging.getLogger(__name__)

_LARGEST = 1_048_576
_PATIENCE_SECONDS = 5.0
# Whoever sends ids of keys that nobody has made up sets off no more requests than this allows.
_BETWEEN_SECONDS = 10.0
# A key that the issuer has withdrawn is used no longer than this, as long as the issuer answers.
_KEPT_SECONDS = 600.0


class KeySet(Protocol):
    """The keys of an issuer."""

    async def key(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key of that id; None where there is none; RequestError (503) where none could be read yet."""
        ...

    async def close(self) -> None:
        """Let go of what is under way."""
        ...


class FileKeys:
    """The keys in a file, as it stands. OSError or ValueError where it can't be used."""

    def __init__(self, path: Path, algorithms: tuple[Algorithm, ...]) -> None:
        self._keys = WatchedFile(path, _LARGEST, lambda text: public_keys(text, algorithms))

    async def key(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        return key_of(await self._keys.current(), kid, algorithm)

    async def close(self) -> None:
        """Nothing is under way."""


class FetchedKeys:
    """The keys at a URL, which are kept; fetched again for an id that is not among them, and when they are old.

    While that fails, those fetched before are used.
    """

    def __init__(self, url: str, algorithms: tuple[Algorithm, ...], tls: ssl.SSLContext | None = None) -> None:
        self._url = url
        self._algorithms = algorithms
        self._tls = tls
        self._keys: Keys = {}
        self._fetched_at = self._tried_at = -math.inf
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        found = key_of(self._keys, kid, algorithm)
        if found is None or time.monotonic() - self._fetched_at > _KEPT_SECONDS:
            fetching = self._fetch()
            if fetching and found is None:
                await asyncio.wait([fetching])  # who waits may be cancelled, and others not
                found = key_of(self._keys, kid, algorithm)
        if not self._keys:
            raise _unreadable()
        return found

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _fetch(self) -> asyncio.Task[None] | None:
        """What is under way already, or is begun; None where it is too soon."""
        if self._fetching is None or self._fetching.done():
            now = time.monotonic()
            if now - self._tried_at < _BETWEEN_SECONDS:
                return None
            self._tried_at = now
            self._fetching = asyncio.create_task(self._fetched())
        return self._fetching

    async def _fetched(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                self._keys = public_keys(await self._content(), self._algorithms)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is of the second kind
            kept = "those fetched before are used" if self._keys else "there are none yet"
            _logger.warning("The keys at %s can't be fetched, %s: %r", self._url, kept, error)
        else:
            self._fetched_at = time.monotonic()

    async def _content(self) -> bytes:
        headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
        async with (
            aiohttp.ClientSession(headers=headers, auto_decompress=False) as session,
            session.get(self._url, allow_redirects=False, ssl=self._tls or True) as answer,
        ):
            if answer.status != 200:
                raise ValueError(f"it answered with {answer.status}")
            content = bytearray()
            async for chunk in answer.content.iter_any():
                content += chunk
                if len(content) > _LARGEST:
                    raise ValueError(f"it has more than {_LARGEST} bytes")
            return bytes(content)


def _unreadable() -> RequestError:
    message = "Tokens of this issuer can't be checked at the moment: its keys can't be fetched. Try again."
    return refused("PROVIDER_UNAVAILABLE", message, 503, {"retry-after": str(math.ceil(_BETWEEN_SECONDS))})
