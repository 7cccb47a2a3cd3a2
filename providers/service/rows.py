"""What the service's replies hold, as far as it is read: the rows of its tables, and decoders of them.

An id is a number or, where an orchestrator named the run or task, text: `str` of either is its part of a pathspec.
"""

from typing import Annotated, Any

import msgspec

from .. import hierarchy, records
from .bodies import ListOf

Id = int | str
# The years 1 to 9999, in ms since the epoch.
Time = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000, le=253_402_300_799_999)]

Seconds = Annotated[float, msgspec.Meta(ge=-62_135_596_800, le=253_402_300_799)]


class FlowRow(msgspec.Struct, gc=False):
    flow_id: str
    ts_epoch: Time


class RunPlace(msgspec.Struct, gc=False):
    """What tells where a run stands in a listing, and all that is known of one whose row can't be read."""

    flow_id: str
    run_number: Id
    ts_epoch: Time


class RunRow(RunPlace, gc=False):
    """`last_heartbeat_ts` in seconds; `status` only where it was filtered by."""

    user_name: str | None = None
    tags: tuple[str, ...] | None = None
    system_tags: tuple[str, ...] | None = None
    last_heartbeat_ts: Seconds | None = None
    status: str | None = None


class StepRow(msgspec.Struct, gc=False):
    flow_id: str
    run_number: Id
    step_name: str
    ts_epoch: Time


class TaskPlace(msgspec.Struct, gc=False):
    """All that is known of a task whose row can't be read."""

    flow_id: str
    run_number: Id
    step_name: str
    task_id: Id


class TaskRow(TaskPlace, gc=False):
    ts_epoch: Time


class MetadataRow(msgspec.Struct, gc=False):
    """`tags` are its own: `attempt_id:n`."""

    id: int
    flow_id: str
    run_number: Id
    step_name: str
    task_id: Id
    field_name: str
    ts_epoch: Time
    value: Any = None
    type: str | None = None
    tags: list[str] | None = None


class ArtifactPlace(TaskPlace, gc=False):
    """All that is known of an artifact whose row can't be read."""

    name: str
    attempt_id: Annotated[int, msgspec.Meta(ge=0, le=32_767)] = 0


class ArtifactRow(ArtifactPlace, gc=False, kw_only=True):
    sha: str
    ts_epoch: Time
    location: str | None = None
    content_type: str | None = None


class TagsReply(msgspec.Struct, gc=False):
    """A run's own tags, after a mutation."""

    tags: list[str]


FLOW = msgspec.json.Decoder(FlowRow)
FLOWS = ListOf(FlowRow)
RUN = msgspec.json.Decoder(RunRow)
STEP = msgspec.json.Decoder(StepRow)
STEPS = ListOf(StepRow)
TASK = msgspec.json.Decoder(TaskRow)
TASKS = ListOf[TaskPlace](TaskRow, TaskPlace)
METADATA = ListOf(MetadataRow)
ARTIFACT = msgspec.json.Decoder(ArtifactRow)
ARTIFACTS = ListOf[ArtifactPlace](ArtifactRow, ArtifactPlace)
TAGS = msgspec.json.Decoder(TagsReply)


def run_record(provider: str, row: RunRow) -> records.Run:
    """What is told of a run."""
    return hierarchy.run(
        provider,
        run_of(row),
        ts_epoch=row.ts_epoch,
        position=1000 * row.ts_epoch,
        user_name=row.user_name,
        tags=row.tags,
        system_tags=row.system_tags,
        succeeded=row.status == "completed",
    )


def run_of(row: RunPlace | StepRow | TaskPlace | MetadataRow) -> str:
    """The pathspec of its run."""
    return f"{row.flow_id}/{row.run_number}"


def step_of(row: StepRow | TaskPlace | MetadataRow) -> str:
    """The pathspec of its step."""
    return f"{row.flow_id}/{row.run_number}/{row.step_name}"


def task_of(row: TaskPlace | MetadataRow) -> str:
    """The pathspec of its task."""
    return f"{row.flow_id}/{row.run_number}/{row.step_name}/{row.task_id}"
