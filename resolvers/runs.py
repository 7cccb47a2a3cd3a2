"""Query.runs, and the fields of Run: each takes the runs of a level, and returns one entry for each."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from strawberry import UNSET

from ..providers import records
from ..providers.base import FlowKey, Key, key_of
from ..providers.errors import GatewayError
from ..providers.pathspec import component
from ..providers.records import RunStatus
from . import artifact_pages, inputs, listings, namespaces, task_pages, times
from . import tasks as of_tasks
from .code import code_of_runs as code
from .context import Context, Info
from .data import MetaflowData, checked, data_of, shown
from .entries import Answers, Partial, combined, each, existing, gathered, mapped, partial, readable
from .graphs import PARAMETERS, FlowGraph, graphs
from .metadata import ORIGIN_RUN, metadata_of, recorded
from .pages import Page, Window, window
from .parameters import Parameter, parameters_of
from .statuses import RunCourse, TaskCounts, counted, courses_of, run_courses, run_ends, tasks_of_run
from .statuses import end_task as end_task_of
from .triggers import trigger

__all__ = ["code", "trigger"]

V = TypeVar("V")
Runs = list[records.Run]


async def all_runs(
    info: Info,
    filter: inputs.RunFilterArgument = UNSET,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
    first: inputs.First = UNSET,
    after: inputs.After = UNSET,
    last: inputs.Last = UNSET,
    before: inputs.Before = UNSET,
) -> Page[records.Run]:
    gateway = info.context.gateway
    provider, of_namespace = gateway.provider(metadata).name, namespaces.effective(namespace, gateway)
    return await listings.run_page(info.context, provider, of_namespace, filter, window(first, after, last, before))


async def parent(runs: Runs, info: Info) -> Answers[records.Flow | None]:
    """The flow, in no namespace, as in Metaflow's client."""
    keys = [FlowKey(run.provider, run.path_components[0], None) for run in runs]
    return await each(info.context.loaders.flows, keys)


async def origin_pathspec(runs: Runs, info: Info) -> Answers[str | None]:
    return await gathered(_origin(run, info.context) for run in runs)


async def status(runs: Runs, info: Info) -> Answers[RunStatus]:
    return mapped(await _courses(runs, info), lambda course: course.status)


async def successful(runs: Runs, info: Info) -> Answers[bool]:
    return await _of_end_tasks(runs, info, of_tasks.successful, False)


async def finished(runs: Runs, info: Info) -> Answers[bool]:
    return await _of_end_tasks(runs, info, of_tasks.finished, False)


async def started_at(runs: Runs, info: Info) -> Answers[str | None]:
    """By the run's place in listings, which is when it was registered: a tag mutation can move its `ts_epoch`."""
    return [times.text(run.position // 1000) for run in runs]


async def finished_at(runs: Runs, info: Info) -> Answers[str | None]:
    return mapped(await _ends(runs, info), times.text)


async def duration_ms(runs: Runs, info: Info) -> Answers[int | None]:
    courses = await _courses(runs, info)
    spans = combined(lambda run, end: (run.position // 1000, end), runs, await _ends(runs, info))
    return combined(lambda span, course: times.duration(*span, running=_running(course)), spans, courses)


async def steps(runs: Runs, info: Info) -> Answers[list[records.Step] | Partial]:
    return mapped(await each(info.context.loaders.steps_of, map(key_of, runs)), _shown)


async def step(runs: Runs, info: Info, name: inputs.Name) -> Answers[records.Step | None]:
    name = component(name, "step's name")
    return await each(info.context.loaders.steps, [Key(run.provider, f"{run.pathspec}/{name}") for run in runs])


async def end_task(runs: Runs, info: Info) -> Answers[records.Task | None]:
    return await gathered(end_task_of(key_of(run), info.context) for run in runs)


async def failed_task(runs: Runs, info: Info) -> Answers[records.Task | None]:
    return mapped(await _courses(runs, info), lambda course: course.failed)


async def tasks(
    runs: Runs,
    info: Info,
    filter: inputs.TaskFilterArgument = UNSET,
    first: inputs.First = UNSET,
    after: inputs.After = UNSET,
    last: inputs.Last = UNSET,
    before: inputs.Before = UNSET,
) -> Answers[Page[records.Task]]:
    part, wanted = window(first, after, last, before), task_pages.conditions(filter)
    found = await each(info.context.derived(_newest_tasks), map(key_of, runs))
    return await task_pages.pages_of(found, wanted, part, info.context)


async def task_counts(runs: Runs, info: Info) -> Answers[TaskCounts]:
    return await each(info.context.derived(_counts), map(key_of, runs))


async def data(runs: Runs, info: Info) -> Answers[MetaflowData | None]:
    ends = await end_task(runs, info)
    found = iter(await data_of([task for task in ends if isinstance(task, records.Task)], info.context))
    return [next(found) if isinstance(task, records.Task) else task for task in ends]


async def parameters(runs: Runs, info: Info) -> Answers[list[Parameter]]:
    return await gathered(parameters_of(run, info.context) for run in runs)


async def graph(runs: Runs, info: Info) -> Answers[FlowGraph | None]:
    return await each(info.context.derived(graphs), map(key_of, runs))


async def artifacts(
    runs: Runs,
    info: Info,
    names: inputs.ArtifactNames = UNSET,
    steps: inputs.StepNames = UNSET,
    first: inputs.First = UNSET,
    after: inputs.After = UNSET,
    last: inputs.Last = UNSET,
    before: inputs.Before = UNSET,
) -> Answers[Page[records.DataArtifact]]:
    part, wanted, of_steps = window(first, after, last, before), checked(names), checked(steps, "step's name")
    return await gathered(_artifacts(run, wanted, of_steps, part, info.context) for run in runs)


async def artifact_names(runs: Runs, info: Info) -> Answers[list[str] | Partial]:
    return await gathered(_artifact_names(run, info.context) for run in runs)


async def _courses(runs: Runs, info: Info) -> Answers[RunCourse]:
    return await each(info.context.derived(run_courses), map(key_of, runs))


async def _ends(runs: Runs, info: Info) -> Answers[int | None]:
    return await each(info.context.derived(run_ends), map(key_of, runs))


def _running(course: RunCourse) -> bool:
    return course.status in (RunStatus.RUNNING, RunStatus.PENDING)


async def _of_end_tasks(
    runs: Runs,
    info: Info,
    field: Callable[[list[records.Task], Info], Awaitable[list[V | BaseException]]],
    otherwise: V,
) -> Answers[V]:
    """A field of each run's end task; what it is for runs that have none."""
    ends = await end_task(runs, info)
    found = iter(await field([task for task in ends if isinstance(task, records.Task)], info))
    return [next(found) if isinstance(task, records.Task) else task or otherwise for task in ends]


async def _origin(run: records.Run, context: Context) -> str | None:
    """Any task that has started tells; those of the first step are there first."""
    steps, _ = readable(await context.loaders.steps_of.load(key_of(run)))
    for step in reversed([step for step in steps if step.name != PARAMETERS]):
        tasks, _ = readable(await context.loaders.tasks_of.load(key_of(step)))
        for task in tasks[:1]:
            origin = (await context.derived(metadata_of).load(key_of(task))).latest(ORIGIN_RUN)
            if origin is not None:
                return f"{run.path_components[0]}/{origin}" if recorded(origin) else None
    return None


async def _newest_tasks(runs: list[Key], context: Context) -> Answers[list[records.Task]]:
    """Of each run the tasks of all steps but `_parameters`, newest first."""
    found = await gathered(tasks_of_run(run, context) for run in runs)
    # Stable: tasks of one millisecond stay as their step has them, the newest step first.
    return mapped(found, lambda tasks: sorted(tasks, key=lambda task: task.position, reverse=True))


async def _counts(runs: list[Key], context: Context) -> Answers[TaskCounts]:
    async def of_run(run: Key) -> TaskCounts:
        return counted(await courses_of(await tasks_of_run(run, context), context))

    return await gathered(map(of_run, runs))


async def _artifacts(
    run: records.Run, names: list[str] | None, steps: list[str] | None, window: Window, context: Context
) -> Page[records.DataArtifact]:
    tasks = await context.derived(_newest_tasks).load(key_of(run))
    chosen = tasks if steps is None else [task for task in tasks if task.path_components[2] in steps]
    return await artifact_pages.page_of(chosen, names, window, context)


async def _artifact_names(run: records.Run, context: Context) -> list[str] | Partial:
    found = await each(context.loaders.artifact_names_of, map(key_of, await tasks_of_run(key_of(run), context)))
    of_tasks, errors = readable(existing(found))
    return partial([*sorted({name for names in of_tasks for name in shown(names)}), *errors])


def _shown(steps: list[records.Step | GatewayError]) -> list[records.Step] | Partial:
    """Metaflow hides `_parameters` from iteration."""
    return partial([step for step in steps if isinstance(step, GatewayError) or not step.name.startswith("_")])
