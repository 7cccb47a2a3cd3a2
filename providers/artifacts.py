"""From an artifact's record to its value: where the bytes lie, how they are encoded, what Metaflow wraps them in.

Nothing of an artifact is executed: decoding/ reads the pickle structurally.
"""

import asyncio
import hashlib
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from sys import getsizeof
from time import monotonic
from typing import Any, Literal, NamedTuple, TypeVar, cast

from .. import decoding
from . import records, usage
from .base import BlobKey, Datastore, InfoKey
from .cache import ByteCache
from .errors import ArtifactTooLarge, ArtifactUnreadable, GatewayError, LimitExceeded
from .included_files import INCLUDED_FILE, descriptor, text
from .pathspec import name, parent

JSON = Any
Form = Literal["data", "object", "type", "preview"]
T = TypeVar("T")

# All that Metaflow writes, before and since 2.19.26; stored the same way (datastore/artifacts/serializer.py).
_PICKLES = frozenset({"pickle-v2", "pickle-v4", "gzip+pickle-v2", "gzip+pickle-v4"})

# `_success` and `_task_ok` of every task are one of these: no need to read them.
_KNOWN_SHAS = {
    hashlib.sha1(pickle.dumps(value, protocol), usedforsecurity=False).hexdigest(): value
    for value in (True, False, None)
    for protocol in (2, 4)
}

_TOGETHER = 64 * 2**20  # bytes of blobs that are held at a time
_KEPT = 65_536  # bytes of a view in the cache, at most
_COUNTED = 2**30  # bytes of a view: larger ones count as this
_A_SCALAR = 32  # bytes that one takes in memory, about
_SIZED: frozenset[type] = frozenset({str, list, dict})
_TOO_MUCH = "The artifacts of this answer are too large together (valuesBytes in serverInfo.limits): ask for fewer."

# A few hundred megabytes each, at worst. A turn ends after so long: others wait for theirs.
_DECODERS = ThreadPoolExecutor(2, thread_name_prefix="decoding")
_TURN_SECONDS = 0.1

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


Wanted = dict[BlobKey, list[ValueKey]]
# Forms that are of the pickled object, where that describes a file.
_OF_ITSELF = ("object", "type")


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
        while unread:
            found = await self.datastore.blobs(list(unread), self.limits.bytes, _TOGETHER)
            read = {blob: entry for blob, entry in zip(unread, found, strict=True) if entry is not None}
            answers |= await self._read({blob: unread.pop(blob) for blob in read}, read)
        return [answers[key] for key in keys]

    async def _read(
        self, wanted: Wanted, pickles: dict[BlobKey, bytes | GatewayError]
    ) -> dict[ValueKey, JSON | GatewayError]:
        """What is wanted of some blobs, each decoded once."""
        answers: dict[ValueKey, JSON | GatewayError] = {}
        while pickles:
            some, unsettled = await _in_turn(lambda: self._decoded(wanted, pickles))
            answers |= some | await self._settled({blob: wanted[blob] for blob in unsettled}, unsettled)
        return answers

    def _decoded(
        self, wanted: Wanted, pickles: dict[BlobKey, bytes | GatewayError]
    ) -> tuple[dict[ValueKey, JSON | GatewayError], dict[BlobKey, object]]:
        """The answers of as many as one turn has time for, and the objects that say too little alone.

        What is done is taken out of `pickles`, and all else of it dropped: it may be large.
        """
        answers: dict[ValueKey, JSON | GatewayError] = {}
        unsettled: dict[BlobKey, object] = {}
        until = monotonic() + _TURN_SECONDS
        while pickles and monotonic() < until:
            usage.current.get().go_on()
            blob, read = pickles.popitem()
            found = read if isinstance(read, GatewayError) else self._object(read)
            if _says_too_little(found, wanted[blob]):
                unsettled[blob] = found
                continue
            views = {(key.form, key.length): key for key in wanted[blob]}
            shown = {form: self._view(found, key, None) for form, key in views.items()}
            answers |= {key: _named(shown[key.form, key.length], key.pathspec) for key in wanted[blob]}
            for form, key in views.items():
                self._keep(key, shown[form])
        return answers, unsettled

    async def _settled(self, wanted: Wanted, objects: dict[BlobKey, object]) -> dict[ValueKey, JSON | GatewayError]:
        """The answers that take more than the pickle: an included file, or what Metaflow recorded of the object."""
        keys = [key for of_blob in wanted.values() for key in of_blob]
        contents, infos = await self._contents(objects), await self._infos(keys)

        def views() -> dict[ValueKey, JSON | GatewayError]:
            found = {key: objects[key.blob] if key.form in _OF_ITSELF else contents[key.blob] for key in keys}
            return {key: _named(self._view(found[key], key, infos[key]), key.pathspec) for key in keys}

        return await _in_turn(views) if keys else {}

    async def _contents(self, objects: dict[BlobKey, object]) -> dict[BlobKey, object]:
        """Of an IncludeFile its text or bytes, as Metaflow's client gives them (includefile.py:IncludedFile)."""
        files = {blob: described for blob, found in objects.items() if (described := descriptor(found)) is not None}
        urls = [str(described.get("url")) for described in files.values()]
        contents = await self.datastore.included_files(urls, self.limits.bytes) if urls else []
        texts = [text(content, described) for content, described in zip(contents, files.values(), strict=True)]
        return objects | dict(zip(files, texts, strict=True))

    async def _infos(self, keys: list[ValueKey]) -> dict[ValueKey, records.ArtifactInfo | None]:
        """What Metaflow recorded of each object, where that can be read."""
        attempts = list({key.info: None for key in keys})
        found = dict(zip(attempts, await self.datastore.infos(attempts) if attempts else [], strict=True))
        of_attempts = {key: found[key.info] for key in keys}
        return {key: of.get(name(key.pathspec)) if isinstance(of, dict) else None for key, of in of_attempts.items()}

    def _keep(self, key: ValueKey, answer: JSON | GatewayError) -> None:
        weight = _KEPT + 1 if isinstance(answer, GatewayError) else _weight(answer, _KEPT)
        if weight <= _KEPT:
            self.cache.put(_cache_key(key), _Kept(answer), weight)

    def _object(self, read: bytes) -> object:
        if usage.current.get().values_left <= 0:
            return LimitExceeded(_TOO_MUCH)
        return _attempted(lambda: decoding.decode(read, self.limits, _KNOWN_CLASSES))

    def _view(self, found: object, key: ValueKey, info: records.ArtifactInfo | None) -> JSON | GatewayError:
        """The form asked for of an object; `info` is what Metaflow recorded of it."""
        if isinstance(found, ArtifactTooLarge) and key.form == "preview" and info:
            return f"{info.type}, {info.size} bytes: too large to be read here"[: key.length]
        if isinstance(found, GatewayError):
            return found
        if key.form == "preview":
            return decoding.preview(found, key.length)
        if key.form == "type":
            return decoding.type_name(found)
        # A pickle does not always tell that an object is a member of an enum.
        enum = info is not None and (info.type or "").startswith(("<enum ", "<flag "))
        view = _attempted(lambda: decoding.to_json(found, self.limits, enum=enum))
        usage.current.get().values_left -= _weight(view, _COUNTED)
        return view


def _attempted(read: Callable[[], T]) -> T | GatewayError:
    try:
        return read()
    except decoding.TooLarge as error:
        return ArtifactTooLarge(str(error))
    except decoding.DecodingError as error:
        return ArtifactUnreadable(str(error))


def _named(answer: JSON | GatewayError, pathspec: str) -> JSON | GatewayError:
    """The error of a blob, which several artifacts may share, as that of this artifact."""
    return type(answer)(f"{pathspec}: {answer}") if isinstance(answer, GatewayError) else answer


def _cache_key(key: ValueKey) -> tuple[object, ...]:
    """All that an answer depends on, where the pickle says enough alone."""
    return key.provider, key.blob, key.form, key.length


def _weight(view: object, most: int) -> int:
    """About how many bytes a view takes in memory; not counted much further than `most`."""
    weight, waiting = 500, [view]
    while waiting and weight <= most:
        one = waiting.pop()
        weight += getsizeof(one)
        if isinstance(one, list | dict):
            inner = cast("list[JSON] | dict[str, JSON]", one)
            weight += _A_SCALAR * len(inner)
            waiting += [entry for entry in inner if type(entry) in _SIZED]
            waiting += [entry for entry in inner.values() if type(entry) in _SIZED] if isinstance(inner, dict) else []
    return weight


async def _in_turn(decode: Callable[[], T]) -> T:
    """What it returns, once a decoder is free: of other requests, and of one that a client has given up, no more."""
    run: Callable[[Callable[[], T]], T] = copy_context().run
    return await asyncio.get_running_loop().run_in_executor(_DECODERS, run, decode)


def _says_too_little(found: object, keys: list[ValueKey]) -> bool:
    """Whether an object is a file's description, may be an enum's member, or is only to be outlined."""
    if isinstance(found, ArtifactTooLarge):
        return any(key.form == "preview" for key in keys)
    return isinstance(found, decoding.Instance) and (found.name == INCLUDED_FILE or len(found.args) == 1)
