"""From an artifact's record to its value: where the bytes lie, how they are encoded, what Metaflow wraps them in.

Nothing of an artifact is executed: decoding/ reads the pickle structurally.
"""

import hashlib
import pickle
import re
from collections import defaultdict
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

from .. import decoding
from . import records, usage, views
from .base import BlobKey, Datastore, InfoKey
from .cache import ByteCache
from .errors import ArtifactTooLarge, ArtifactUnreadable, GatewayError
from .included_files import INCLUDED_FILE, descriptor, of_flow, text
from .pathspec import name, parent
from .turns import Turns
from .views import JSON, Form, in_turn

# All that Metaflow writes, before and since 2.19.26; stored the same way (datastore/artifacts/serializer.py).
_PICKLE = re.compile("(gzip\\+)?pickle-v[0-5]")

# `_success` and `_task_ok` of every task are one of these: no need to read them.
_KNOWN_SHAS = {
    hashlib.sha1(pickle.dumps(value, protocol), usedforsecurity=False).hexdigest(): value
    for value in (True, False, None)
    for protocol in (2, 4)
}

# Bytes of blobs that are held at a time by each of those that read, of whom so many do of a provider: one whose store
# does not answer is to keep nobody else waiting.
_TOGETHER, _READERS = 64 * 2**20, 8
KEPT = 65_536  # bytes of a view in the cache, at most; those are of no budget
# A turn of decoding ends after so long: others wait for theirs.
_TURN_SECONDS = 0.1


class ValueKey(NamedTuple):
    """An artifact's value in one of its forms.

    data: the JSON view, of an included file its content. object: the JSON view of what is pickled itself.
    type: dotted name of the class. preview: as text, cut to `length` characters. table: its first `length` rows, as
    records.TablePreview; None of what is no table.
    """

    provider: str
    pathspec: str
    attempt: int
    content_type: str
    blob: BlobKey
    form: Form = "data"
    length: int = 0


Wanted = dict[BlobKey, list[ValueKey]]
_OfProviders = defaultdict[str, Turns]
# Forms that are of the pickled object, where that describes a file.
_OF_ITSELF = ("object", "type", "table")


class _Kept(NamedTuple):
    """A value in the cache, where None would mean that there is none."""

    value: JSON


def value_key(artifact: records.DataArtifact) -> ValueKey:
    """The key of an artifact's data."""
    blob = BlobKey(artifact.root, artifact.path_components[0], artifact.blob or artifact.sha)
    return ValueKey(artifact.provider, artifact.pathspec, artifact.attempt, artifact.content_type, blob)


def info_key(of: records.DataArtifact | ValueKey) -> InfoKey:
    """Where the datastore recorded what it is."""
    root = of.blob.root if isinstance(of, ValueKey) else of.root
    return InfoKey(of.provider, root, parent(of.pathspec), of.attempt)


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Values read so far, kept between operations: what a hash stands for never changes."""

    cache: ByteCache = field(default_factory=lambda: ByteCache(64 * 2**20))
    limits: decoding.Limits = field(default_factory=decoding.Limits)
    turns: _OfProviders = field(default_factory=lambda: defaultdict(lambda: Turns(_READERS)))

    def reader(self, datastore: Datastore) -> "ArtifactReader":
        return ArtifactReader(datastore, self.cache, self.limits, self.turns)


@dataclass(frozen=True, slots=True)
class ArtifactReader:
    """Reads and decodes the artifacts of one datastore."""

    datastore: Datastore
    cache: ByteCache
    limits: decoding.Limits
    turns: _OfProviders

    async def values(self, keys: list[ValueKey]) -> list[JSON | GatewayError]:
        """Each artifact of a provider in the form asked for; ArtifactTooLarge or ArtifactUnreadable where it can't be
        given."""
        answers: dict[ValueKey, JSON | GatewayError] = {}
        unread: dict[BlobKey, list[ValueKey]] = {}
        for key in keys:
            if _PICKLE.fullmatch(key.content_type) is None:
                answers[key] = ArtifactUnreadable(
                    f"{key.pathspec} is encoded as {key.content_type[:80]!a}, which the gateway does not read."
                )
            elif key.form in ("data", "object") and key.blob.sha in _KNOWN_SHAS:
                answers[key] = _KNOWN_SHAS[key.blob.sha]
            elif kept := self.cache.get(_cache_key(key)):
                answers[key] = kept.value
            else:
                unread.setdefault(key.blob, []).append(key)
        spent = usage.current.get()
        while unread:
            async with self.turns[keys[0].provider].turn(spent.asker or spent):
                read = await self._some(list(unread))
                wanted = {blob: unread.pop(blob) for blob in read}
                tables = {
                    blob: _taken_out(wanted, blob) for blob, of in read.items() if isinstance(of, ArtifactTooLarge)
                }
                answers |= await self._read(wanted, read)
            answers |= await self._large_tables(tables)
        return [answers[key] for key in keys]

    async def _some(self, keys: list[BlobKey]) -> dict[BlobKey, bytes | GatewayError]:
        """As many blobs as may be held at a time."""
        found = await self.datastore.blobs(keys, self.limits.bytes, _TOGETHER)
        return {blob: entry for blob, entry in zip(keys, found, strict=True) if entry is not None}

    async def _read(
        self, wanted: Wanted, pickles: dict[BlobKey, bytes | GatewayError]
    ) -> dict[ValueKey, JSON | GatewayError]:
        """What is wanted of some blobs, each decoded once."""
        answers: dict[ValueKey, JSON | GatewayError] = {}
        while pickles:
            some, unsettled = await in_turn(lambda: self._decoded(wanted, pickles))
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
            found = read if isinstance(read, GatewayError) else views.decoded(read, self.limits)
            if isinstance(found, ArtifactTooLarge) and isinstance(read, bytes):
                answers |= self._tables_in_pieces(wanted, blob, read)
            if _says_too_little(found, wanted[blob]):
                unsettled[blob] = found
                continue
            by_form = {(key.form, key.length): key for key in wanted[blob]}
            shown = {form: self._view(found, key, None) for form, key in by_form.items()}
            answers |= {key: _named(shown[key.form, key.length], key.pathspec) for key in wanted[blob]}
            for form, key in by_form.items():
                self._keep(key, shown[form])
        return answers, unsettled

    def _tables_in_pieces(self, wanted: Wanted, blob: BlobKey, pickle: bytes) -> dict[ValueKey, JSON | GatewayError]:
        """The tables that are wanted of what takes too many steps; they are taken out of `wanted`."""
        tables = _taken_out(wanted, blob)
        if not tables:
            return {}
        longest = views.table_in_pieces(pickle, tables[0].length, self.limits)
        answers: dict[ValueKey, JSON | GatewayError] = {}
        for key in tables:
            table = views.head(longest, key.length)
            answers[key] = _named(table, key.pathspec)
            self._keep(key, table)
        return answers

    async def _large_tables(self, wanted: Wanted) -> dict[ValueKey, JSON | GatewayError]:
        """The tables that are wanted of what is too large to be held."""
        answers: dict[ValueKey, JSON | GatewayError] = {}
        for blob, tables in wanted.items():
            # The longest has the rows of the others, and reading it all again may take seconds.
            longest: JSON | GatewayError = None
            for place, key in enumerate(tables):
                if place == 0 or isinstance(longest, GatewayError):
                    longest = usage.current.get().full() or await views.streamed_table(
                        self.datastore.stream(blob), key.length, self.limits
                    )
                table = views.head(longest, key.length)
                answers[key] = _named(table, key.pathspec)
                self._keep(key, table)
        return answers

    async def _settled(self, wanted: Wanted, objects: dict[BlobKey, object]) -> dict[ValueKey, JSON | GatewayError]:
        """The answers that take more than the pickle: an included file, or what Metaflow recorded of the object."""
        keys = [key for of_blob in wanted.values() for key in of_blob]
        contents, infos = await self._contents(objects), await self._infos(keys)

        def shown() -> dict[ValueKey, JSON | GatewayError]:
            found = {key: objects[key.blob] if key.form in _OF_ITSELF else contents[key.blob] for key in keys}
            return {key: _named(self._view(found[key], key, infos[key]), key.pathspec) for key in keys}

        return await in_turn(shown) if keys else {}

    async def _contents(self, objects: dict[BlobKey, object]) -> dict[BlobKey, object]:
        """Of an IncludeFile its text or bytes, as Metaflow's client gives them (includefile.py:IncludedFile)."""
        files = {blob: described for blob, found in objects.items() if (described := descriptor(found)) is not None}
        urls = [of_flow(str(described.get("url")), blob.flow) for blob, described in files.items()]
        followed = [url for url in urls if isinstance(url, str)]
        read = iter(await self.datastore.included_files(followed, self.limits.bytes) if followed else [])
        contents = [next(read) if isinstance(url, str) else url for url in urls]
        texts = [text(content, described) for content, described in zip(contents, files.values(), strict=True)]
        return objects | dict(zip(files, texts, strict=True))

    async def _infos(self, keys: list[ValueKey]) -> dict[ValueKey, records.ArtifactInfo | None]:
        """What Metaflow recorded of each object, where that can be read."""
        attempts = list({info_key(key): None for key in keys})
        found = dict(zip(attempts, await self.datastore.infos(attempts) if attempts else [], strict=True))
        of_attempts = {key: found[info_key(key)] for key in keys}
        return {key: of.get(name(key.pathspec)) if isinstance(of, dict) else None for key, of in of_attempts.items()}

    def _keep(self, key: ValueKey, answer: JSON | GatewayError) -> None:
        weight = KEPT + 1 if isinstance(answer, GatewayError) else views.weight(answer, KEPT)
        if weight <= KEPT:
            self.cache.put(_cache_key(key), _Kept(answer), weight)

    def _view(self, found: object, key: ValueKey, info: records.ArtifactInfo | None) -> JSON | GatewayError:
        return views.shown(found, key.form, key.length, self.limits, info)


def _taken_out(wanted: Wanted, blob: BlobKey) -> list[ValueKey]:
    """The tables that are wanted of a blob, the longest first; they are wanted no more."""
    tables = [key for key in wanted[blob] if key.form == "table"]
    wanted[blob] = [key for key in wanted[blob] if key.form != "table"]
    return sorted(tables, key=lambda key: key.length, reverse=True)


def _named(answer: JSON | GatewayError, pathspec: str) -> JSON | GatewayError:
    """The error of a blob, which several artifacts may share, as that of this artifact."""
    return type(answer)(f"{pathspec}: {answer}") if isinstance(answer, GatewayError) else answer


def _cache_key(key: ValueKey) -> tuple[object, ...]:
    """All that an answer depends on, where the pickle says enough alone."""
    return key.provider, key.blob, key.form, key.length


def _says_too_little(found: object, keys: list[ValueKey]) -> bool:
    """Whether an object is a file's description, may be an enum's member, or is only to be outlined."""
    if isinstance(found, ArtifactTooLarge):
        return any(key.form == "preview" for key in keys)
    return isinstance(found, decoding.Instance) and (found.name == INCLUDED_FILE or len(found.args) == 1)
