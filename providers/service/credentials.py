"""The headers that go with each request to a service: fixed ones, those in a file, those that a command prints."""

import asyncio
import logging
import math
import re
import shlex
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec
from aiohttp import encode_basic_auth

from ..watched_files import WatchedFile, reason_of

_logger = logging.getLogger(__name__)

# RFC 9110, section 5.1.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LARGEST = 65_536
_COMMAND_SECONDS = 30.0
# A command is not run again sooner than this for having failed, or for its headers being rejected: all requests may be.
_BETWEEN_RENEWALS = 1.0
_JSON = msgspec.json.Decoder(dict[str, str])


class BadHeaders(ValueError):
    """What should be headers is not; the message has none of it."""


class Given(NamedTuple):
    """Headers as they stand; `version` grows with each change."""

    headers: Mapping[str, str]
    version: int = 0

    def __repr__(self) -> str:
        return f"Given({', '.join(self.headers)})"


class Source(Protocol):
    """Where headers come from that may change."""

    async def current(self) -> Given:
        """The headers for a request; BadHeaders where there are none to be had."""
        ...

    async def renewed(self, rejected: int) -> Given:
        """The headers after the service rejected those of that version: the same, where there are no others."""
        ...


class Headers:
    """The headers of each request: fixed ones, and those of a source, which are stronger."""

    def __init__(self, fixed: Mapping[str, str] | None = None, source: Source | None = None) -> None:
        self._fixed = dict(fixed or {})
        self._source = source
        check(self._fixed)

    async def current(self) -> Given:
        """The headers for a request; BadHeaders where there are none to be had."""
        return self._with(await self._source.current()) if self._source else Given(self._fixed)

    async def renewed(self, rejected: Given) -> Given:
        """The headers after the service rejected these: of the same version, where there are no others."""
        return self._with(await self._source.renewed(rejected.version)) if self._source else rejected

    def beside(self, weaker: Mapping[str, str]) -> "Headers":
        """With others, where these say nothing."""
        return Headers(_merged(weaker, self._fixed), self._source)

    def __repr__(self) -> str:
        return f"Headers({', '.join([*self._fixed, *([repr(self._source)] if self._source else [])])})"

    def _with(self, given: Given) -> Given:
        return Given(_merged(self._fixed, given.headers), given.version)


class HeadersFile:
    """The headers in a file, as it stands; BadHeaders at once if it can't be used.

    It holds a JSON object, or lines of the form `Name: value`.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = WatchedFile(path, _LARGEST, parsed)
        except OSError as error:
            raise BadHeaders(f"{path} can't be read: {reason_of(error)}") from error
        self._given = Given(self._file.held)

    async def current(self) -> Given:
        """As the file stands."""
        headers = await self._file.current()
        if headers is not self._given.headers:
            self._given = Given(headers, self._given.version + 1)
        return self._given

    async def renewed(self, rejected: int) -> Given:
        """As the file stands: it may have changed since."""
        return await self.current()

    def __repr__(self) -> str:
        return f"HeadersFile({', '.join(self._given.headers)})"


class HeadersCommand:
    """The headers that a command prints, which is run without a shell, and again after `kept` seconds.

    While it fails, what it printed before is used.
    """

    def __init__(self, command: str, kept: float = 60.0) -> None:
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise BadHeaders(f"it is no command: {error}") from error
        if not self._arguments:
            raise BadHeaders("it is no command: it is empty")
        self._kept = kept
        self._given = Given({})
        self._ran_at = self._renewed_at = self._failed_at = -math.inf
        self._failure = ""
        self._running: asyncio.Task[Given] | None = None

    async def current(self) -> Given:
        """What it printed last, if that is young enough."""
        return self._given if time.monotonic() - self._ran_at < self._kept else await self._run()

    async def renewed(self, rejected: int) -> Given:
        """What it prints now, unless it has been run since."""
        now = time.monotonic()
        if rejected != self._given.version or now - self._renewed_at < _BETWEEN_RENEWALS:
            return self._given
        self._renewed_at = now
        return await self._run()

    def __repr__(self) -> str:
        return f"HeadersCommand({', '.join(self._given.headers)})"

    async def _run(self) -> Given:
        """Whoever needs it while it runs waits for the same run; who comes right after a failure has come of that."""
        if time.monotonic() - self._failed_at < _BETWEEN_RENEWALS:
            return self._printed_before()
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._printed())
        running = self._running
        await asyncio.wait([running])  # who waits may be cancelled, and others not
        return running.result()

    async def _printed(self) -> Given:
        try:
            headers = await asyncio.to_thread(_output, self._arguments)
        except BadHeaders as error:
            self._failure, self._failed_at = str(error), time.monotonic()
            before = self._printed_before()
            _logger.warning("What a command for headers printed before is used: %s", error)
            return before
        self._ran_at = time.monotonic()
        if headers != self._given.headers:
            self._given = Given(headers, self._given.version + 1)
        return self._given

    def _printed_before(self) -> Given:
        if self._ran_at == -math.inf:
            raise BadHeaders(self._failure)
        return self._given


def apart(url: str) -> tuple[str, dict[str, str]]:
    """The URL without a slash at its end, and the header that its user and password are sent in."""
    parts = urlsplit(url)
    account, at, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    bare = urlunsplit(parts._replace(netloc=host, query="", fragment="")).rstrip("/")
    return bare, {"Authorization": encode_basic_auth(unquote(user), unquote(password))} if at else {}


def parsed(text: bytes) -> dict[str, str]:
    """The headers in a JSON object or in lines; BadHeaders where it is neither."""
    if len(text) > _LARGEST:
        raise BadHeaders(f"more than {_LARGEST} bytes are no headers")
    try:
        headers = _JSON.decode(text) if text.lstrip().startswith(b"{") else _lines(text.decode())
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadHeaders("neither a JSON object of texts nor lines of the form Name: value") from None
    check(headers)
    return headers


def check(headers: Mapping[str, str]) -> None:
    """BadHeaders where a name or a value can't be sent."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise BadHeaders("a header's name is not one")
        if _CONTROL.search(value) or not value.isprintable():
            raise BadHeaders(f"the value of {name} has characters that can't be sent")


def _lines(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        name, colon, value = line.partition(":")
        if not colon:
            raise BadHeaders("neither a JSON object of texts nor lines of the form Name: value")
        headers[name.strip()] = value.strip()
    return headers


def _output(arguments: list[str]) -> dict[str, str]:
    """What it says is read as headers; whatever else it says is nobody's business, and may hold secrets."""
    try:
        done = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BadHeaders(f"the command for headers took more than {_COMMAND_SECONDS:g} s") from None
    except subprocess.CalledProcessError as error:
        raise BadHeaders(f"the command for headers ended with {error.returncode}") from None
    except OSError as error:
        raise BadHeaders(f"the command for headers can't be run: {error.strerror}") from None
    return parsed(done.stdout)


def _merged(weaker: Mapping[str, str], stronger: Mapping[str, str]) -> dict[str, str]:
    """Names of headers are the same in capitals or not."""
    said = {name.lower() for name in stronger}
    return {name: value for name, value in weaker.items() if name.lower() not in said} | dict(stronger)
