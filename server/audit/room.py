"""What a line says of mutations, which has room for so much."""

import json
from collections.abc import Sequence
from typing import Any

from .mutations import Mutated
from .outcomes import NOTHING_CHANGED, OK

_BYTES = 16_384


def told(mutations: Sequence[tuple[Mutated, str | None]]) -> dict[str, Any]:
    """`mutations` in their order, each with its outcome, and of how many there was no room to tell, if of any.

    One that changed something always stands there; then come those that may have, then the others, then tags.
    """
    room = _BYTES
    lines: dict[str, dict[str, Any]] = {}
    ordered = sorted(mutations, key=lambda of: of[1] in NOTHING_CHANGED)
    for one, outcome in ordered:
        line: dict[str, Any] = {
            "field": one.field,
            "run": one.run,
            "metadata": one.metadata,
            "tags": [],
            "outcome": outcome,
        }
        if outcome == OK or _size(line) <= room:
            room -= _size(line)
            lines[one.key] = line
    for one, _ in ordered:
        if told_of := lines.get(one.key):
            tags = told_of["tags"] = _that_fit(one.tags, room)
            room -= sum(map(_size, tags))
            if more := one.all_tags - len(tags):
                told_of["moreTags"] = more
    more = len(mutations) - len(lines)
    found = {"mutations": [lines[one.key] for one, _ in mutations if one.key in lines]}
    return {**found, "moreMutations": more} if more else found


def _that_fit(tags: list[str], room: int) -> list[str]:
    for count, tag in enumerate(tags):
        room -= _size(tag)
        if room < 0:
            return tags[:count]
    return tags


def _size(value: object) -> int:
    """In bytes of the log, with what is between it and the next."""
    return len(json.dumps(value)) + 2
