"""Flow > Run > Step > Task > DataArtifact; they name each other, so they share a file."""

from __future__ import annotations

from ..providers import records
from ..resolvers import artifacts, flows, logs, runs, steps, tasks
from ..resolvers.inputs import JSON, BigInt, DateTime
from .cards import Card
from .code import MetaflowCode
from .details import FlowGraph, ForeachFrame, Metadata, MetaflowData, Parameter, TablePreview, TaskCounts, TaskException
from .fields import interface, resolved, stored, view
from .logs import LogLine
from .nodes import Node
from .pages import Connection
from .triggers import MetaflowTrigger


@interface("What every object of the hierarchy Flow > Run > Step > Task > DataArtifact has.")
class MetaflowObject(Node):
    pathspec: str = stored("As in Metaflow: HelloFlow, HelloFlow/2, HelloFlow/2/start, … down to the artifact.")
    path_components: list[str] = stored("The parts of the pathspec.")
    created_at: DateTime | None = stored("When Metaflow registered it.")
    tags: list[str] | None = stored("User and system tags of its run as they stand now, sorted. Empty on a flow.")
    user_tags: list[str] | None = stored("The tags that people set, sorted: they can be mutated.")
    system_tags: list[str] | None = stored("The tags that Metaflow set, sorted.")
    origin_pathspec: str | None = stored("What a resumed run resumed, or a step, task or artifact was cloned from.")
    parent: MetaflowObject | None = stored("The object one level up.")


@view(records.Flow, "A flow as seen from a namespace: it is in it if at least one of its runs is.")
class Flow(MetaflowObject):
    name: str = stored("The name of the flow's class.")
    created_at: DateTime | None = resolved(flows.created_at, "When its first run was registered.")
    tags: list[str] = stored("Always empty: runs have tags.")
    user_tags: list[str] = stored("Always empty: runs have tags.")
    system_tags: list[str] = stored("Always empty: runs have tags.")
    origin_pathspec: str | None = stored("Always null.")
    parent: MetaflowObject | None = stored("Always null: a flow has none.")
    latest_run: Run | None = resolved(flows.latest_run, "The newest run in the namespace.")
    latest_successful_run: Run | None = resolved(
        flows.latest_successful_run, "The newest run in the namespace whose status is SUCCEEDED."
    )
    runs: Connection[Run] | None = resolved(flows.runs, "The flow's runs in the namespace, newest first.")
    run: Run | None = resolved(flows.run, "One of its runs; an error if it is outside of the namespace.")


@view(records.Run, "One execution of a flow.")
class Run(MetaflowObject):
    run_id: str = stored("The run's own id within its flow: 2, argo-helloflow-x2s9...")
    created_at: DateTime = stored("When Metaflow registered it. Metaflow's own local tag command moves this time.")
    tags: list[str] = stored("User and system tags as they stand now, sorted.")
    user_tags: list[str] = stored("The tags that people set, sorted: they can be mutated.")
    system_tags: list[str] = stored("The tags that Metaflow set, sorted.")
    origin_pathspec: str | None = resolved(runs.origin_pathspec, "The run that this one resumed; null if it did not.")
    parent: Flow | None = resolved(runs.parent, "Its flow, in no namespace.")
    status: records.RunStatus | None = resolved(
        runs.status,
        "How far it has come. Metaflow records no status: it is judged by what the tasks left behind, and by time "
        "where that is silence. It counts as FAILED if its next step has not begun within a minute, or if a task that "
        "executes has left no trace for a day, unless the gateway is configured otherwise.",
    )
    successful: bool | None = resolved(runs.successful, "As in Metaflow's client: whether endTask succeeded.")
    finished: bool | None = resolved(
        runs.finished, "As in Metaflow's client: of endTask, hence false for a run that failed; status tells more."
    )
    finished_at: DateTime | None = resolved(
        runs.finished_at, "When it ended, failed or not, or left its last trace; null while it runs."
    )
    started_at: DateTime | None = resolved(runs.started_at, "When it was started; no mutation of tags moves it.")
    duration_ms: BigInt | None = resolved(runs.duration_ms, "In milliseconds, up to now while it runs.")
    user: str | None = stored("Who started it.")
    steps: list[Step] | None = resolved(runs.steps, "Newest first; _parameters is left out, as in Metaflow's client.")
    step: Step | None = resolved(runs.step, "The step of that name, _parameters too; null until it exists.")
    end_task: Task | None = resolved(runs.end_task, "The task of the last step; null until it exists.")
    failed_task: Task | None = resolved(
        runs.failed_task, "The first task that failed for good, as its status tells; null if none has."
    )
    tasks: Connection[Task] | None = resolved(runs.tasks, "Of all steps but _parameters, newest first.")
    task_counts: TaskCounts | None = resolved(runs.task_counts, "How many of its tasks have come how far.")
    data: MetaflowData | None = resolved(runs.data, "The data of endTask; null until that exists.")
    parameters: list[Parameter] | None = resolved(runs.parameters, "What the run was started with, by name.")
    code: MetaflowCode | None = resolved(
        runs.code, "The package of the newest step that has one; null of runs whose code was not stored."
    )
    trigger: MetaflowTrigger | None = resolved(runs.trigger, "What triggered it; null if nothing did.")
    graph: FlowGraph | None = resolved(
        runs.graph,
        "The flow's steps and transitions as the run recorded them (a resumed run has those of its origin); "
        "null where it recorded none.",
    )
    artifacts: Connection[DataArtifact] | None = resolved(
        runs.artifacts,
        "The artifacts of all its tasks but those of _parameters, newest task first: one call from a run to its "
        "artifacts.",
    )
    artifact_names: list[str] | None = resolved(
        runs.artifact_names, "The names that its tasks' artifacts have, sorted, without those that start with _."
    )


@view(records.Step, "One step of a run.")
class Step(MetaflowObject):
    name: str = stored("The name of the step's function.")
    created_at: DateTime | None = resolved(steps.created_at, "When Metaflow registered it.")
    tags: list[str] | None = resolved(steps.tags, "The run's user and system tags as they stand now, sorted.")
    user_tags: list[str] | None = resolved(steps.user_tags, "The run's tags that people set, sorted.")
    system_tags: list[str] | None = resolved(steps.system_tags, "The run's tags that Metaflow set, sorted.")
    origin_pathspec: str | None = resolved(
        steps.origin_pathspec, "The step of the resumed run that at least one of its tasks was cloned from."
    )
    parent: Run | None = resolved(steps.parent, "Its run.")
    status: records.TaskStatus | None = resolved(
        steps.status,
        "FAILED if a task failed for good, else RUNNING while one runs or is pending, else SUCCEEDED; PENDING before "
        "it has a task.",
    )
    task: Task | None = resolved(steps.task, "One of its tasks.")
    tasks: Connection[Task] | None = resolved(steps.tasks, "Its tasks, newest first.")
    task_counts: TaskCounts | None = resolved(steps.task_counts, "How many of its tasks have come how far.")
    started_at: DateTime | None = resolved(steps.started_at, "When its first task started to execute.")
    finished_at: DateTime | None = resolved(steps.finished_at, "When the latest task finished; null while one has not.")
    duration_ms: BigInt | None = resolved(steps.duration_ms, "In milliseconds, up to now while a task runs.")
    environment_info: JSON | None = resolved(steps.environment_info, "That of its newest task.")
    parent_steps: list[Step] | None = resolved(
        steps.parent_steps, "The steps before it in the graph that have started; null where no graph is recorded."
    )
    child_steps: list[Step] | None = resolved(
        steps.child_steps, "The steps after it in the graph that have started; null where no graph is recorded."
    )
    control_tasks: list[Task] | None = resolved(
        steps.control_tasks, "Its tasks that control a parallel step (num_parallel)."
    )


@view(records.Task, "One task of a step, seen at one attempt if that was asked for, else as it stands now.")
class Task(MetaflowObject):
    task_id: str = stored("The task's own id within its step: text, though it often looks like a number.")
    created_at: DateTime | None = resolved(tasks.created_at, "When Metaflow registered it.")
    tags: list[str] | None = resolved(tasks.tags, "The run's user and system tags as they stand now, sorted.")
    user_tags: list[str] | None = resolved(tasks.user_tags, "The run's tags that people set, sorted.")
    system_tags: list[str] | None = resolved(tasks.system_tags, "The run's tags that Metaflow set, sorted.")
    origin_pathspec: str | None = resolved(
        tasks.origin_pathspec, "The task that a resume cloned it from; null if it was executed."
    )
    parent: Step | None = resolved(tasks.parent, "Its step.")
    status: records.TaskStatus | None = resolved(
        tasks.status,
        "How far it has come. Metaflow records no status: it is judged by what the attempt left behind, and by time "
        "where that is silence, as the status of a run is.",
    )
    attempt: int | None = resolved(tasks.attempt, "The attempt that was asked for, or the latest that started.")
    attempts: list[Task] | None = resolved(
        tasks.attempts, "Every attempt so far, as the task seen at that attempt; oldest first."
    )
    index: int | None = resolved(tasks.index, "Its index in the innermost foreach; null outside of one.")
    foreach_stack: list[ForeachFrame] | None = resolved(
        tasks.foreach_stack, "Its place in the foreach steps around it, outermost first; null until it has finished."
    )
    metadata: list[Metadata] | None = resolved(
        tasks.metadata, "Every metadata event, over all attempts unless one was asked for; oldest first."
    )
    metadata_dict: JSON | None = resolved(
        tasks.metadata_dict, "The latest value of each metadata name, as one JSON object."
    )
    artifacts: list[DataArtifact] | None = resolved(tasks.artifacts, "Its artifacts, sorted by name.")
    artifact: DataArtifact | None = resolved(tasks.artifact, "The artifact of that name; null if it has none.")
    data: MetaflowData | None = resolved(tasks.data, "Its artifacts as values.")
    successful: bool | None = resolved(
        tasks.successful, "As in Metaflow's client: false also for a task whose exception was caught."
    )
    finished: bool | None = resolved(
        tasks.finished, "As in Metaflow's client: whether it completed, hence false for a task that failed."
    )
    started_at: DateTime | None = resolved(tasks.started_at, "When the attempt started to execute.")
    finished_at: DateTime | None = resolved(
        tasks.finished_at, "When the attempt ended, failed or not; null while it runs."
    )
    duration_ms: BigInt | None = resolved(tasks.duration_ms, "In milliseconds, up to now while it runs.")
    exception: TaskException | None = resolved(tasks.exception, "What ended the task, or what @catch caught.")
    runtime_name: str | None = resolved(tasks.runtime_name, "What started it: dev, argo, airflow...")
    stdout: str | None = resolved(
        logs.stdout, "All that it wrote to standard output, each line with a newline; empty where there is no log."
    )
    stderr: str | None = resolved(
        logs.stderr, "All that it wrote to standard error, each line with a newline; empty where there is no log."
    )
    stdout_size: BigInt | None = resolved(
        logs.stdout_size,
        "Of the stored log, in bytes, as Metaflow's client counts: with the prefixes of its lines.",
    )
    stderr_size: BigInt | None = resolved(
        logs.stderr_size,
        "Of the stored log, in bytes, as Metaflow's client counts: with the prefixes of its lines.",
    )
    loglines: Connection[LogLine] | None = resolved(
        logs.loglines,
        "What it wrote, oldest first, by time. Cursors stay valid while the log grows: a page that has nothing yet "
        "still has an endCursor, after which the next lines will come.",
    )
    log_url: str | None = resolved(
        logs.log_url, "A URL on this gateway that serves the log as text, without the prefixes of its lines."
    )
    code: MetaflowCode | None = resolved(
        tasks.code, "The package that it was executed with; null where the code was not stored."
    )
    environment_info: JSON | None = resolved(
        tasks.environment_info,
        "What its environment is made of, as its code package tells: text or an object; null where no code was stored.",
    )
    cards: list[Card] | None = resolved(
        tasks.cards,
        "Those of the attempt, by the rank that the code gives them (high, medium, low), then by time; of a task that "
        "a resume cloned, those of its origin.",
    )
    parent_tasks: Connection[Task] | None = resolved(
        tasks.parent_tasks, "The tasks that led to it, by the graph and its place in foreach steps."
    )
    child_tasks: Connection[Task] | None = resolved(
        tasks.child_tasks, "The tasks that it led to, by the graph and its place in foreach steps."
    )


@view(records.DataArtifact, "An object that a task stored under a name.")
class DataArtifact(MetaflowObject):
    name: str = stored("The name of the flow's attribute.")
    created_at: DateTime = stored("When its attempt stored it.")
    tags: list[str] | None = resolved(artifacts.tags, "The run's user and system tags as they stand now, sorted.")
    user_tags: list[str] | None = resolved(artifacts.user_tags, "The run's tags that people set, sorted.")
    system_tags: list[str] | None = resolved(artifacts.system_tags, "The run's tags that Metaflow set, sorted.")
    origin_pathspec: str | None = resolved(
        artifacts.origin_pathspec, "The artifact of the task that a resume cloned its task from; null otherwise."
    )
    parent: Task | None = resolved(artifacts.parent, "Its task.")
    attempt: int = stored("The attempt that stored it.")
    sha: str = stored(
        "SHA-1 of the serialized object, in hex: equal objects have equal ones. Empty for whoever may not read the "
        "value, of which it tells."
    )
    finished_at: DateTime = stored("When its attempt stored it.")
    size: BigInt | None = resolved(artifacts.size, "Of the serialized object, in bytes; of an included file, its own.")
    content_type: str = stored("How it is serialized, as recorded: pickle-v4, gzip+pickle-v4...")
    location: str | None = stored(
        "Where the datastore keeps it: a path or a URL. null for whoever may not read the value."
    )
    type: str | None = resolved(artifacts.type, "Dotted name of the Python class of the object.")
    data: JSON | None = resolved(
        artifacts.data,
        "The object as JSON; nothing of it is executed. An error ARTIFACT_TOO_LARGE or ARTIFACT_UNREADABLE where it "
        "cannot be given.",
    )
    preview: str | None = resolved(
        artifacts.preview, "The object as text, close to Python's repr, cut to so many characters."
    )
    table: TablePreview | None = resolved(
        artifacts.table,
        "A table's or an array's first rows; null for what is neither. It may be larger than data can be.",
    )
    url: str | None = resolved(
        artifacts.url,
        "A URL on this gateway that serves the object's bytes: uncompressed, as serialized; of an included file, its "
        "own.",
    )
