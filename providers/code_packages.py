"""Code packages of tasks: what metadata say of them, and what they hold (metaflow/package, metaflow/packaging_sys)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, cast

from . import strangers_json, usage
from .base import BlobKey, Datastore, FileKey
from .cache import ByteCache
from .errors import ArtifactTooLarge, ArtifactUnreadable, GatewayError, LimitExceeded
from .strangers_json import JSON, NotJSON
from .tar_archives import Bounds, files
from .views import in_turn

STORED_BYTES = 64 * 2**20
BOUNDS = Bounds(inflated=256 * 2**20, entries=20_000)
FILE_BYTES = 4 * 2**20

_SHA = re.compile("[0-9a-f]{40}")
_LOCATION = re.compile(r"(?P<root>.*)/[^/]+/data/[0-9a-f]{2}/[0-9a-f]{40}", re.DOTALL)
_TOGETHER = 64 * 2**20  # bytes of packages that are held at a time
_CACHE_BYTES = 16 * 2**20
_A_FILE = 200  # bytes in memory of a file in a listing, about, besides its name

_MARKER = ".mf_install"  # of the layout in which Metaflow's own files stand apart
_INFOS = {True: ".mf_meta/INFO", False: "INFO"}
_INFO_BYTES = 2**20
_SECRET = "production_token"


class Package(NamedTuple):
    """A package as the metadata `code-package` tell of it; `location` as they put it, a stranger's word."""

    location: str | None
    blob: BlobKey


class PackageKey(NamedTuple):
    """A package, a file of it whose content is asked for too, and the run that it is asked for as the code of."""

    provider: str
    blob: BlobKey
    file: str | None = None
    run: str = ""


class Contents(NamedTuple):
    """The files of a package with their sizes, sorted; the text of its INFO; and the content that was asked for."""

    files: dict[str, int]
    info: bytes | None
    content: bytes | None = None


def described(recorded: str, flow: str) -> Package:
    """The package that the metadata of a task of the flow tell of; raises NotJSON where they tell of none.

    The store is that of the flow, whatever flow the location names: a package is where the flow's runs are.
    """
    match strangers_json.read(recorded):
        case {"sha": str(sha), **more} if _SHA.fullmatch(sha):
            location = more.get("location")
            text = location if isinstance(location, str) else ""
            match = _LOCATION.fullmatch(text)
            return Package(text or None, BlobKey(match["root"] if match else text, flow, sha, raw=True))
        case _:
            raise NotJSON("it names no package")


def package_file(provider: str, package: Package) -> FileKey:
    """The package as a file of the datastore."""
    return FileKey(provider, package.blob.root, package.blob.path)


def info_of(found: Contents) -> dict[str, JSON] | None:
    """The package's INFO without production tokens, None where it has none; ArtifactUnreadable if it can't be read."""
    if found.info is None:
        return None
    try:
        info = strangers_json.read(found.info)
    except NotJSON as error:
        raise ArtifactUnreadable(f"Its INFO can't be read: {error}.") from error
    if not isinstance(info, dict):
        raise ArtifactUnreadable("Its INFO is no JSON object.")
    return cast("dict[str, JSON]", without_tokens(info))


def text_of(path: str, content: bytes) -> str | None:
    """The content of a file as text, an INFO without production tokens; None where it is not UTF-8."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return _info_text(text) if path.rpartition("/")[2] == "INFO" else text


def without_tokens(value: JSON) -> JSON:
    """The JSON value without what is named production_token, at whatever depth."""
    if isinstance(value, dict):
        named = cast("dict[str, JSON]", value)
        return {name: without_tokens(inner) for name, inner in named.items() if name != _SECRET}
    if isinstance(value, list):
        return [without_tokens(inner) for inner in cast("list[JSON]", value)]
    return value


def _info_text(text: str) -> str | None:
    """The text as it is, if it holds no token; None if it seems to, and is no JSON to leave it out of."""
    try:
        info = strangers_json.read(text)
    except NotJSON:
        return None if _SECRET in text else text
    safe = without_tokens(info)
    return text if safe == info and _SECRET not in text else strangers_json.text(safe)


@dataclass(frozen=True, slots=True)
class Packages:
    """What packages list, kept between operations: what a hash stands for never changes."""

    cache: ByteCache = field(default_factory=lambda: ByteCache(_CACHE_BYTES))
    bounds: Bounds = BOUNDS

    def reader(self, datastore: Datastore) -> "PackageReader":
        return PackageReader(datastore, self.cache, self.bounds)


@dataclass(frozen=True, slots=True)
class PackageReader:
    """Reads the packages of one datastore, each once for all that is asked of it together."""

    datastore: Datastore
    cache: ByteCache
    bounds: Bounds

    async def packages(self, keys: list[PackageKey]) -> list[Contents | GatewayError]:
        """What each package holds; ArtifactUnreadable or LimitExceeded where it can't be given."""
        answers: dict[PackageKey, Contents | GatewayError] = {}
        unread: dict[BlobKey, list[PackageKey]] = {}
        for key in keys:
            listed = cast("Contents | None", self.cache.get(key[:2]))
            if listed and (key.file is None or key.file not in listed.files):
                answers[key] = listed
            else:
                unread.setdefault(key.blob, []).append(key)
        while unread:
            found = await self.datastore.blobs(list(unread), STORED_BYTES, _TOGETHER)
            for blob, entry in zip(list(unread), found, strict=True):
                if entry is not None:
                    answers |= await self._read(unread.pop(blob), entry)
        return [answers[key] for key in keys]

    async def _read(
        self, keys: list[PackageKey], packed: bytes | GatewayError
    ) -> dict[PackageKey, Contents | GatewayError]:
        if isinstance(packed, ArtifactTooLarge):
            too_large = LimitExceeded(f"It has more than {STORED_BYTES} bytes (codeBytes in serverInfo.limits).")
            return dict.fromkeys(keys, too_large)
        if isinstance(packed, GatewayError):
            return dict.fromkeys(keys, packed)
        wanted = {key.file for key in keys if key.file is not None}
        try:
            listed, contents = await in_turn(partial(_scanned, packed, wanted, self.bounds))
        except GatewayError as error:
            return dict.fromkeys(keys, error)
        cost = sum(len(name) * 2 + _A_FILE for name in listed.files) + len(listed.info or b"") + _A_FILE
        self.cache.put(keys[0][:2], listed, cost)
        return {key: _with(listed, contents.get(key.file or "")) for key in keys}


def _scanned(packed: bytes, wanted: set[str], bounds: Bounds) -> tuple[Contents, dict[str, bytes | GatewayError]]:
    """What a package lists, and the files that are wanted of it; of files of one name the last, as when unpacked."""
    listed: dict[str, int] = {}
    infos: dict[str, bytes | None] = {}
    contents: dict[str, bytes | GatewayError] = {}
    refused: dict[str, GatewayError] = {}
    for path, size, content in files(packed, _wants(wanted, refused), bounds):
        listed[path] = size
        if path in _INFOS.values():
            infos[path] = content if content is not None and size <= _INFO_BYTES else b""
        if path in wanted:
            contents[path] = refused[path] if content is None else content
    info = infos.get(_INFOS[_MARKER in listed])
    return Contents(dict(sorted(listed.items())), info), contents


def _wants(wanted: set[str], refused: dict[str, GatewayError]) -> Callable[[str, int], bool]:
    """Which files are read; `refused`: filled with why others that are wanted are not."""
    spent = usage.current.get()

    def wants(path: str, size: int) -> bool:
        if path in wanted:
            full = _too_large(size) if size > FILE_BYTES else spent.full()
            if full is None:
                spent.hold(size)
                return True
            refused[path] = full
        # An INFO is kept for other answers, even if this one has no room for it.
        return path in _INFOS.values() and size <= _INFO_BYTES

    return wants


def _too_large(size: int) -> LimitExceeded:
    return LimitExceeded(f"A file of it has {size} bytes: more than codeFileBytes in serverInfo.limits.")


def _with(listed: Contents, content: bytes | GatewayError | None) -> Contents | GatewayError:
    return content if isinstance(content, GatewayError) else listed._replace(content=content)
