"""What triggered a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from ..providers import records
from ..resolvers import triggers
from ..resolvers.inputs import DateTime
from .fields import resolved, stored, view

if TYPE_CHECKING:
    from .hierarchy import Run


@view(triggers.MetaflowEvent, "An event that triggered a run, as its sender wrote it.")
class MetaflowEvent:
    name: str = stored("The event's name; of one that a run sent: metaflow.HelloFlow.end.")
    event_id: str | None = stored("As its sender wrote it; not unique. Of one that a run sent: the task's pathspec.")
    timestamp: DateTime | None = stored("When it was sent; null where the sender wrote no number of seconds.")
    type: records.MetaflowEventType = stored("Whether it is the end of a run.")


MetaflowTriggerItem = Annotated[
    Annotated["Run", strawberry.lazy(".hierarchy")] | MetaflowEvent,
    strawberry.union("MetaflowTriggerItem", description="A run or an event that triggered a run."),
]


@view(triggers.MetaflowTrigger, "The events that triggered a run.")
class MetaflowTrigger:
    id: strawberry.ID = stored("Opaque, unique over types and metadata providers.")
    event: MetaflowEvent | None = stored("The latest event.")
    events: list[MetaflowEvent] = stored("The latest first; those without a time come last.")
    run: Annotated[Run, strawberry.lazy(".hierarchy")] | None = resolved(
        triggers.run, "The latest triggering run that still exists."
    )
    runs: list[Annotated[Run, strawberry.lazy(".hierarchy")]] | None = resolved(
        triggers.runs, "Those that still exist, of any namespace; null if no run triggered this one."
    )
    get: MetaflowTriggerItem | None = resolved(
        triggers.get, "By name of the triggering flow, if runs triggered this run; else by name of the event."
    )
