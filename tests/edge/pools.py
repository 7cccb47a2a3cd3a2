"""Values that arguments take: such as a history really has, and such as nobody should send."""

from collections import defaultdict
from random import Random
from typing import Any, cast

import orjson
from starlette.types import ASGIApp

from .calling import call
from .hostile import sent

_ALL = """{ flows(first: 60) { edges { cursor node { id name
  runs(first: 3) { edges { cursor node { id pathspec runId userTags systemTags user createdAt
    steps { id pathspec name
      tasks(first: 2) { edges { cursor node { id pathspec taskId exception { type }
        artifacts { id pathspec name } metadata { name } cards { type cardId }
        loglines(first: 2) { edges { cursor } } } } } } } } } } } } }"""

_ODD_TEXTS = (
    *("", " ", "null", "a" * 300, "\0", "\n", '"', "\\", "../..", "/", "//", "Made", "Made/", "/1", "Flow/1/2/3/4/5"),
    *("é", "🎉", "\u202e", "ﷺ", "%s", "{}", "$HOME", "*", "[a-z]+", "' OR 1=1", "__proto__", "2026-01-01T00:00:00Z"),
    *("2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "user:tester", "-1", "0", "1e9"),
)
_ODD_NUMBERS = (-1, 0, 1, 2, 50, 499, 500, 501, 2**31 - 1, -(2**31))
_WRONG: tuple[Any, ...] = (None, True, 1.5, 2**53, "x", [], {}, [[1]], {"a": None})
# What arguments take (of one field, or of any): the names of what objects have, with their depth in the hierarchy.
_TAKEN_BY = {
    "pathspec 1": ("run.pathspec", "addTags.pathspec", "removeTags.pathspec", "replaceTags.pathspec"),
    "pathspec 2": ("step.pathspec",),
    "pathspec 3": ("task.pathspec",),
    "pathspec 4": ("artifact.pathspec",),
    "name 0": ("flow.name", "get.name", "flow", "flows", "nameContains"),
    "name 2": ("step.name", "steps"),
    "name 4": ("name", "names"),
    "metadata": ("metadataProvider.name",),
    "tags": ("anyTags", "add", "remove", "prefix", "contains", "namespace"),
    "createdAt": ("createdAfter", "createdBefore"),
    "cursor": ("after", "before"),
    "runId": ("runIdPrefix",),
    "id": ("ids",),
    "user": ("users",),
}
_OF = {argument: name for name, arguments in _TAKEN_BY.items() for argument in arguments}
# Tasks with what few have: logs, cards, exceptions.
_OF_MUCH = "tasks of much"
_OFTEN = 5
_PARTS = ("prefix", "contains", "nameContains", "runIdPrefix")
_FEW = (1, 1, 2, 3)


class Pools:
    """Draws values for an argument, by its name and type."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        self._known = known

    def known(self, field: str, name: str) -> list[str]:
        """Texts that an argument of a field may well take; none where it takes what nobody records."""
        return self._known.get(_OF.get(f"{field}.{name}") or _OF.get(name, name), [])

    def value(self, chance: Random, field: str, name: str, kind: str) -> Any:
        """A value of a scalar: of a hundred about 85 are as they should be, and 2 are of another type."""
        pick = chance.random()
        if pick < 0.02:
            return chance.choice(_WRONG)
        if kind == "Int":
            return chance.choice(_ODD_NUMBERS if pick < 0.1 else _FEW)
        if kind == "Boolean":
            return chance.random() < 0.5
        known = self.known(field, name)
        if pick > 0.15 and known:
            text = chance.choice(known)
            return text[: chance.randrange(1, 6)] if name in _PARTS else text
        if pick > 0.08:
            return chance.choice(chance.choice(list(self._known.values())))
        return chance.choice(_ODD_TEXTS)


async def pools(app: ASGIApp) -> Pools:
    """Of what the application's history has."""
    told = orjson.loads((await call(app, sent(_ALL))).content)
    found: dict[str, set[str]] = defaultdict(set)
    _gather(told["data"], "", 0, found)
    found["tags"] = found.pop("userTags") | found.pop("systemTags")
    found["metadata"], found["path"], found["grep"] = {"default"}, {"INFO"}, {"a", "[", "task"}
    known = {name: sorted(values) for name, values in found.items()}
    known["pathspec 3"] += _OFTEN * known.pop(_OF_MUCH)
    return Pools(known)


def _gather(value: Any, name: str, depth: int, found: dict[str, set[str]]) -> None:
    """All texts, by the names of their fields; pathspecs and names by their objects' depth, which is 0 of flows."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        of = fields.get("pathspec", "").count("/")
        if fields.get("exception") or fields.get("cards") or fields.get("loglines", {}).get("edges"):
            found[_OF_MUCH].add(fields["pathspec"])
        for key, inner in fields.items():
            _gather(inner, key, of, found)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            _gather(inner, name, depth, found)
    elif isinstance(value, str):
        found[name].add(value)
        if name in ("pathspec", "name"):
            found[f"{name} {depth}"].add(value)
