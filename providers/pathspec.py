"""Pathspecs: Flow/Run/Step/Task/Artifact. What passes here is safe as a part of a path and of a URL."""

import re
from collections.abc import Sequence

from .errors import InvalidPathspec

LEVELS = ("Flow", "Run", "Step", "Task", "DataArtifact")
_EXAMPLES = ("HelloFlow", "HelloFlow/2", "HelloFlow/2/start", "HelloFlow/2/start/1", "HelloFlow/2/start/1/x")

# Metaflow checks only how many parts there are, and globs with them (`*`), walks up (`..`) or makes objects of
# empty ones. No name that it writes has separators, glob or control characters, or is longer than a file name.
_COMPONENT = re.compile(r"(?!\.{1,2}\Z)[^/\\*?\[\]\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,255}")


def is_component(text: str) -> bool:
    """Whether a name or id can be one part of a pathspec: asked of those that metadata hold, strangers' words too."""
    return _COMPONENT.fullmatch(text) is not None


def component(text: str, what: str) -> str:
    """A name or id that is one part of a pathspec; `what` names it in the InvalidPathspec of one that is none."""
    if is_component(text):
        return text
    raise InvalidPathspec(f"{shown(text)} is no {what}: it is one part of a pathspec, like those of {_EXAMPLES[-1]}.")


def parse(text: str, level: int | None = None) -> list[str]:
    """The components of a pathspec of that level (1 Flow … 5 DataArtifact), or of any; raises InvalidPathspec."""
    parts = text.split("/", len(LEVELS))
    levels = range(1, len(LEVELS) + 1) if level is None else (level,)
    if len(parts) not in levels or not all(map(_COMPONENT.fullmatch, parts)):
        raise InvalidPathspec(f"{shown(text)} is no pathspec of {_expected(levels)}.")
    return parts


def shown(text: str) -> str:
    """Text of a client's in a message: quoted, without control characters, cut short."""
    return ascii(text if len(text) <= 80 else text[:77] + "...")


def parent(pathspec: str) -> str:
    """The pathspec one level up."""
    return pathspec.rpartition("/")[0]


def name(pathspec: str) -> str:
    """The last component."""
    return pathspec.rpartition("/")[2]


def run_of(pathspec: str) -> str:
    """The run that an object of any level from the run down belongs to."""
    return "/".join(pathspec.split("/", 2)[:2])


def _expected(levels: Sequence[int]) -> str:
    if len(levels) > 1:
        return "a flow, run, step, task or artifact: HelloFlow/2/start/1/x"
    article = "an" if LEVELS[levels[0] - 1][0] in "AEIOU" else "a"
    return f"{article} {LEVELS[levels[0] - 1]}: it looks like {_EXAMPLES[levels[0] - 1]}"
