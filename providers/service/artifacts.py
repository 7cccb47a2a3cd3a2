"""The artifact records of tasks: of many tasks of a run at once, or of one."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from .. import hierarchy, records
from ..base import Key
from ..errors import CorruptMetadata, GatewayError
from ..memory import Memory
from ..pathspec import is_component, name, parent, run_of
from . import rows
from .bulk import FEW, Bulk, latest
from .client import NoRoute
from .routes import Routes


class Latest(NamedTuple):
    """The rows of a task's highest attempt that registered any, by name; `attempt` is None where none has."""

    attempt: int | None
    by_name: dict[str, rows.ArtifactPlace]


_NONE = Latest(None, {})


class Artifacts:
    """One operation's view of a service's artifacts."""

    def __init__(self, provider: str, routes: Routes, memory: Memory, bulk: Bulk) -> None:
        self._provider = provider
        self._routes = routes
        self._memory = memory
        self._bulk = bulk

    async def prepare(self, tasks: Sequence[str]) -> None:
        """Ask for those of many tasks of a run, or of a step, at once; what that met is raised by who looks there."""
        of_runs: dict[str, set[str]] = defaultdict(set)
        for task in tasks:
            of_runs[run_of(task)].add(task)
        few = (run for run, of_run in of_runs.items() if len(of_run) < FEW or self._bulk.knows_artifacts(run))
        for run in list(few):
            del of_runs[run]
        await asyncio.gather(*(self._prepare(*of_run) for of_run in of_runs.items()), return_exceptions=True)

    async def artifact(self, key: Key, *, wanted: int) -> records.DataArtifact | None:
        """The artifact of the attempt asked for, else of the latest; `wanted`: of how many of its task."""
        task, artifact = parent(key.pathspec), name(key.pathspec)
        found = await self._in_bulk(task)
        if found is None and (wanted > 1 or self._memory.asked(("task artifacts", task))):
            found = await self._of_task(task)
        if found is not None and (answered := _at(found, key.attempt)) is not None:
            return self._record(answered.get(artifact), key.attempt)
        if found is not None and (wanted > 1 or self._memory.asked(("attempt", task, key.attempt))):
            return self._record((await self._of_attempt(task, key.attempt)).get(artifact), key.attempt)
        question = ("artifact", task, artifact, key.attempt)
        row = await self._memory.once(question, lambda: self._one(task, artifact, key.attempt))
        return self._record(row, key.attempt)

    async def artifacts_of(self, task: Key) -> list[records.DataArtifact | GatewayError]:
        """The artifacts of that attempt but those that start with `_`, by name."""
        found = await self._rows(task)
        entries: list[records.DataArtifact | GatewayError] = []
        for one in sorted(found):
            if is_component(one) and not one.startswith("_"):
                try:
                    entries += filter(None, [self._record(found[one], task.attempt)])
                except CorruptMetadata as error:
                    entries.append(error)
        return entries

    async def names_of(self, task: Key) -> list[str]:
        """The names of all artifacts of that attempt, sorted."""
        return sorted(filter(is_component, await self._rows(task)))

    async def _prepare(self, run: str, tasks: set[str]) -> None:
        of_steps = Counter(map(parent, tasks))
        if len(of_steps) > 1 and await self._bulk.artifacts(run) is not None:
            return
        many = [step for step, count in of_steps.items() if count >= FEW]
        await asyncio.gather(*map(self._bulk.artifacts, many), return_exceptions=True)

    async def _rows(self, task: Key) -> dict[str, rows.ArtifactPlace]:
        found = await self._in_bulk(task.pathspec) or await self._of_task(task.pathspec)
        answered = _at(found, task.attempt)
        return await self._of_attempt(task.pathspec, task.attempt) if answered is None else answered

    async def _in_bulk(self, task: str) -> Latest | None:
        """What a question about its step or run tells; None where neither was asked, or too many to be told."""
        for above in (parent(task), run_of(task)):
            if self._bulk.knows_artifacts(above):
                found = await self._memory.once(("by task", above), lambda above=above: self._by_task(above))
                if found is not None and (task in found or not _is_alias(task, found)):
                    return found.get(task, _NONE)
        return None

    async def _by_task(self, above: str) -> dict[str, Latest] | None:
        found = await self._bulk.artifacts(above)
        return None if found is None else _by_task(found)

    async def _of_task(self, task: str) -> Latest:
        async def ask() -> Latest:
            found = await self._routes.artifacts(task)
            return _by_task(latest(found.content)).get(task, _NONE)

        return await self._memory.once(("task artifacts", task), ask)

    async def _one(self, task: str, artifact: str, attempt: int | None) -> rows.ArtifactPlace | None:
        try:
            return await self._routes.artifact(task, artifact, attempt)
        except NoRoute:
            # Before 2.0.6 there were no attempts to be asked for: still, the latest may be the one.
            found = _at(await self._of_task(task), attempt)
            if found is None:
                raise
            return found.get(artifact)

    async def _of_attempt(self, task: str, attempt: int | None) -> dict[str, rows.ArtifactPlace]:
        async def ask() -> dict[str, rows.ArtifactPlace]:
            return {row.name: row for row in await self._routes.artifacts_of_attempt(task, attempt or 0)}

        return await self._memory.once(("attempt", task, attempt), ask)

    def _record(self, row: rows.ArtifactPlace | None, asked: int | None) -> records.DataArtifact | None:
        if row is None or not is_component(row.name):
            return None
        artifact = f"{rows.task_of(row)}/{row.name}"
        if not isinstance(row, rows.ArtifactRow):
            raise CorruptMetadata(
                f"The metadata service's row of {artifact} can't be read: it has not the form of an artifact."
            )
        root = hierarchy.root_of(row.location or "")
        made = hierarchy.artifact(
            self._provider,
            artifact,
            attempt=row.attempt_id,
            sha=row.sha,
            ts_epoch=row.ts_epoch,
            content_type=row.content_type,
            location=f"{root}/{row.flow_id}/data/{row.sha[:2]}/{row.sha}",
            root=root,
        )
        return hierarchy.seen_at(made, asked)


def _at(found: Latest, attempt: int | None) -> dict[str, rows.ArtifactPlace] | None:
    """The rows at an attempt, which registers all of its own at its end; None where they are an earlier one's."""
    if attempt is None or attempt == found.attempt:
        return found.by_name
    return {} if found.attempt is None or attempt > found.attempt else None


def _is_alias(task: str, found: dict[str, Latest]) -> bool:
    """Whether the service knows its run by another name: a named run answers to a number, too."""
    return any(run_of(known) != run_of(task) for known in found)


def _by_task(found: list[rows.ArtifactPlace]) -> dict[str, Latest]:
    by_task: dict[str, dict[str, rows.ArtifactPlace]] = defaultdict(dict)
    for row in found:
        by_task[rows.task_of(row)][row.name] = row
    return {task: Latest(next(iter(named.values())).attempt_id, named) for task, named in by_task.items()}
