"""Flows, steps and tasks: by what a run's metadata tells of all of them, or one by one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from .. import hierarchy, records
from ..base import FlowKey, Key
from ..errors import CorruptMetadata, GatewayError, NamespaceMismatch
from ..memory import Memory
from ..natural import natural
from ..pathspec import is_component, name, parent, run_of, shown
from . import rows
from .bulk import FEW, Bulk
from .routes import Routes

AnyIn = Callable[[str, str], Awaitable[bool]]


class Hierarchy:
    """One operation's view of a service's flows, steps and tasks. `any_in`: whether a flow has runs with a tag."""

    def __init__(
        self, provider: str, routes: Routes, memory: Memory, bulk: Bulk, any_in: AnyIn, of_records: bool
    ) -> None:
        self._provider = provider
        self._routes = routes
        self._memory = memory
        self._bulk = bulk
        self._any_in = any_in
        # Their own rows will be asked for anyway: metadata would be asked for the sake of their names alone.
        self._of_records = of_records

    async def flow(self, key: FlowKey) -> records.Flow | None:
        """The flow; raises NamespaceMismatch where none of its runs is in the namespace."""
        flow = key.name or ""
        row = await self._flow(flow)
        if row is None:
            return None
        if key.namespace is not None and not await self._any_in(flow, key.namespace):
            raise NamespaceMismatch(f"Flow {flow} has no run in the namespace {shown(key.namespace)}.")
        return hierarchy.flow(self._provider, row.flow_id, key.namespace)

    async def flows_in(self, key: FlowKey) -> list[records.Flow | GatewayError]:
        """The flows of the namespace, by name."""
        namespace = key.namespace
        names = sorted(row.flow_id for row in await self.flow_rows() if is_component(row.flow_id))
        if namespace is None:
            return [hierarchy.flow(self._provider, flow, None) for flow in names]
        found = await asyncio.gather(*(self._any_in(flow, namespace) for flow in names), return_exceptions=True)
        entries: list[records.Flow | GatewayError] = []
        for flow, present in zip(names, found, strict=True):
            if isinstance(present, GatewayError):
                entries.append(present)
            elif isinstance(present, BaseException):
                raise present
            elif present:
                entries.append(hierarchy.flow(self._provider, flow, namespace))
        return entries

    async def flow_rows(self) -> list[rows.FlowRow]:
        """All flows, in no order."""
        return await self._memory.once("flows", self._routes.flows)

    async def step(self, pathspec: str, *, wanted: int) -> records.Step | None:
        """A step, one of so many of its run that are wanted."""
        run = run_of(pathspec)
        if self._bulk.knows_metadata(run):
            metadata = await self._bulk.metadata(run, 1)
            if metadata and pathspec in metadata.tasks:
                return hierarchy.step(self._provider, pathspec)
        row = await self._step_row(pathspec, wanted=wanted)
        return row and hierarchy.step(self._provider, rows.step_of(row))

    async def steps_of(self, run: str) -> list[records.Step | GatewayError]:
        """The steps of a run, newest first."""
        metadata = None if self._of_records else await self._bulk.metadata(run, 1)
        if metadata is None or len(metadata.cloned) > 1:
            found = await self._bulk.steps(run)
            times = {rows.step_of(row): row.ts_epoch for row in found if is_component(row.step_name)}
        else:
            times = {step: metadata.first[step] for step in metadata.tasks}
        return [hierarchy.step(self._provider, step) for step in _newest_first(times)]

    async def task(self, key: Key, *, wanted: int) -> records.Task | None:
        """The task at the attempt that the key asks for, one of so many of its run that are wanted."""
        run = run_of(key.pathspec)
        if wanted >= FEW or self._bulk.knows_metadata(run):
            metadata = await self._bulk.metadata(run, wanted)
            if metadata and key.pathspec in metadata.events:
                return hierarchy.task(self._provider, key.pathspec, metadata.first[key.pathspec], key.attempt)
        row = await self._task_row(key.pathspec, wanted=1)
        return row and hierarchy.task(self._provider, rows.task_of(row), _position(row), key.attempt)

    async def tasks_of(self, step: str, *, wanted: int) -> list[records.Task | GatewayError]:
        """The tasks of a step, newest first; `wanted`: of how many steps of its run."""
        metadata = None if self._of_records else await self._bulk.metadata(run_of(step), wanted)
        if metadata is None or (step in metadata.cloned and len(metadata.tasks[step]) > 1):
            found = await self._bulk.tasks(step)
            times = {rows.task_of(row): _position(row) for row in found if is_component(str(row.task_id))}
        else:
            times = {task: metadata.first[task] for task in metadata.tasks.get(step, ())}
        return [hierarchy.task(self._provider, task, times[task]) for task in _newest_first(times)]

    async def created_at(self, pathspec: str, *, wanted: int) -> int | None:
        """The `ts_epoch` of a flow, step or task; `wanted`: of how many below its parent. Raises CorruptMetadata."""
        match pathspec.count("/"):
            case 0:
                row = await self._flow(pathspec)
            case 2:
                row = await self._step_row(pathspec, wanted=wanted)
            case _:
                row = await self._task_row(pathspec, wanted=wanted)
                if row is not None and not isinstance(row, rows.TaskRow):
                    raise CorruptMetadata(f"The metadata service's row of {pathspec} can't be read: it tells no time.")
        return row and row.ts_epoch

    async def _flow(self, flow: str) -> rows.FlowRow | None:
        if self._memory.asked("flows"):
            return next((row for row in await self.flow_rows() if row.flow_id == flow), None)
        return await self._memory.once(("flow", flow), lambda: self._routes.flow(flow))

    async def _step_row(self, step: str, *, wanted: int) -> rows.StepRow | None:
        run = parent(step)
        if wanted > 1 or self._memory.asked(("steps", run)):
            return next((row for row in await self._bulk.steps(run) if row.step_name == name(step)), None)
        return await self._memory.once(("step", step), lambda: self._routes.step(step))

    async def _task_row(self, task: str, *, wanted: int) -> rows.TaskPlace | None:
        step = parent(task)
        if wanted >= FEW or self._memory.asked(("tasks", step)):
            for row in await self._bulk.tasks(step):
                if str(row.task_id) == name(task):
                    return row
        return await self._memory.once(("task", task), lambda: self._routes.task(task))


def _position(row: rows.TaskPlace) -> int:
    return row.ts_epoch if isinstance(row, rows.TaskRow) else 0


def _newest_first(times: dict[str, int]) -> Sequence[str]:
    return sorted(times, key=lambda pathspec: (times[pathspec], natural(name(pathspec))), reverse=True)
