"""What the objects of the hierarchy consist of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from ..providers import records
from ..resolvers import data, exceptions, foreach, graphs, parameters, statuses
from ..resolvers.inputs import JSON, BigInt, DateTime
from .fields import resolved, stored, view

if TYPE_CHECKING:
    from .hierarchy import DataArtifact, Step


@view(statuses.TaskCounts, "How many tasks have come how far.")
class TaskCounts:
    total: int = stored("All tasks that exist so far.")
    pending: int = stored("Not started, or about to be tried again.")
    running: int = stored("Executing.")
    succeeded: int = stored("Completed, a caught failure included.")
    failed: int = stored("Failed for good.")
    unknown: int = stored("Nothing tells how far they have come.")


@view(parameters.Parameter, "What a run was started with: a Parameter, Config or IncludeFile.")
class Parameter:
    name: str = stored("The name of the flow's attribute.")
    value: JSON | None = resolved(parameters.value, "The value as JSON; of an IncludeFile, the file's content.")


@view(graphs.FlowGraph, "The steps of a flow and how they follow each other.")
class FlowGraph:
    id: strawberry.ID = stored("Opaque, unique over types and metadata providers.")
    doc: str | None = resolved(graphs.doc, "The flow's docstring.")
    file: str | None = stored("Base name of the file that defines the flow.")
    start_step: str = stored("The first step.")
    end_step: str = stored("The last step.")
    nodes: list[GraphNode] = stored("The steps, in the order in which they are reached from the first.")


@view(graphs.GraphNode, "A step of a flow's graph, whether it has run or not.")
class GraphNode:
    name: str = stored("The step's name.")
    type: str = stored(
        "As Metaflow records it: start, linear, split-static, split-foreach, split-parallel, split-switch, join, end."
    )
    next: list[str] = stored("The steps that follow.")
    doc: str | None = resolved(graphs.doc, "null where the step has no docstring.")
    line: int | None = stored("Where its function begins in the source file.")
    source_file: str | None = stored("The file that defines it.")
    decorators: list[Decorator] = stored("The step's decorators, those added by --with too.")
    foreach_artifact: str | None = stored("The artifact that a foreach runs over.")
    matching_join: str | None = stored("The join that ends this split.")
    condition: str | None = stored("The artifact that a switch decides by.")
    step: Annotated[Step, strawberry.lazy(".hierarchy")] | None = resolved(
        graphs.step, "The run's step of that name; null if it has not started."
    )


@view(graphs.Decorator, "A decorator of a step.")
class Decorator:
    name: str = stored("Without the @: retry, catch, resources...")
    attributes: JSON = resolved(graphs.attributes, "Its arguments, as one JSON object.")


@view(foreach.ForeachFrame, "One foreach around a task.")
class ForeachFrame:
    step: str = stored("The step that fans out.")
    variable: str | None = stored("The artifact that it runs over.")
    index: int | None = stored("Which of the items this task is about, from 0.")
    num_splits: int | None = stored("How many items there are.")
    value: str | None = resolved(foreach.value, "The item, as text that Metaflow cut short.")


@view(records.Metadata, "What was recorded of a task in passing.")
class Metadata:
    name: str = stored("attempt, runtime, script-name...")
    value: str | None = stored("Text; where the provider keeps another JSON value, that value as JSON text.")
    type: str | None = stored("Mostly the name once more.")
    attempt: int | None = stored("The attempt that registered it; null where none is recorded.")
    created_at: DateTime = stored("When it was registered.")


@view(exceptions.TaskException, "An exception that a task's code raised.")
class TaskException:
    type: str = stored("Dotted name of the exception's class.")
    message: str = stored("Its text.")
    stacktrace: str | None = stored("Python's traceback.")
    caught: bool = stored("Whether @catch caught it, so that the task went on.")


@view(records.TableColumn, "A column of a table.")
class TableColumn:
    name: str = stored("Its name, or the name of its level of the index.")
    type: str | None = stored("As pandas or numpy call it: int64, float32, object, datetime64[ns]...")


@view(records.TablePreview, "The first rows of a DataFrame, a Series, an array, or a list of dicts.")
class TablePreview:
    columns: list[TableColumn] = stored("In their order; those of the index come first.")
    rows: list[list[JSON | None]] = stored("Each with a value for each column.")
    row_count: BigInt = stored("How many rows it has in all.")


@view(data.MetaflowData, "The artifacts of one task by name, as values.")
class MetaflowData:
    id: strawberry.ID = stored("Opaque, unique over types, metadata providers and attempts.")
    names: list[str] = stored("The names, sorted, without those that start with _.")
    has: bool = resolved(data.has, "Whether there is an artifact of that name.")
    value: JSON | None = resolved(data.value, "The value of the artifact of that name; null if there is none.")
    values: JSON | None = resolved(
        data.values,
        "One JSON object of name to value. An artifact that cannot be read costs all of it: entries tells them apart.",
    )
    entries: list[DataEntry] = resolved(
        data.entries, "The same one by one, so that an artifact that cannot be read costs itself alone."
    )


@view(data.DataEntry, "An artifact of a task, by name.")
class DataEntry:
    name: str = stored("The name of the flow's attribute.")
    value: JSON | None = resolved(data.entry_value, "Its value as JSON.")
    artifact: Annotated[DataArtifact, strawberry.lazy(".hierarchy")] | None = resolved(
        data.entry_artifact, "The artifact itself."
    )
