"""A provider as one operation of a principal sees it. Methods as of base.py:MetadataProvider."""

from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from typing import TypeVar

from .. import hierarchy, records
from ..base import Activity, Datastore, FlowKey, Key, MetadataProvider, RunFilter, RunPage, RunPageKey, RunsKey
from ..errors import GatewayError, NamespaceMismatch
from ..pathspec import run_of, shown
from . import artifacts, events
from .datastore import GuardedDatastore
from .pages import Pages
from .permissions import Permissions
from .sight import Seen, Sight

R = TypeVar("R")


class GuardedOperation:
    """What is of a run that the principal may not see is not there, nor is a flow that has no other runs.

    A key below a run is passed on to the provider once that run has been looked at. Where the principal may see every
    run, keys are passed on as they are.
    """

    def __init__(self, provider: MetadataProvider, sight: Sight) -> None:
        self.sight = sight
        self._provider = provider

    # Made where they are asked for: of several providers, an operation reads one.
    @cached_property
    def datastore(self) -> Datastore:
        return GuardedDatastore(self._provider.datastore, self.sight)

    @cached_property
    def _pages(self) -> Pages:
        return Pages(self._provider, self.sight)

    async def flows(self, keys: list[FlowKey]) -> list[records.Flow | GatewayError | None]:
        if self.sight.scope.all_runs:
            return await self._provider.flows(keys)
        there = await self._any(keys, namespace=False)
        asked = [key for key, found in zip(keys, there, strict=True) if found is True and key.namespace is not None]
        inside = dict(zip(asked, await self._any(asked, namespace=True), strict=True))
        return [_flow(key, found, inside.get(key, True)) for key, found in zip(keys, there, strict=True)]

    async def flows_in(self, keys: list[FlowKey]) -> list[list[records.Flow | GatewayError] | GatewayError]:
        if self.sight.scope.all_runs:
            return await self._provider.flows_in(keys)
        # In no namespace: which flows there are is one question, which are in it one for each of them.
        everywhere = await self._provider.flows_in([key._replace(namespace=None) for key in keys])
        return [
            found if isinstance(found, GatewayError) else await self._seen_flows(key, found)
            for key, found in zip(keys, everywhere, strict=True)
        ]

    async def run_pages(self, keys: list[RunPageKey]) -> list[RunPage | GatewayError]:
        return await (self._provider.run_pages(keys) if self.sight.scope.all_runs else self._pages.pages(keys))

    async def run_counts(self, keys: list[RunsKey]) -> list[int | GatewayError | None]:
        return await (self._provider.run_counts(keys) if self.sight.scope.all_runs else self._pages.counts(keys))

    async def runs(self, keys: list[Key]) -> list[records.Run | GatewayError | None]:
        found = await self._provider.runs(keys)
        if self.sight.scope.all_runs:
            return found
        return [run if _may_be_told(self.sight.judged(run)) else None for run in found]

    async def steps(self, keys: list[Key]) -> list[records.Step | GatewayError | None]:
        return await self._held(keys, self._provider.steps, _none)

    async def steps_of(self, runs: list[Key]) -> list[list[records.Step | GatewayError] | GatewayError]:
        return await self._held(runs, self._provider.steps_of, list[records.Step | GatewayError])

    async def tasks(self, keys: list[Key]) -> list[records.Task | GatewayError | None]:
        return await self._held(keys, self._provider.tasks, _none)

    async def tasks_of(self, steps: list[Key]) -> list[list[records.Task | GatewayError] | GatewayError]:
        return await self._held(steps, self._provider.tasks_of, list[records.Task | GatewayError])

    async def created_at(self, keys: list[Key]) -> list[int | GatewayError | None]:
        """Of a flow: when the first of its runs was registered that the principal may see."""
        if self.sight.scope.all_runs:
            return await self._provider.created_at(keys)
        flows = {key: await self._flow_created(key) for key in keys if _is_flow(key)}
        below = [key for key in keys if not _is_flow(key)]
        others = iter(await self._held(below, self._provider.created_at, _none))
        return [flows[key] if key in flows else next(others) for key in keys]

    async def metadata_of(self, tasks: list[Key]) -> list[list[records.Metadata | GatewayError] | GatewayError]:
        found = await self._held(tasks, self._provider.metadata_of, list[records.Metadata | GatewayError])
        return await events.shown(tasks, found, await self._granted(tasks), self.sight)

    async def attempts_of(self, tasks: list[Key]) -> list[list[records.Attempt] | GatewayError]:
        return await self._held(tasks, self._provider.attempts_of, list[records.Attempt])

    async def artifacts(self, keys: list[Key]) -> list[records.DataArtifact | GatewayError | None]:
        found = await self._held(keys, self._provider.artifacts, _none)
        return [artifacts.shown(entry, of_run) for entry, of_run in zip(found, await self._granted(keys), strict=True)]

    async def artifacts_of(self, tasks: list[Key]) -> list[list[records.DataArtifact | GatewayError] | GatewayError]:
        found = await self._held(tasks, self._provider.artifacts_of, list[records.DataArtifact | GatewayError])
        return [
            of if isinstance(of, GatewayError) else [artifacts.shown(entry, of_run) for entry in of]
            for of, of_run in zip(found, await self._granted(tasks), strict=True)
        ]

    async def artifact_names_of(self, tasks: list[Key]) -> list[list[str] | GatewayError]:
        return await self._held(tasks, self._provider.artifact_names_of, list[str])

    async def last_activity(self, runs: list[Key]) -> list[Activity | GatewayError | None]:
        return await self._held(runs, self._provider.last_activity, _none)

    async def _held(
        self,
        keys: list[Key],
        read: Callable[[list[Key]], Awaitable[list[R]]],
        absent: Callable[[], R],
    ) -> list[R | GatewayError]:
        """What is read for keys of runs that may be seen; of others, what there is of one that does not exist."""
        if self.sight.scope.all_runs:
            return [*await read(keys)]
        granted = await self._granted(keys)
        seen = [key for key, of_run in zip(keys, granted, strict=True) if isinstance(of_run, Permissions)]
        found = iter(await read(seen) if seen else ())
        return [
            next(found) if isinstance(of_run, Permissions) else absent() if of_run is None else of_run
            for of_run in granted
        ]

    async def _granted(self, keys: list[Key]) -> list[Seen]:
        """Of the run of each."""
        return await self.sight.of(run_of(key.pathspec) for key in keys)

    async def _any(self, keys: Iterable[FlowKey], *, namespace: bool) -> list[bool | GatewayError]:
        return await self._pages.any([_runs_of(key, key.namespace if namespace else None) for key in keys])

    async def _seen_flows(
        self, asked: FlowKey, found: list[records.Flow | GatewayError]
    ) -> list[records.Flow | GatewayError] | GatewayError:
        """Those that have runs in the namespace that may be seen; of one that is damaged, nothing tells whose it is."""
        names = [flow.name for flow in found if isinstance(flow, records.Flow)]
        keys = [asked._replace(name=name) for name in names]
        inside = await self._any(keys, namespace=True)
        errors = [entry for entry in inside if isinstance(entry, GatewayError)]
        if errors:
            # Which flow it is about may not be told, and without it the list is not whole.
            return errors[0]
        return [
            hierarchy.flow(asked.provider, name, asked.namespace)
            for name, one in zip(names, inside, strict=True)
            if one
        ]

    async def _flow_created(self, flow: Key) -> int | GatewayError | None:
        try:
            first = await self._pages.first(_runs_of(FlowKey(flow.provider, flow.pathspec, None), None))
        except GatewayError as error:
            return error
        if first is None:
            return None
        place, others = first
        # The flow's own record is from its very first run, whoever's that was.
        return place.microseconds // 1000 if others else (await self._provider.created_at([flow]))[0]


def _runs_of(flow: FlowKey, namespace: str | None) -> RunsKey:
    return RunsKey(flow.provider, namespace, RunFilter(flows=frozenset({flow.name or ""})))


def _flow(key: FlowKey, there: bool | GatewayError, inside: bool | GatewayError) -> records.Flow | GatewayError | None:
    if not there or isinstance(there, GatewayError):
        return there or None
    if isinstance(inside, GatewayError):
        return inside
    if not inside:
        return NamespaceMismatch(f"Flow {key.name} has no run in the namespace {shown(key.namespace or '')}.")
    return hierarchy.flow(key.provider, key.name or "", key.namespace)


def _may_be_told(of_run: Seen) -> bool:
    """Whether a run, or the error of one, is for whoever asks."""
    return of_run is not None


def _is_flow(key: Key) -> bool:
    return "/" not in key.pathspec


def _none() -> None:
    return None
