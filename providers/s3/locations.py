"""Where things lie in S3. What metadata say of it are strangers' words: only what is under configured roots is read."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from .. import pathspec as pathspecs
from ..errors import ArtifactUnreadable

SCHEME = "s3://"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
# Prefixes are people's own; keys may have any characters, but none that a path can't.
_PART = re.compile(r"(?!\.{1,2}\Z)[^/\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,1024}")
_LONGEST_KEY = 1024  # bytes of UTF-8


class Location(NamedTuple):
    """An object, or all whose keys begin with `key/`; of a whole bucket the key is empty."""

    bucket: str
    key: str

    def below(self, path: str) -> "Location":
        return Location(self.bucket, f"{self.key}/{path}" if self.key else path)

    def holds(self, other: "Location") -> bool:
        """Whether the other lies below it, or is the same."""
        return self.bucket == other.bucket and f"{other.key}/".startswith(f"{self.key}/" if self.key else "")


def location(url: str) -> Location | None:
    """What `s3://bucket/prefix` names, with or without a slash at its end; None for all else."""
    bucket, _, key = url.removeprefix(SCHEME).rstrip("/").partition("/")
    sound = url.startswith(SCHEME) and _BUCKET.fullmatch(bucket) and len(key.encode(errors="replace")) <= _LONGEST_KEY
    if not sound or (key and not all(map(_PART.fullmatch, key.split("/")))):
        return None
    return Location(bucket, key)


def configured(url: str) -> Location:
    """The location of a root out of the configuration; raises ValueError."""
    found = location(url)
    if found is None:
        raise ValueError(f"{url} is not of the form s3://bucket/prefix")
    return found


class Roots:
    """Locations are followed at and below these, whatever is said of others."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._roots = tuple(map(configured, urls))

    def followed(self, url: str) -> Location:
        """Where the URL leads; ArtifactUnreadable where that is not under a root."""
        scheme, separator, _ = url.partition("://")
        if f"{scheme}{separator}" != SCHEME:
            raise ArtifactUnreadable(f"It is stored in {pathspecs.shown(scheme if separator else 'local')}, not in S3.")
        found = location(url)
        if found is None or not any(root.holds(found) for root in self._roots):
            raise ArtifactUnreadable("It is not under the roots in S3 that the gateway is configured for.")
        return found

    def below(self, root: str, path: str) -> Location:
        """Where a path below the root leads; ArtifactUnreadable where one of both is none that is followed."""
        if not all(map(pathspecs.is_component, path.split("/"))):
            raise ArtifactUnreadable("Its record names no place in a datastore.")
        return self.followed(root).below(path)
