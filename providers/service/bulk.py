"""What is asked of a run as a whole: one question for all of its tasks, and none that has no end.

Measured on the service: a run's metadata costs it as much as that of three tasks asked one by one; a page of a run's
artifacts as much as all of them, for each page sorts all.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from .. import hierarchy, records
from ..memory import Lately, Memory
from ..pathspec import is_pathspec, parent, run_of
from . import foreach_stacks, rows
from .routes import Routes

FEW = 3  # from so many tasks of a run on, it is asked for as a whole
_TASKS_OF_A_PAGE = 10  # that cost as much, asked for alone
_MOST_PAGES = 100  # of a run's metadata
_MOST_TASKS = 1_000  # of a run that is asked for as a whole, where the service gives no pages


class RunMetadata:
    """The metadata of all tasks of a run, `events` of each, oldest first, and what they tell of its steps and tasks.

    Every task has metadata from a moment after its creation on. `first`: when (ms) the first event was, of each task
    and of each step. `tasks`: of each step. `cloned`: the steps that a resume cloned tasks of, side by side, so that
    of these events do not tell which was created first.
    """

    def __init__(self, found: Iterable[rows.MetadataRow]) -> None:
        by_task: dict[str, list[rows.MetadataRow]] = defaultdict(list)
        for row in found:
            task = rows.task_of(row)
            if is_pathspec(task, 4):
                by_task[task].append(row)
        self.events = {task: events_of(of_task) for task, of_task in by_task.items()}
        self.first: dict[str, int] = {}
        self.tasks: dict[str, list[str]] = defaultdict(list)
        self.cloned: set[str] = set()
        for task, events in self.events.items():
            step, began = parent(task), events[0].ts_epoch
            self.tasks[step].append(task)
            self.first[task] = began
            self.first[step] = min(self.first.get(step, began), began)
            if any(event.name == "origin-task-id" for event in events):
                self.cloned.add(step)


class Bulk:
    """The questions of one operation about whole runs. `large`: those that are known to be too large for them."""

    def __init__(self, routes: Routes, memory: Memory, large: Lately) -> None:
        self._routes = routes
        self._memory = memory
        self._large = large

    async def metadata(self, run: str, tasks: int) -> RunMetadata | None:
        """The metadata of a run, for so many of its tasks; None where it is larger than that is worth."""
        worth = min(tasks // _TASKS_OF_A_PAGE, _MOST_PAGES)
        if (worth < 1 and self._large.get(("metadata", run))) or not await self._fits(run):
            return None
        return await (await self._pages(run)).up_to(max(1, worth))

    async def newest_event(self, run: str) -> int | None:
        """When (ms) anything was last recorded in a run; None where nothing was, or only the tasks would tell."""
        if not await self._fits(run):
            return None
        return (await self._pages(run)).newest

    def knows_metadata(self, run: str) -> bool:
        """Whether a run's metadata were asked for already."""
        return self._memory.asked(("run metadata", run))

    async def artifacts(self, above: str) -> list[rows.ArtifactPlace] | None:
        """Those of the latest attempts in a run or step; None where there are too many to be asked for at once."""
        if self._large.get(("artifacts", above)) or not await self._fits(run_of(above)):
            return None
        return await self._memory.once(("artifacts", above), lambda: self._artifacts(above))

    def knows_artifacts(self, above: str) -> bool:
        return self._memory.asked(("artifacts", above))

    async def tasks(self, step: str) -> list[rows.TaskPlace]:
        """The tasks of a step, in no order."""
        return await self._memory.once(("tasks", step), lambda: self._routes.tasks(step))

    async def steps(self, run: str) -> list[rows.StepRow]:
        """The steps of a run, in no order."""
        return await self._memory.once(("steps", run), lambda: self._routes.steps(run))

    async def _pages(self, run: str) -> "_Pages":
        return await self._memory.once(("run metadata", run), lambda: self._first_page(run))

    async def _first_page(self, run: str) -> "_Pages":
        pages = _Pages(self._routes, run)
        if await pages.up_to(1) is None:
            self._large.put(("metadata", run), answer=True)
        return pages

    async def _artifacts(self, above: str) -> list[rows.ArtifactPlace] | None:
        found = await self._routes.artifacts(above)
        if found.next_cursor is None:
            return latest(found.content)
        self._large.put(("artifacts", above), answer=True)
        return None

    async def _fits(self, run: str) -> bool:
        """Whether a service that gives no pages may be asked for all of a run: it answers no one else meanwhile."""
        return await self._routes.has_pages() or await self._memory.once(("fits", run), lambda: self._counted(run))

    async def _counted(self, run: str) -> bool:
        if not self._large.get(("tasks", run)):
            steps = map(rows.step_of, await self.steps(run))
            if sum(map(len, await asyncio.gather(*map(self.tasks, steps)))) <= _MOST_TASKS:
                return True
            self._large.put(("tasks", run), answer=True)
        return False


class _Pages:
    """A run's metadata, the newest first, as far as it was read."""

    def __init__(self, routes: Routes, run: str) -> None:
        self._routes = routes
        self._run = run
        self._rows: list[rows.MetadataRow] = []
        self._cursor: str | None = None
        self._read = 0
        self._whole: RunMetadata | None = None
        self._reading = Memory()

    @property
    def newest(self) -> int | None:
        """When (ms) the newest event was."""
        return max((row.ts_epoch for row in self._rows), default=None)

    async def up_to(self, pages: int) -> RunMetadata | None:
        """All of it, where it has no more pages than that."""
        while self._whole is None and self._read < pages:
            await self._reading.once(self._read, self._next)
        return self._whole

    async def _next(self) -> None:
        found = await self._routes.metadata_of_run(self._run, self._cursor)
        self._rows += found.content
        self._cursor = found.next_cursor
        self._read += 1
        if self._cursor is None:
            self._whole = RunMetadata(self._rows)


def events_of(found: Iterable[rows.MetadataRow]) -> list[records.Metadata]:
    """The events of a task, oldest first."""
    return [
        hierarchy.event(row.field_name, foreach_stacks.value(row), row.type, row.tags, row.ts_epoch)
        for row in sorted(found, key=lambda row: (row.ts_epoch, row.id))
    ]


def latest(found: list[rows.ArtifactPlace]) -> list[rows.ArtifactPlace]:
    """Those of each task's highest attempt: pages have names, too, that only an earlier one had."""
    highest: dict[str, int] = {}
    for row in found:
        task = rows.task_of(row)
        highest[task] = max(row.attempt_id, highest.get(task, 0))
    return [row for row in found if row.attempt_id == highest[rows.task_of(row)]]
