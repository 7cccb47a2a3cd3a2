"""Clients of a gateway that soak it: they read, change tags, leave, and judge what they are told."""

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from faults import SECRET
from questions import CODES, Question, judged

LEAVING = 0.05  # of the answers to readers so many are not waited for
TAGS_KEPT = 15  # of each client, on each run
SECONDS = 70  # an operation has 60
MUTATE = """mutation ($run: String!, $add: [String!]!, $remove: [String!]!) {
    replaceTags(pathspec: $run, remove: $remove, add: $add) { run { pathspec userTags } } }"""
TAGS = "query ($run: String!) { run(pathspec: $run) { pathspec userTags } }"


class Tags:
    """What tags of clients the runs must have: those of acknowledged changes.

    Of changes that are under way, or were answered with an error, nobody knows what came.
    """

    def __init__(self, runs: list[str]) -> None:
        self.runs = runs
        self._sure: dict[str, set[str]] = defaultdict(set)
        self._doubtful: dict[str, set[str]] = defaultdict(set)

    def begin(self, run: str, add: str, remove: list[str]) -> None:
        self._doubtful[run] |= {add, *remove}

    def done(self, run: str, add: str, remove: list[str]) -> None:
        self._sure[run] = (self._sure[run] - {*remove}) | {add}
        self._doubtful[run] -= {add, *remove}

    def strange(self, run: str, found: list[str], own: str = "client-") -> set[str]:
        """Those whose names begin so that are there and should not be, or should be and are not."""
        differing = ({*found} ^ self._sure[run]) - self._doubtful[run]
        return {tag for tag in differing if tag.startswith(own)}


@dataclass
class Clients:
    """Until `ends` (time.monotonic()) they ask what they know the answers of. `wrong`: what they were told else."""

    url: str
    expected: list[tuple[Question, Any]]
    tags: Tags
    ends: float
    outcomes: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])

    async def read(self, number: int) -> None:
        chance = random.Random(number)
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < self.ends:
                question, expected = chance.choice(self.expected)
                leaves = chance.random() < LEAVING
                try:
                    answer = await self._sent(session, question, chance.random() / 10 if leaves else SECONDS)
                except TimeoutError:
                    self.outcomes["left" if leaves else "unanswered"] += 1
                else:
                    self._judge(question, expected, answer)

    async def mutate(self, number: int) -> None:
        """Adds tags that no other adds, takes away the oldest of them, and looks at once whether that was done."""
        chance, own, made = random.Random(number), f"client-{number}-", 0
        kept: dict[str, list[str]] = {run: [] for run in self.tags.runs}
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < self.ends:
                run, made = chance.choice(self.tags.runs), made + 1
                add, remove = f"{own}{made}", kept[run][:1] if len(kept[run]) >= TAGS_KEPT else []
                kept[run] = [*kept[run][len(remove) :], add]
                await self._change(session, run, add, remove, own)
                await self._look(session, run, own)

    async def _change(self, session: aiohttp.ClientSession, run: str, add: str, remove: list[str], own: str) -> None:
        self.tags.begin(run, add, remove)
        answer = await self._sent(session, Question(MUTATE, {"run": run, "add": [add], "remove": remove}))
        if "errors" in answer:
            self.outcomes["changes with errors"] += 1
            codes = {error["extensions"]["code"] for error in answer["errors"]}
            self.wrong += [json.dumps(answer)] * bool(codes - CODES - {"TAG_CONFLICT"})
        else:
            self.outcomes["changes"] += 1
            self.tags.done(run, add, remove)
            self._compare(run, answer["data"]["replaceTags"]["run"], own)

    async def _look(self, session: aiohttp.ClientSession, run: str, own: str) -> None:
        question = Question(TAGS, {"run": run})
        answer = await self._sent(session, question)
        found = answer["data"] and answer["data"]["run"]
        if found is None:
            self._judge(question, {"run": {}}, answer)
        else:
            self.outcomes["right"] += 1
            self._compare(run, found, own)

    async def _sent(self, session: aiohttp.ClientSession, question: Question, seconds: float = SECONDS) -> Any:
        async with asyncio.timeout(seconds), session.post(self.url, json=question.body) as response:
            text = await response.text()
        self.wrong += [text] * (SECRET in text)
        return json.loads(text)

    def _judge(self, question: Question, expected: Any, answer: dict[str, Any]) -> None:
        try:
            self.outcomes[judged(expected, answer)] += 1
        except AssertionError as error:
            self.wrong.append(f"{question}: {error}")

    def _compare(self, run: str, found: dict[str, Any], own: str) -> None:
        if strange := self.tags.strange(run, found["userTags"], own):
            self.wrong.append(f"{run}: {strange} in {found}")
