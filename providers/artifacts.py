"""From an artifact's record to its value: where the bytes lie, how they are encoded, what Metaflow wraps them in.

Nothing of an artifact is executed: decoding/ reads the pickle structurally.
"""

import asyncio
import hashlib
import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar, cast

from .. import decoding
from . import records
from .base import BlobKey, Datastore, InfoKey
from .cache import ByteCache
from .errors import ArtifactTooLarge, ArtifactUnreadable, GatewayError
from .pathspec import parent

JSON = Any
Form = Literal["data", "object", "type", "preview"]
T = TypeVar("T")

INCLUDED_FILE = "metaflow.includefile.IncludedFile"

# All that Metaflow writes, before and since 2.19.26; stored the same way (datastore/artifacts/serializer.py).
_PICKLES = frozenset({"pickle-v2", "pickle-v4", "gzip+pickle-v2", "gzip+pickle-v4"})

# `_success` and `_task_ok` of every task are one of these: no need to read them.
_KNOWN_SHAS = {
    hashlib.sha1(pickle.dumps(value, protocol), usedforsecurity=False).hexdigest(): value
    for value in (True, False, None)
    for protocol in (2, 4)
}

# Of included files. The encoding is a stranger's word, and some of Python's take quadratic time.
_ENCODINGS = frozenset({"utf-8", "utf8", "utf-8-sig", "ascii", "latin-1", "iso-8859-1", "cp1252", "utf-16", "utf-32"})

_TOGETHER = 16  # artifacts decoded at a time: bounds what is held in memory

# A Config that was assigned to an artifact is shown as the dict that it holds.
_KNOWN_CLASSES: dict[str, Callable[[decoding.Instance], object]] = {
    "metaflow.user_configs.config_parameters.ConfigValue": lambda config: config.args[0] if config.args else {},
}


class ValueKey(NamedTuple):
    """An artifact's value in one of its forms.

    data: the JSON view, of an included file its content. object: the JSON view of what is pickled itself.
    type: dotted name of the class. preview: as text, cut to `length` characters.
    """

    provider: str
    pathspec: str
    attempt: int
    content_type: str
    blob: BlobKey
    form: Form = "data"
    length: int = 0

    @property
    def info(self) -> InfoKey:
        """Where the datastore recorded what it is."""
        return InfoKey(self.provider, self.blob.root, parent(self.pathspec), self.attempt)


class _Kept(NamedTuple):
    """A value in the cache, where None would mean that there is none."""

    value: JSON


def value_key(artifact: records.DataArtifact) -> ValueKey:
    """The key of an artifact's data."""
    blob = BlobKey(artifact.root, artifact.path_components[0], artifact.sha)
    return ValueKey(artifact.provider, artifact.pathspec, artifact.attempt, artifact.content_type, blob)


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Values read so far, kept between operations: what a hash stands for never changes."""

    cache: ByteCache = field(default_factory=lambda: ByteCache(64 * 2**20))
    limits: decoding.Limits = field(default_factory=decoding.Limits)

    def reader(self, datastore: Datastore) -> "ArtifactReader":
        return ArtifactReader(datastore, self.cache, self.limits)


@dataclass(frozen=True, slots=True)
class ArtifactReader:
    """Reads and decodes the artifacts of one datastore."""

    datastore: Datastore
    cache: ByteCache
    limits: decoding.Limits

    async def values(self, keys: list[ValueKey]) -> list[JSON | GatewayError]:
        """Each artifact in the form asked for; ArtifactTooLarge or ArtifactUnreadable where it can't be given."""
        answers: dict[ValueKey, JSON | GatewayError] = {}
        unread: dict[BlobKey, list[ValueKey]] = {}
        for key in keys:
            if key.content_type not in _PICKLES:
                answers[key] = ArtifactUnreadable(
                    f"{key.pathspec} is encoded as {key.content_type[:80]!a}, which the gateway does not read."
                )
            elif key.form in ("data", "object") and key.blob.sha in _KNOWN_SHAS:
                answers[key] = _KNOWN_SHAS[key.blob.sha]
            elif kept := self.cache.get(_cache_key(key)):
                answers[key] = kept.value
            else:
                unread.setdefault(key.blob, []).append(key)
        blobs = list(unread)
        for start in range(0, len(blobs), _TOGETHER):
            answers |= await self._read({blob: unread[blob] for blob in blobs[start : start + _TOGETHER]})
        return [answers[key] for key in keys]

    async def _read(self, wanted: dict[BlobKey, list[ValueKey]]) -> dict[ValueKey, JSON | GatewayError]:
        """What is wanted of some blobs, each read and decoded once."""
        pickles = dict(zip(wanted, await self.datastore.blobs(list(wanted), self.limits.bytes), strict=True))
        objects = await asyncio.to_thread(self._decoded, pickles)
        contents = await self._contents(objects)
        enums = await self._enums(key for blob in wanted if _maybe_enum(objects[blob]) for key in wanted[blob])

        def views() -> dict[tuple[object, ...], JSON | GatewayError]:
            shown = {(*_cache_key(key), key in enums): key for keys in wanted.values() for key in keys}
            return {
                of_key: self._view(
                    objects[key.blob] if key.form == "object" else contents.get(key.blob, objects[key.blob]),
                    key.form,
                    key.length,
                    key in enums,
                )
                for of_key, key in shown.items()
            }

        shown = await asyncio.to_thread(views)
        answers: dict[ValueKey, JSON | GatewayError] = {}
        for key in (key for keys in wanted.values() for key in keys):
            answer = shown[(*_cache_key(key), key in enums)]
            if isinstance(answer, GatewayError):
                answers[key] = _named(answer, key.pathspec)
                continue
            answers[key] = answer
            if not _maybe_enum(objects[key.blob]):
                self.cache.put(_cache_key(key), _Kept(answer), 500 + 4 * len(cast("bytes", pickles[key.blob])))
        return answers

    def _decoded(self, pickles: dict[BlobKey, bytes | GatewayError]) -> dict[BlobKey, object]:
        """The object of each blob, inert, or the error that it met."""
        return {
            blob: found
            if isinstance(found, GatewayError)
            else _attempted(lambda read=found: decoding.decode(read, self.limits))
            for blob, found in pickles.items()
        }

    async def _contents(self, objects: dict[BlobKey, object]) -> dict[BlobKey, object]:
        """Of each IncludeFile its text or bytes, as Metaflow's client gives them (includefile.py:IncludedFile)."""
        files = {blob: described for blob, found in objects.items() if (described := descriptor(found)) is not None}
        urls = [str(described.get("url")) for described in files.values()]
        contents = await self.datastore.included_files(urls, self.limits.bytes) if urls else []
        return {
            blob: _text(content, described) for (blob, described), content in zip(files.items(), contents, strict=True)
        }

    async def _enums(self, keys: Iterable[ValueKey]) -> set[ValueKey]:
        """Those of the artifacts that Metaflow recorded as members of an enum: a pickle does not always tell."""
        asked = list(keys)
        infos = await self.datastore.infos(list({key.info: None for key in asked})) if asked else []
        of_attempt = dict(zip({key.info: None for key in asked}, infos, strict=True))
        return {key for key in asked if _recorded_enum(of_attempt[key.info], key.pathspec)}

    def _view(self, found: object, form: Form, length: int, enum: bool) -> JSON | GatewayError:
        """The form asked for of an object."""
        if isinstance(found, GatewayError):
            return found
        if form == "preview":
            return decoding.preview(found, length)
        if form == "type":
            return decoding.type_name(found)
        return _attempted(lambda: decoding.to_json(found, self.limits, enum=enum, known=_KNOWN_CLASSES))


def descriptor(found: object) -> dict[str, object] | None:
    """What an IncludedFile says of its file: url, is_text, encoding, size; None for any other object."""
    if not isinstance(found, decoding.Instance) or found.name != INCLUDED_FILE:
        return None
    state = cast("dict[str, object]", found.state) if isinstance(found.state, dict) else {}
    described = state.get("_descriptor")
    return cast("dict[str, object]", described) if isinstance(described, dict) else {}


def file_size(view: JSON) -> int | None:
    """The size (bytes) of an included file, out of the JSON view of its IncludedFile; None where it has none."""
    described = cast("dict[str, Any]", view).get("_descriptor") if isinstance(view, dict) else None
    size = cast("dict[str, Any]", described).get("size") if isinstance(described, dict) else None
    return size if isinstance(size, int) else None


def _text(content: bytes | GatewayError, described: dict[str, object]) -> object:
    if isinstance(content, GatewayError) or not described.get("is_text"):
        return content
    encoding = str(described.get("encoding") or "utf-8").lower()
    try:
        return content.decode(encoding) if encoding in _ENCODINGS else content
    except ValueError:
        return content


def _attempted(read: Callable[[], T]) -> T | GatewayError:
    try:
        return read()
    except decoding.TooLarge as error:
        return ArtifactTooLarge(str(error))
    except decoding.DecodingError as error:
        return ArtifactUnreadable(str(error))


def _named(error: GatewayError, pathspec: str) -> GatewayError:
    """The error of a blob, which several artifacts may share, as that of this artifact."""
    return type(error)(f"{pathspec}: {error}")


def _cache_key(key: ValueKey) -> tuple[object, ...]:
    """What the form of a value depends on, besides whether Metaflow recorded it as an enum."""
    return key.provider, key.blob, key.form, key.length


def _maybe_enum(found: object) -> bool:
    return isinstance(found, decoding.Instance) and len(found.args) == 1


def _recorded_enum(infos: dict[str, records.ArtifactInfo] | GatewayError | None, pathspec: str) -> bool:
    if not isinstance(infos, dict):
        return False
    info = infos.get(pathspec.rpartition("/")[2])
    return info is not None and (info.type or "").startswith(("<enum ", "<flag "))
