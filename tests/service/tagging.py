"""The mutation of a run's tags: a serializable transaction, of which the later of two that overlap loses."""

import asyncio
from collections import Counter
from random import Random
from typing import Any

from aiohttp import web

from .asked import Asked
from .releases import Can
from .replies import Refused, database_refused, missing


class Mutations:
    """How often each run was changed, by which a mutation finds out that another came before it."""

    def __init__(self) -> None:
        self._of_run = Counter[int]()
        # Always the same, so that a test that failed does so again.
        self._chance = Random(0)

    async def mutate(self, asked: Asked) -> web.Response:
        asked.must(Can.TAGS_OF_RUN)
        add, remove = _lists(await asked.fields())
        key = asked.run_key
        if key is None:
            raise missing()
        seen = self._of_run[key]
        await asyncio.sleep(asked.options.mutation_seconds)
        if self._of_run[key] != seen or self._chance.random() < asked.options.conflicts:
            raise Refused(409, "Conflicting concurrent tag mutation, please retry")
        tags, changed = _mutated(asked, key, add, remove)
        if changed:
            self._of_run[key] += 1
            asked.store.tag(key, tags)
        return asked.answer({"tags": tags})


def _mutated(asked: Asked, key: int, add: list[str], remove: list[str]) -> tuple[list[str], bool]:
    """The user's tags as they will be, and whether that is a change; removal is first."""
    row = asked.store.row("SELECT * FROM run_view WHERE run_key = ?", key)
    if row is None:
        raise missing()
    now = asked.told(row)
    if of_system := set(now["system_tags"]).intersection(remove):
        raise Refused(422, f"Cannot remove tags that are existing system tags {of_system}")
    if any("\0" in tag for tag in add):
        raise database_refused("22P05", "unsupported Unicode escape sequence")
    kept = [tag for tag in now["tags"] if tag not in remove]
    tags = [*dict.fromkeys((*kept, *(tag for tag in add if tag not in now["system_tags"])))]
    return tags, set(tags) != set(now["tags"])


def _lists(body: dict[str, Any]) -> tuple[list[str], list[str]]:
    lists = [body.get("tags_to_add", []), body.get("tags_to_remove", [])]
    for name, given in zip(("tags_to_add", "tags_to_remove"), lists, strict=True):
        if not isinstance(given, list):
            raise Refused(400, f"{name} must be a list")
    if not all(isinstance(tag, str) for given in lists for tag in given):
        raise Refused(400, "All tag values must be strings")
    return lists[0], lists[1]
