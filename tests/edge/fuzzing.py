"""Many requests to one application: the form of each answer is looked at, and what is left of them afterwards."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import orjson
from graphql import parse
from starlette.types import ASGIApp

from .calling import call
from .consistent import Selected
from .drawn_requests import request
from .form import Malformed, checked, outcome
from .hostile import Sent
from .pools import Pools

AT_ONCE = 8
# Until what a request began has ended.
_TURNS = 200


@dataclass
class Report:
    """How requests ended, by their outcome and status, and the codes of all errors."""

    outcomes: Counter[str] = field(default_factory=Counter[str])
    codes: Counter[str] = field(default_factory=Counter[str])


async def judged(app: ASGIApp, sent: Sent, report: Report) -> None:
    """Send a request; raises Malformed, with the request, where it is answered as none may be."""
    answer = await call(app, sent)
    try:
        told = checked(answer)
        if "data" in told:
            asked = _asked(sent)
            selected = Selected(parse(asked["query"]), asked.get("operationName"), asked.get("variables") or {})
            selected.check(told)
    except Exception as error:
        raise Malformed(f"{error}\nasked: {sent}\nanswered: {answer.content[:2_000]!r}") from error
    report.outcomes[f"{outcome(told)} {answer.status}"] += 1
    report.codes.update(error["extensions"]["code"] for error in told.get("errors", ()))


def _asked(sent: Sent) -> dict[str, Any]:
    if sent.method == "POST":
        return orjson.loads(sent.body)
    parameters: dict[str, Any] = dict(parse_qsl(sent.target.partition("?")[2], keep_blank_values=True))
    return parameters | {"variables": orjson.loads(parameters.get("variables") or "null")}


async def fuzzed(app: ASGIApp, pools: Pools, seed: int, numbers: Iterable[int], report: Report) -> None:
    """The requests of a seed that have these numbers, some at a time."""
    waiting: list[int] = []
    for number in numbers:
        waiting.append(number)
        if len(waiting) == AT_ONCE:
            await _some(app, pools, seed, waiting, report)
            waiting.clear()
    await _some(app, pools, seed, waiting, report)


async def _some(app: ASGIApp, pools: Pools, seed: int, numbers: list[int], report: Report) -> None:
    sent = [request(pools, Random(f"{seed} {number}")) for number in numbers]
    ended = await asyncio.gather(*(judged(app, each, report) for each in sent), return_exceptions=True)
    for number, error in zip(numbers, ended, strict=True):
        if isinstance(error, BaseException):
            raise Malformed(f"request {number} of seed {seed}: {error}") from error
    await check_tasks()


async def check_tasks() -> None:
    """Raises Malformed where requests that were answered have left tasks that go on."""
    for _ in range(_TURNS):
        if len(asyncio.all_tasks()) == 1:
            return
        await asyncio.sleep(0.001)
    raise Malformed(f"tasks are left: {asyncio.all_tasks()}")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0


class Logged(logging.Handler):
    """What the gateway tells of its own faults, kept for whoever looks for the reason of an INTERNAL_SERVER_ERROR."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))
