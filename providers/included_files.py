"""IncludeFile: the artifact describes a file, whose content lies elsewhere (metaflow/includefile.py:IncludedFile)."""

from typing import NamedTuple, cast

from .. import decoding
from . import pathspec as pathspecs
from .blobs import is_sha
from .errors import ArtifactUnreadable, GatewayError
from .records import ArtifactInfo

INCLUDED_FILE = "metaflow.includefile.IncludedFile"
_RECORDED_TYPE = f"<class '{INCLUDED_FILE}'>"

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
    described = _in_view(view)
    url = described.get("url")
    return IncludedFile(url, url.rpartition("/")[2], _encoding(described)) if isinstance(url, str) else None


def place(url: str) -> tuple[str, str]:
    """Flow and SHA-1 of an included file: below one of its roots, Metaflow puts it at `<flow>/<sha>`, packed.

    ArtifactUnreadable of a URL that does not end so.
    """
    _, flow, sha = f"//{url}".rsplit("/", 2)
    if not pathspecs.is_component(flow) or not is_sha(sha):
        raise ArtifactUnreadable("The included file is not where Metaflow puts them.")
    return flow, sha


def of_flow(url: str, flow: str) -> str | ArtifactUnreadable:
    """The URL, where it is of a file of that flow; else why it is not followed: what an artifact says leads nowhere in
    another flow."""
    try:
        named, _ = place(url)
    except ArtifactUnreadable as error:
        return error
    return url if named == flow else ArtifactUnreadable("The included file is one of another flow.")


def outside() -> ArtifactUnreadable:
    return ArtifactUnreadable("The included file is not under the roots that the gateway is configured for.")


def gone() -> ArtifactUnreadable:
    return ArtifactUnreadable("The included file is gone.")


def file_size(view: object) -> int | None:
    """The size (bytes) of an included file, out of the JSON view of its IncludedFile; None where it has none."""
    size = _in_view(view).get("size")
    return size if isinstance(size, int) else None


def text(content: bytes | GatewayError, described: dict[str, object]) -> object:
    """The content as text, where it is described as such: as bytes otherwise."""
    encoding = _encoding(described)
    if isinstance(content, GatewayError) or encoding is None:
        return content
    try:
        return content.decode(encoding)
    except ValueError:
        return content


def is_included(info: ArtifactInfo | None) -> bool:
    """Whether an artifact is an IncludedFile, by what the datastore recorded of it."""
    return info is not None and info.type == _RECORDED_TYPE


def _in_view(view: object) -> dict[str, object]:
    described = cast("dict[str, object]", view).get("_descriptor") if isinstance(view, dict) else None
    return cast("dict[str, object]", described) if isinstance(described, dict) else {}


def _encoding(described: dict[str, object]) -> str | None:
    """Of a text; None of other files, and of texts in an encoding that is not followed."""
    encoding = str(described.get("encoding") or "utf-8").lower()
    return encoding if described.get("is_text") and encoding in _ENCODINGS else None
