"""How far runs and tasks have come.

Metaflow records no status. These are the rules of its UI as far as local metadata can tell, with better witnesses
where there are any; what only silence tells is a judgement by time limits.
"""

from collections import Counter
from typing import NamedTuple

import msgspec

from ..providers import records
from ..providers.artifacts import value_key
from ..providers.base import Key, key_as_seen, key_of
from ..providers.pathspec import name, parent, run_of
from ..providers.records import RunStatus, TaskStatus
from .context import Context
from .entries import Answers, combined_in_turns, each, each_of_some, gathered, raised, readable
from .graphs import PARAMETERS, GraphNode, endpoints, readable_graph
from .times import now

# As long as Metaflow's UI and service wait for the next heartbeat (RUN_INACTIVE_CUTOFF_TIME).
_HEARTBEATS_SECONDS = 360
_FALLBACK_ATTEMPTS = 4  # of a step with @catch whose process died: one more that catches, with 3 retries of its own


class TaskCourse(NamedTuple):
    """How far a task has come. `attempt` is the one that this is about; times in ms since the epoch."""

    status: TaskStatus
    attempt: records.Attempt | None
    started_at: int | None = None
    ended_at: int | None = None


class RunCourse(NamedTuple):
    """How far a run has come. `failed` is the task that failed first for good."""

    status: RunStatus
    failed: records.Task | None = None


class TaskCounts(msgspec.Struct, frozen=True, gc=False):
    total: int
    pending: int
    running: int
    succeeded: int
    failed: int
    unknown: int


async def run_courses(runs: list[Key], context: Context) -> Answers[RunCourse]:
    """How far each run has come."""
    return await gathered(_run_course(run, context) for run in runs)


async def task_courses(tasks: list[Key], context: Context) -> Answers[TaskCourse]:
    """How far each task has come, at the attempt that its key names, else at the latest."""
    found = await each(context.loaders.attempts_of, (task._replace(attempt=None) for task in tasks))
    courses = await combined_in_turns(_succeeded, tasks, found, context.loaders.pace)
    # Most have succeeded, and say so: of 10,000 tasks, not each needs a coroutine of its own.
    told = iter(
        await gathered(
            _task_course(task, raised(attempts), context)
            for task, attempts, course in zip(tasks, found, courses, strict=True)
            if course is None
        )
    )
    return [next(told) if course is None else course for course in courses]


def counted(courses: list[TaskCourse]) -> TaskCounts:
    """How many tasks have come how far."""
    of = Counter(course.status for course in courses)
    return TaskCounts(
        len(courses),
        of[TaskStatus.PENDING],
        of[TaskStatus.RUNNING],
        of[TaskStatus.SUCCEEDED],
        of[TaskStatus.FAILED],
        of[TaskStatus.UNKNOWN],
    )


def attempt_seen(task: Key, attempts: list[records.Attempt]) -> records.Attempt | None:
    """The attempt that the key names, else the latest."""
    if task.attempt is None:
        return attempts[-1] if attempts else None
    return next((attempt for attempt in attempts if attempt.number == task.attempt), None)


def _succeeded(task: Key, attempts: list[records.Attempt]) -> TaskCourse | None:
    """The course of a task that says itself that it has succeeded."""
    attempt = attempt_seen(task, attempts)
    if attempt is None or not attempt.ok:
        return None
    return TaskCourse(TaskStatus.SUCCEEDED, attempt, attempt.started_at, attempt.ended_at)


async def _task_course(task: Key, attempts: list[records.Attempt], context: Context) -> TaskCourse:
    attempt = attempt_seen(task, attempts)
    status = await _task_status(task, attempt, attempt is not None and attempt is not attempts[-1], context)
    ended = status in (TaskStatus.SUCCEEDED, TaskStatus.FAILED)
    started_at = attempt.started_at if attempt else None
    return TaskCourse(status, attempt, started_at, attempt.ended_at if attempt and ended else None)


async def _task_status(task: Key, attempt: records.Attempt | None, superseded: bool, context: Context) -> TaskStatus:
    if attempt is None or (attempt.ok is None and attempt.done):
        # Nothing of its course is recorded of `_parameters`, nor its outcome by versions before `attempt_ok`.
        ok = await _task_ok(task._replace(attempt=attempt and attempt.number), context)
    else:
        ok = False if attempt.ok is None and attempt.exited_ok is False else attempt.ok
    if ok is True:
        return TaskStatus.SUCCEEDED
    if superseded:
        return TaskStatus.FAILED
    if ok is False:
        return TaskStatus.PENDING if attempt and await _retry_due(task, attempt, context) else TaskStatus.FAILED
    if await _silent_for(task, context.gateway.inactive_after, context):
        return TaskStatus.FAILED
    return TaskStatus.RUNNING if attempt else TaskStatus.PENDING


async def _task_ok(task: Key, context: Context) -> bool | None:
    """The artifact `_task_ok`; None where there is none. It holds None after SystemExit, which is a failure."""
    artifact = await context.loaders.artifacts.load(_ok_of(task))
    return None if artifact is None else bool(await context.loaders.values.load(value_key(artifact)))


async def _retry_due(task: Key, attempt: records.Attempt, context: Context) -> bool:
    """Whether the scheduler is about to try a failed task again (runtime.py:NativeRuntime._retry_worker)."""
    patience = context.gateway.stalled_after * 1000
    if attempt.killed or attempt.ended_at is None or now() - attempt.ended_at > patience:
        return False
    graph = await readable_graph(Key(task.provider, run_of(task.pathspec)), context)
    # Without a graph, nothing tells that it may be.
    node = graph and graph.node(name(parent(task.pathspec)))
    return attempt.number + 1 < (_attempts_allowed(node, died=attempt.ok is None) if node else 1)


def _attempts_allowed(node: GraphNode, *, died: bool) -> int:
    """How often a task of the step may be tried. An exception of the last try is caught within it by @catch."""
    attributes = {decorator.name: decorator.arguments for decorator in node.decorators}
    times = str(attributes.get("retry", {}).get("times", 0))
    allowed = 1 + (int(times) if times.isdecimal() and len(times) < 4 else 0)
    return min(records.MAX_ATTEMPTS, allowed + (_FALLBACK_ATTEMPTS if died and "catch" in attributes else 0))


async def _run_course(run: Key, context: Context) -> RunCourse:
    found = await context.loaders.runs.load(run)
    if found and found.succeeded:
        return RunCourse(RunStatus.SUCCEEDED)
    end = await end_task(run, context)
    if end and (await context.derived(task_courses).load(key_as_seen(end))).status is TaskStatus.SUCCEEDED:
        return RunCourse(RunStatus.SUCCEEDED)
    tasks = await tasks_of_run(run, context)
    courses = await courses_of(tasks, context)
    failed = [(course, task) for course, task in zip(courses, tasks, strict=True) if course.status is TaskStatus.FAILED]
    if failed:
        return RunCourse(RunStatus.FAILED, min(failed, key=_failed_first)[1])
    if any(course.status in (TaskStatus.RUNNING, TaskStatus.PENDING) for course in courses):
        return RunCourse(RunStatus.RUNNING if any(course.attempt for course in courses) else RunStatus.PENDING)
    # No task is there yet; or all are done, and a scheduler that lives begins the next step at once.
    limits = context.gateway
    patience = min(limits.stalled_after, limits.inactive_after) if courses else limits.inactive_after
    if await _silent_for(run, patience, context):
        return RunCourse(RunStatus.FAILED)
    return RunCourse(RunStatus.RUNNING if courses else RunStatus.PENDING)


async def run_ends(runs: list[Key], context: Context) -> Answers[int | None]:
    """When each run ended (ms): its last task did, or, of one that fell silent, its last trace is from then."""
    return await gathered(_run_end(run, context) for run in runs)


async def _run_end(run: Key, context: Context) -> int | None:
    course = await context.derived(run_courses).load(run)
    if course.status is RunStatus.SUCCEEDED:
        end = await end_task(run, context)
        return await context.derived(task_ends).load(key_as_seen(end)) if end else None
    if course.status is not RunStatus.FAILED:
        return None
    tasks = await tasks_of_run(run, context)
    ends = [raised(end) for end in await each(context.derived(task_ends), map(key_as_seen, tasks))]
    known = [end for end in ends if end is not None]
    if known and len(known) == len(ends):
        return max(known)
    last = await context.loaders.last_activity.load(run)
    return last and last.at


async def task_ends(tasks: list[Key], context: Context) -> Answers[int | None]:
    """When the attempt that each task is seen at ended (ms): its `_task_ok` was stored then, else its course tells."""
    pace = context.loaders.pace
    courses = await each(context.derived(task_courses), tasks)
    keys = await combined_in_turns(_ok_at_end, tasks, courses, pace)
    stored = await each_of_some(context.loaders.artifacts, keys)
    return await combined_in_turns(lambda course, ok: ok.ts_epoch if ok else course.ended_at, courses, stored, pace)


def _ok_at_end(task: Key, course: TaskCourse) -> Key | None:
    """The `_task_ok` of an attempt that has ended, or of a task that records no attempts."""
    if course.attempt is None:
        return _ok_of(task)
    return None if course.ended_at is None else _ok_of(task._replace(attempt=course.attempt.number))


def _ok_of(task: Key) -> Key:
    return task._replace(pathspec=f"{task.pathspec}/_task_ok")


async def end_task(run: Key, context: Context) -> records.Task | None:
    """The newest task of the run's last step; None until there is one (client/core.py:Run.end_task)."""
    ends = await context.derived(endpoints).load(run)
    tasks, _ = readable(await context.loaders.tasks_of.load(run._replace(pathspec=f"{run.pathspec}/{ends.end}")))
    return tasks[0] if tasks else None


async def tasks_of_run(run: Key, context: Context) -> list[records.Task]:
    """The tasks of all steps but `_parameters`, newest step first."""
    steps, _ = readable(await context.loaders.steps_of.load(run))
    keys = [key_of(step) for step in steps if step.name != PARAMETERS]
    found = [raised(tasks) for tasks in await each(context.loaders.tasks_of, keys)]
    return [task for tasks in found for task in readable(tasks)[0]]


async def courses_of(tasks: list[records.Task], context: Context) -> list[TaskCourse]:
    """How far each task has come; raises where one can't be told, for then nothing can be said of all."""
    return [raised(course) for course in await each(context.derived(task_courses), map(key_as_seen, tasks))]


async def _silent_for(key: Key, seconds: float, context: Context) -> bool:
    """Whether the run has left no trace for so long; one that sends heartbeats is known to be dead sooner."""
    last = await context.loaders.last_activity.load(Key(key.provider, run_of(key.pathspec)))
    patience = min(seconds, _HEARTBEATS_SECONDS) if last and last.beats else seconds
    return last is not None and now() - last.at > patience * 1000


def _failed_first(failed: tuple[TaskCourse, records.Task]) -> tuple[bool, float]:
    """Those that failed by themselves come before those that were killed with them, the earlier first."""
    course, _ = failed
    return bool(course.attempt and course.attempt.killed), course.ended_at or float("inf")
