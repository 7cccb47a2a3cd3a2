"""Flows, steps and tasks in a datastore: by the names of its folders."""

import asyncio

from .. import hierarchy, records
from .. import pathspec as pathspecs
from ..base import FlowKey, Key
from ..errors import GatewayError, NamespaceMismatch
from ..natural import natural
from .listings import Listings
from .runs import PARAMETERS, Runs

FEW = 3  # of a step's tasks: more than so many are looked for in its listing

_Place = tuple[int, int, tuple[str | int, ...]]


class Hierarchy:
    """One operation's view of them."""

    def __init__(self, provider: str, listings: Listings, runs: Runs) -> None:
        self._provider = provider
        self._listings = listings
        self._runs = runs

    async def flow(self, key: FlowKey) -> records.Flow | None:
        """The flow; raises NamespaceMismatch for any namespace, for no run has tags."""
        flow = key.name or ""
        if not await self._listings.holds_flow(flow):
            return None
        if key.namespace is not None:
            raise NamespaceMismatch(f"Flow {flow} has no run in the namespace {pathspecs.shown(key.namespace)}.")
        return hierarchy.flow(self._provider, flow, None)

    async def flows_in(self, key: FlowKey) -> list[records.Flow | GatewayError]:
        """The flows by name; none in any namespace."""
        if key.namespace is not None:
            return []
        return [hierarchy.flow(self._provider, name, None) for name in await self._listings.flows()]

    async def step(self, key: Key) -> records.Step | None:
        there = pathspecs.name(key.pathspec) in await self._listings.steps(pathspecs.parent(key.pathspec))
        return hierarchy.step(self._provider, key.pathspec) if there else None

    async def steps_of(self, run: Key) -> list[records.Step | GatewayError]:
        """The steps of a run, newest first."""
        steps = [f"{run.pathspec}/{name}" for name in await self._listings.steps(run.pathspec)]
        places = await self._places(steps)
        return [hierarchy.step(self._provider, step) for step in sorted(steps, key=places.__getitem__, reverse=True)]

    async def task(self, key: Key, *, wanted: int) -> records.Task | None:
        """The task at the attempt that the key asks for, one of so many of its step that are wanted."""
        step, task = pathspecs.parent(key.pathspec), pathspecs.name(key.pathspec)
        if wanted >= FEW or self._listings.knows_tasks(step):
            there = task in await self._listings.tasks(step)
        else:
            there = bool(await self._listings.files(key.pathspec))
        return hierarchy.task(self._provider, key.pathspec, 0, key.attempt) if there else None

    async def tasks_of(self, step: Key) -> list[records.Task | GatewayError]:
        """The tasks of a step, newest first: by their ids, which Metaflow counts."""
        names = sorted(await self._listings.tasks(step.pathspec), key=natural, reverse=True)
        return [hierarchy.task(self._provider, f"{step.pathspec}/{name}", 0) for name in names]

    async def created_at(self, key: Key) -> int | None:
        """When a flow, step or task began, as its first files tell (ms since the epoch)."""
        match key.pathspec.count("/"):
            case 0:
                return await self._runs.created_at(key.pathspec)
            case 2:
                return await self._listings.began(key.pathspec)
            case _:
                files = await self._listings.files(key.pathspec)
                return min((one.modified_ms for of_one in files.values() for one in of_one.values()), default=None)

    async def _places(self, steps: list[str]) -> dict[str, _Place]:
        """Where each step of a run stands, later ones as greater.

        Most steps need not be looked into: a run begins with `start` and ends with `end`, as far as it has them.
        """
        ends = {PARAMETERS: 0, "start": 1, "end": 3}
        known = {step: (ends[name], 0, natural(name)) for step in steps if (name := pathspecs.name(step)) in ends}
        between = [step for step in steps if step not in known]
        times = await self._times(between) if len(between) > 1 else [0 for _ in between]
        return known | {
            step: (2, time, natural(pathspecs.name(step))) for step, time in zip(between, times, strict=True)
        }

    async def _times(self, steps: list[str]) -> list[int]:
        """When each began, by the numbers of their first tasks where tasks are counted, else by the files of these."""
        tasks = await asyncio.gather(*map(self._listings.tasks, steps))
        if all(name.isascii() and name.isdecimal() for of_step in tasks for name in of_step):
            return [min(map(int, of_step), default=0) for of_step in tasks]
        return [began or 0 for began in await asyncio.gather(*map(self._listings.began, steps))]
