"""IncludeFile: the artifact describes a file, whose content lies elsewhere (metaflow/includefile.py:IncludedFile)."""

from typing import Any, NamedTuple, cast

from .. import decoding
from .errors import GatewayError

INCLUDED_FILE = "metaflow.includefile.IncludedFile"

# The encoding is a stranger's word, and some of Python's take quadratic time.
_ENCODINGS = frozenset({"utf-8", "utf8", "utf-8-sig", "ascii", "latin-1", "iso-8859-1", "cp1252", "utf-16", "utf-32"})


def descriptor(found: object) -> dict[str, object] | None:
    """What an IncludedFile says of its file: url, is_text, encoding, size; None for any other object."""
    if not isinstance(found, decoding.Instance) or found.name != INCLUDED_FILE:
        return None
    state = cast("dict[str, object]", found.state) if isinstance(found.state, dict) else {}
    described = state.get("_descriptor")
    return cast("dict[str, object]", described) if isinstance(described, dict) else {}


class IncludedFile(NamedTuple):
    """Where an included file is, the SHA-1 of its content, and of a text its encoding."""

    url: str
    sha: str
    encoding: str | None


def described_by(view: object) -> IncludedFile | None:
    """The file, out of the JSON view of its IncludedFile; None where it has none."""
    described = cast("dict[str, Any]", view).get("_descriptor") if isinstance(view, dict) else None
    url = cast("dict[str, Any]", described).get("url") if isinstance(described, dict) else None
    if not isinstance(url, str):
        return None
    of_file = cast("dict[str, Any]", described)
    encoding = str(of_file.get("encoding") or "utf-8").lower()
    known = of_file.get("is_text") and encoding in _ENCODINGS
    return IncludedFile(url, url.rpartition("/")[2], encoding if known else None)


def file_size(view: object) -> int | None:
    """The size (bytes) of an included file, out of the JSON view of its IncludedFile; None where it has none."""
    described = cast("dict[str, Any]", view).get("_descriptor") if isinstance(view, dict) else None
    size = cast("dict[str, Any]", described).get("size") if isinstance(described, dict) else None
    return size if isinstance(size, int) else None


def text(content: bytes | GatewayError, described: dict[str, object]) -> object:
    """The content as text, where it is described as such: as bytes otherwise."""
    if isinstance(content, GatewayError) or not described.get("is_text"):
        return content
    encoding = str(described.get("encoding") or "utf-8").lower()
    try:
        return content.decode(encoding) if encoding in _ENCODINGS else content
    except ValueError:
        return content
