"""What clients send: scalars, enums, input types, and the descriptions of arguments."""

from enum import Enum
from typing import Annotated, Any, NewType, TypeVar

import strawberry

from ..providers import records

T = TypeVar("T")

# Their GraphQL definitions stand in schema/scalars.py.
DateTime = NewType("DateTime", str)
BigInt = NewType("BigInt", int)
JSON = NewType("JSON", object)


def describe(cls: type[Enum], description: str, values: dict[str, str]) -> None:
    """Register an enum with GraphQL, once, with a description for each of its values."""
    registered: Any = strawberry.enum(cls, description=description)
    for value in registered.__strawberry_definition__.values:
        value.description = values[value.name]


describe(
    records.RunStatus,
    "How far a run has come. Where nothing but silence tells that one has stopped, this is a judgement by its age.",
    {
        "PENDING": "Registered, and no task has started.",
        "RUNNING": "Still executing, as far as its metadata tells.",
        "SUCCEEDED": "Its end task completed, a caught failure included.",
        "FAILED": "A task failed for good, or the run stopped without finishing.",
        "UNKNOWN": "The provider does not hold what would tell.",
    },
)
describe(
    records.TaskStatus,
    "How far a task, or the tasks of a step, have come.",
    {
        "PENDING": "Registered, and no attempt has started; or its last attempt failed and a retry is due.",
        "RUNNING": "An attempt is executing, as far as its metadata tells.",
        "SUCCEEDED": "Completed, a caught failure included.",
        "FAILED": "Failed for good, killed, or silent for so long that it must be dead.",
        "UNKNOWN": "The provider does not hold what would tell.",
    },
)
describe(
    records.LogStream,
    "What a task writes to.",
    {"STDOUT": "Standard output.", "STDERR": "Standard error, where Python's tracebacks go."},
)
describe(
    records.MetaflowEventType,
    "What kind of event triggered a run.",
    {"EVENT": "One that somebody published.", "RUN": "A run of a flow ended."},
)

Pathspec = Annotated[str, strawberry.argument(description="Flow/Run/Step/Task/Artifact, down to the level asked for.")]
Namespace = Annotated[
    str | None,
    strawberry.argument(
        description="Only runs that carry this tag, such as user:alice. Omitted: the gateway's default namespace; "
        "null: no namespace, all objects."
    ),
]
FlowNamespace = Annotated[
    str | None,
    strawberry.argument(
        description="Only runs that carry this tag. Omitted: the namespace that the flow was asked for in; null: all."
    ),
]
MetadataArgument = Annotated[
    str | None,
    strawberry.argument(description="Name of one of metadataProviders. Omitted: the default one."),
]
Attempt = Annotated[
    int | None, strawberry.argument(description="0 is the first, 5 the last there can be. Omitted: the latest.")
]
First = Annotated[
    int | None, strawberry.argument(description="At most so many from the beginning: 50 if omitted, 500 at most.")
]
After = Annotated[str | None, strawberry.argument(description="Those that follow this cursor.")]
Last = Annotated[
    int | None, strawberry.argument(description="At most so many from the end, 500 at most. Not together with first.")
]
Before = Annotated[str | None, strawberry.argument(description="Those that stand before this cursor.")]
LogLines = Annotated[
    int | None, strawberry.argument(description="At most so many from the beginning: 50 if omitted, 1000 at most.")
]
LastLogLines = Annotated[
    int | None, strawberry.argument(description="At most so many from the end, 1000 at most. Not together with first.")
]
LogStreamArgument = Annotated[
    records.LogStream | None, strawberry.argument(description="Only of this stream. Omitted: of both, by time.")
]
OneLogStream = Annotated[records.LogStream, strawberry.argument(description="Standard output or standard error.")]
Grep = Annotated[
    str | None,
    strawberry.argument(
        description="Only lines that contain this text, exactly. A page ends early once 64 MiB were looked through; "
        "its cursor goes on from there."
    ),
]
FilePrefix = Annotated[
    str | None, strawberry.argument(description="Only files whose path begins with this text. Omitted: all.")
]
FilePath = Annotated[str, strawberry.argument(description="The file's path in the package, exactly.")]
TriggerName = Annotated[
    str, strawberry.argument(description="Name of the triggering flow, if runs triggered it; else of the event.")
]
CardType = Annotated[
    str | None, strawberry.argument(description="Only cards of this type: default, blank... Omitted: of all.")
]
CardId = Annotated[
    str | None, strawberry.argument(description="Only the card that the step's code gave this id. Omitted: all.")
]
Name = Annotated[str, strawberry.argument(description="The name, exactly.")]
ArtifactNames = Annotated[
    list[str] | None,
    strawberry.argument(description="Only these, `_` names included. Omitted: all but those that start with `_`."),
]
MetadataNames = Annotated[
    list[str] | None, strawberry.argument(description="Only events of these names. Omitted: all.")
]
StepNames = Annotated[list[str] | None, strawberry.argument(description="Only of these steps. Omitted: of all.")]
RunId = Annotated[str, strawberry.argument(description="The run's own id within its flow.")]
TaskId = Annotated[
    str | None, strawberry.argument(description="The task's own id within its step. Omitted: the newest task.")
]
NameContains = Annotated[
    str | None, strawberry.argument(description="Only flows whose name contains this text, in upper or lower case.")
]
FlowName = Annotated[str | None, strawberry.argument(description="Only of the runs of this flow. Omitted: of all.")]
TagPrefix = Annotated[
    str | None, strawberry.argument(description="Only tags that start with this text, in upper or lower case.")
]
TagContains = Annotated[
    str | None, strawberry.argument(description="Only tags that contain this text, in upper or lower case.")
]
PreviewLength = Annotated[int | None, strawberry.argument(description="In characters, 10,000 at most; 200 if null.")]
TableRows = Annotated[int | None, strawberry.argument(description="How many rows, 1,000 at most; 20 if null.")]
Id = Annotated[strawberry.ID, strawberry.argument(description="An id that this gateway gave out.")]
Ids = Annotated[list[strawberry.ID], strawberry.argument(description="Ids that this gateway gave out, 500 at most.")]
ProviderName = Annotated[str | None, strawberry.argument(description="A configured name. Omitted: the default one.")]
RunPathspec = Annotated[str, strawberry.argument(description="The run: HelloFlow/2.")]
TagsToAdd = Annotated[list[str], strawberry.argument(description="User tags to add, each of 1 to 500 characters.")]
TagsToRemove = Annotated[list[str], strawberry.argument(description="User tags to remove; system tags can't be.")]


@strawberry.input(description="All the conditions given must hold.")
class RunFilter:
    flows: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Only runs of these flows.")
    tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that have all of these tags, user or system."
    )
    any_tags: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Runs that have at least one of these tags."
    )
    statuses: list[records.RunStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Runs in one of these statuses."
    )
    users: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Runs that one of these started.")
    run_id_prefix: str | None = strawberry.field(
        default=strawberry.UNSET, description="Runs whose id starts with this text."
    )
    created_after: DateTime | None = strawberry.field(
        default=strawberry.UNSET, description="Runs created at this time or later."
    )
    created_before: DateTime | None = strawberry.field(
        default=strawberry.UNSET, description="Runs created before this time."
    )


@strawberry.input(description="All the conditions given must hold.")
class TaskFilter:
    statuses: list[records.TaskStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Tasks in one of these statuses."
    )
    steps: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Tasks of these steps.")
    created_after: DateTime | None = strawberry.field(
        default=strawberry.UNSET, description="Tasks created at this time or later."
    )


RunFilterArgument = Annotated[RunFilter | None, strawberry.argument(description="Which runs.")]
TaskFilterArgument = Annotated[TaskFilter | None, strawberry.argument(description="Which tasks.")]


def sent(value: T | None) -> T | None:
    """An optional argument, where null and omitted mean the same."""
    return None if value is strawberry.UNSET else value
