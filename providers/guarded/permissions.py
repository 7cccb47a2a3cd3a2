"""What grants come to: which runs they are about, and what they show of those."""

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from .. import records
from ..errors import Forbidden
from ..grants import Grant, Right
from ..pathspec import name, run_of
from .expressions import searching

Grants = tuple[Grant, ...]

# How a task ended, which its status tells too.
_ENDINGS = frozenset({"_task_ok", "_success"})
_GRAPH = "_graph_info"  # holds docstrings, and the arguments of decorators
# Artifacts of Metaflow's own that hold values of others: of whatever a foreach runs over, of the flow's constants.
_HOLDS_OTHERS = re.compile(f"_foreach_.*|{_GRAPH}", re.DOTALL)
_WHAT = {
    Right.VALUES: "see values",
    Right.CARDS: "see cards",
    Right.LOGS: "see logs",
    Right.CODE: "see the code",
    Right.TAGS: "change the tags",
}
_QUOTED = re.compile(r"\[([*?\[])\]")
_LEVEL_OF_ARTIFACTS = 4  # slashes in a pathspec


class Permissions:
    """What is granted of a run: of several grants about it, each thing by whichever of them grants it."""

    def __init__(self, grants: Grants) -> None:
        self.rights = frozenset(right for grant in grants for right in grant.all_rights)
        self._values = [grant for grant in grants if Right.VALUES in grant.rights]
        self._logs = [grant for grant in grants if Right.LOGS in grant.rights]
        self.shows_all_values = any(not grant.hidden_names for grant in self._values)

    def shows(self, artifact: str) -> bool:
        """Whether the value of an artifact of that name may be shown."""
        if artifact == _GRAPH and Right.CODE not in self.rights:
            return False
        if self.shows_all_values or artifact in _ENDINGS:
            return True
        # All that is left hide something.
        return not _HOLDS_OTHERS.fullmatch(artifact) and any(
            not matches(artifact, grant.hidden_names) for grant in self._values
        )

    @property
    def hidden_lines(self) -> "HiddenLines | None":
        """Which lines of logs are not shown; None where all are."""
        hidden = tuple(grant.hidden_lines for grant in self._logs)
        return HiddenLines(hidden) if all(hidden) else None

    def refusal(self, right: Right, pathspec: str) -> Forbidden | None:
        """Why what the right is about may not be read of an object (of an artifact: its value), or changed."""
        if right is Right.VALUES and pathspec.count("/") == _LEVEL_OF_ARTIFACTS:
            if self.shows(name(pathspec)):
                return None
            if right in self.rights:
                return Forbidden(f"The value of {pathspec} is hidden from you.")
        return None if right in self.rights else forbidden(right, pathspec)


class HiddenLines(NamedTuple):
    """Lines that each of the grants hides by one of its patterns."""

    patterns: tuple[tuple[str, ...], ...]

    def __call__(self, line: str) -> bool:
        return all(any(searching(pattern)(line) for pattern in of_grant) for of_grant in self.patterns)

    @property
    def digest(self) -> str:
        """Another one where other lines may be hidden."""
        return sha256(repr(self.patterns).encode()).hexdigest()[:16]


def forbidden(right: Right, pathspec: str) -> Forbidden:
    """The error of what nobody granted."""
    return Forbidden(f"You are not granted to {_WHAT[right]} of {run_of(pathspec)}.")


# Of thousands of runs most are alike, and have one object.
permissions = lru_cache(maxsize=1024)(Permissions)


def about_provider(grants: Iterable[Grant], provider: str, *, has_tags: bool) -> Grants:
    """The grants that may be about a run of the provider; where runs have no tags, those that are about every one."""
    named = (grant for grant in grants if grant.metadata is None or provider in grant.metadata)
    return tuple(
        grant for grant in named if grant.namespaces is None or (has_tags and (grant.namespaces or grant.user_tags))
    )


def about_run(grants: Grants, run: records.Run) -> Grants:
    """Those that are about the run."""
    return tuple(grant for grant in grants if _is_about(grant, run))


def exact_tags(grants: Grants) -> frozenset[str] | None:
    """Tags of which each run has at least one that the grants are about; None where only looking at it tells."""
    tags = [_exact(pattern) for grant in grants for pattern in (*(grant.namespaces or ()), *grant.user_tags)]
    if None in tags or any(grant.namespaces is None for grant in grants):
        return None
    return frozenset(tag for tag in tags if tag is not None)


def matches(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether it is as one of the patterns has it (fnmatch, upper and lower case apart)."""
    return any(pattern.match(text) for pattern in _compiled(patterns))


def _is_about(grant: Grant, run: records.Run) -> bool:
    return (
        grant.namespaces is None
        or any(matches(tag, grant.namespaces) for tag in run.system_tags)
        or any(matches(tag, grant.user_tags) for tag in run.user_tags)
    )


def _exact(pattern: str) -> str | None:
    """The only text that matches it, as of one with quoted characters; None where there may be others."""
    return None if set(_QUOTED.sub("", pattern)) & set("*?[") else _QUOTED.sub(r"\1", pattern)


@lru_cache(maxsize=1024)
def _compiled(patterns: tuple[str, ...]) -> list[re.Pattern[str]]:
    return [re.compile(translate(pattern)) for pattern in patterns]
