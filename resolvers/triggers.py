"""MetaflowTrigger: the events that triggered a run, as metadata tell of them; their senders write what they like."""

from math import inf
from typing import NamedTuple, cast

import msgspec

from ..providers import ids, records, strangers_json
from ..providers.base import Key, key_of
from ..providers.errors import CorruptMetadata, GatewayError
from ..providers.pathspec import is_component
from ..providers.records import MetaflowEventType
from ..providers.strangers_json import JSON, NotJSON
from ..providers.times import rfc3339
from ..providers.views import in_turn
from . import inputs
from .context import Context, Info
from .entries import Answers, Partial, each, existing, gathered, mapped, partial, readable
from .graphs import endpoints
from .metadata import metadata_of

_TRIGGERS = "execution-triggers"


class MetaflowEvent(msgspec.Struct, frozen=True, gc=False):
    name: str
    event_id: str | None
    timestamp: str | None
    type: MetaflowEventType


class MetaflowTrigger(msgspec.Struct, frozen=True, gc=False):
    """`events` latest first; `triggering`: the runs that they name, each once; None where no run is among them."""

    id: str
    event: MetaflowEvent | None
    events: list[MetaflowEvent]
    triggering: list[Key] | None


class _Sent(NamedTuple):
    """An event and what it is ordered by."""

    event: MetaflowEvent
    order: float


async def trigger(runs: list[records.Run], info: Info) -> Answers[MetaflowTrigger | None]:
    """Of the newest task of the first step (client/core.py:Run.trigger)."""
    return await gathered(_of_run(run, info.context) for run in runs)


async def run(triggers: list[MetaflowTrigger], info: Info) -> Answers[records.Run | None]:
    found = await _runs_of(triggers, info.context)
    return mapped(found, lambda runs: next(iter(readable(runs or [])[0]), None))


async def runs(triggers: list[MetaflowTrigger], info: Info) -> Answers[list[records.Run] | Partial | None]:
    return mapped(await _runs_of(triggers, info.context), lambda runs: None if runs is None else partial(runs))


async def get(
    triggers: list[MetaflowTrigger], info: Info, name: inputs.TriggerName
) -> Answers[records.Run | MetaflowEvent | None]:
    """As events.py:Trigger.__getitem__."""
    found = await _runs_of(triggers, info.context)
    return [
        of_trigger if isinstance(of_trigger, BaseException) else _named(trigger, of_trigger, name)
        for trigger, of_trigger in zip(triggers, found, strict=True)
    ]


async def _of_run(run: records.Run, context: Context) -> MetaflowTrigger | None:
    start = (await context.derived(endpoints).load(key_of(run))).start
    tasks, _ = readable(await context.loaders.tasks_of.load(Key(run.provider, f"{run.pathspec}/{start}")))
    metadata = await context.derived(metadata_of).load(key_of(tasks[0])) if tasks else None
    recorded = metadata and metadata.latest(_TRIGGERS)
    # Metadata of megabytes would keep others waiting.
    return await in_turn(lambda: _trigger(run, recorded)) if recorded else None


def _trigger(run: records.Run, recorded: str) -> MetaflowTrigger:
    try:
        listed = strangers_json.read(recorded)
    except NotJSON as error:
        raise CorruptMetadata(f"What triggered {run.pathspec} can't be read: {error}.", _TRIGGERS) from error
    if not isinstance(listed, list):
        raise CorruptMetadata(f"What triggered {run.pathspec} can't be read: it is no list of events.", _TRIGGERS)
    # Stable: what came without a time stays in its order, at the end (events.py:Trigger.__init__).
    sent = [one for written in cast("list[JSON]", listed) if (one := _sent(written))]
    events = [one.event for one in sorted(sent, key=lambda one: one.order, reverse=True)]
    of_runs = [event.event_id for event in events if event.type is MetaflowEventType.RUN]
    return MetaflowTrigger(
        id=ids.of_object("MetaflowTrigger", run.provider, run.pathspec),
        event=events[0] if events else None,
        events=events,
        triggering=list(dict.fromkeys(filter(None, (_run_key(run, id) for id in of_runs)))) if of_runs else None,
    )


def _sent(written: JSON) -> _Sent | None:
    """An event as it was sent; None for what is none: no name is certain but that of an event."""
    match written:
        case {"name": name, **more} if name is not None:
            at = more.get("timestamp")
            seconds = at if isinstance(at, int | float) and not isinstance(at, bool) else None
            of_run = more.get("type") == "run"
            kind = MetaflowEventType.RUN if of_run else MetaflowEventType.EVENT
            return _Sent(MetaflowEvent(_text(name) or "", _text(more.get("id")), _time(seconds), kind), seconds or -inf)
        case _:
            return None


def _text(value: JSON) -> str | None:
    """Text as it is; another value as JSON."""
    return value if value is None or isinstance(value, str) else strangers_json.text(value)


def _time(seconds: float | None) -> str | None:
    try:
        return None if seconds is None else rfc3339(round(seconds * 1000))
    except ValueError:
        return None


def _run_key(triggered: records.Run, id: str | None) -> Key | None:
    """The run of a task's pathspec, which is the id of an event that a run sent."""
    parts = (id or "").split("/")
    known = len(parts) > 2 and all(map(is_component, parts[:2]))
    return Key(triggered.provider, "/".join(parts[:2])) if known else None


async def _runs_of(
    triggers: list[MetaflowTrigger], context: Context
) -> Answers[list[records.Run | GatewayError] | None]:
    """Those that still exist, of any namespace; None where none triggered it."""
    return await gathered(_existing(trigger, context) for trigger in triggers)


async def _existing(trigger: MetaflowTrigger, context: Context) -> list[records.Run | GatewayError] | None:
    if trigger.triggering is None:
        return None
    return existing(await each(context.loaders.runs, trigger.triggering))


def _named(
    trigger: MetaflowTrigger, runs: list[records.Run | GatewayError] | None, name: str
) -> records.Run | MetaflowEvent | None:
    if runs is None:
        return next((event for event in trigger.events if event.name == name), None)
    return next((run for run in readable(runs)[0] if run.path_components[0] == name), None)
