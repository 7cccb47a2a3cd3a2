"""Pathspecs: Flow/Run/Step/Task/Artifact. What passes here is safe as a part of a path and of a URL."""

import re

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
    if not is_pathspec(text, level):
        raise InvalidPathspec(f"{shown(text)} is no pathspec of {_expected(level)}.")
    return text.split("/")


def is_pathspec(text: str, level: int | None = None) -> bool:
    """Whether it is a pathspec of that level, or of any."""
    parts = text.split("/", len(LEVELS))
    known = len(parts) <= len(LEVELS) if level is None else len(parts) == level
    return known and all(map(_COMPONENT.fullmatch, parts))


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


def _expected(level: int | None) -> str:
    if level is None:
        return f"a flow, run, step, task or artifact, which look like {_EXAMPLES[-1]}"
    return f"a {LEVELS[level - 1]}, which looks like {_EXAMPLES[level - 1]}"
