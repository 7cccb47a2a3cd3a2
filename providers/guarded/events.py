"""The metadata of tasks that may be seen, without what they say of runs that may not, without values and code.

Such are the run that was resumed, the runs that triggered this one, the items of a foreach, and where the code lies.
"""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple, cast

import msgspec

from .. import strangers_json
from ..base import Key
from ..errors import CorruptMetadata, Forbidden, GatewayError
from ..grants import Right
from ..pathspec import is_component, run_of
from ..records import Metadata
from ..strangers_json import JSON, NotJSON
from ..views import in_turn
from .permissions import Permissions, forbidden
from .sight import Seen, Sight

Events = list[Metadata | GatewayError]

ORIGIN_RUN, ORIGIN_TASK, TRIGGERS = "origin-run-id", "origin-task-id", "execution-triggers"
PACKAGE = "code-package"
_NO_ORIGIN = (None, "", "None")
_AT_ONCE = 256  # tasks whose events are looked at in one turn of the loop
# What a foreach runs over stands in all of `foreach-…` but for these, which are names and numbers.
_FOREACH = "foreach-"
_OF_PLACES = frozenset({"foreach-execution-path", "foreach-indices", "foreach-step-names"})
# What a trigger consists of (plugins/argo/argo_workflows_decorator.py); more would be what was sent along.
_OF_A_TRIGGER = ("timestamp", "id", "name", "type")
_BY_RUNS = "metaflow."  # events that runs send are called metaflow.<flow>.<step>
# What is told of a code package whose hash, and hence place, is not: whoever has the code could tell that it is that.
_OF_A_PACKAGE = ("ds_type",)
_LONGEST_PACKAGE = 65_536  # characters: Metaflow writes a few hundred


class _Told(NamedTuple):
    """The events of a task, and what they say of other runs: of triggers, those of each text that tells of them."""

    task: Key
    events: Events
    triggers: dict[str, "list[_Trigger] | NotJSON"]

    @property
    def runs(self) -> list[str]:
        """All that they name, as far as these can be runs."""
        origins = [_origin(self.task, event) for event in self.events if isinstance(event, Metadata)]
        lists = [found for found in self.triggers.values() if isinstance(found, list)]
        return [run for run in (*origins, *(trigger.run for found in lists for trigger in found)) if run]


class _Trigger(NamedTuple):
    """An event as it was sent. `of_run`: whether it tells of a run; `run`: which, if that can be told."""

    sent: dict[str, JSON]
    of_run: bool
    run: str | None


async def shown(
    tasks: list[Key], found: list[Events | GatewayError], granted: list[Seen], sight: Sight
) -> list[Events | GatewayError]:
    """What may be told of the events of each task, whose run is granted so."""
    entries = list(found)
    delicate: dict[int, tuple[_Told, Permissions]] = {}
    for number, (task, events, of_run) in enumerate(zip(tasks, found, granted, strict=True)):
        if not isinstance(of_run, Permissions):
            entries[number] = of_run or []
        elif isinstance(events, list) and any(_is_delicate(event, of_run) for event in events):
            delicate[number] = _Told(task, events, await _triggers(events)), of_run
        if not (number + 1) % _AT_ONCE:
            await asyncio.sleep(0)
    runs = list(dict.fromkeys(run for told, _ in delicate.values() for run in told.runs))
    seen = {run for run, of in zip(runs, await sight.of(runs), strict=True) if isinstance(of, Permissions)}
    for number, (told, of_run) in delicate.items():
        entries[number] = list(_shown(told, of_run, None if sight.scope.all_runs else seen))
    return entries


def _is_delicate(event: Metadata | GatewayError, granted: Permissions) -> bool:
    """Whether it may tell of another run, of a value or of code. Most do not."""
    if not isinstance(event, Metadata):
        return False
    if event.name.startswith(_FOREACH):
        return event.name not in _OF_PLACES
    if event.name == PACKAGE:
        return Right.CODE not in granted.rights
    return event.name == TRIGGERS or (event.name == ORIGIN_RUN and event.value not in _NO_ORIGIN)


def _shown(told: _Told, granted: Permissions, seen: set[str] | None) -> Iterable[Metadata | GatewayError]:
    """`seen`: the runs that may be seen; None: all."""
    hidden_origin = seen is not None and any(
        _names_hidden_origin(told.task, event, seen) for event in told.events if isinstance(event, Metadata)
    )
    for event in told.events:
        if isinstance(event, GatewayError):
            yield event
        elif event.name in (ORIGIN_RUN, ORIGIN_TASK):
            if not hidden_origin:
                yield event
        elif event.name == TRIGGERS:
            yield from _shown_triggers(told, event, granted, seen)
        elif event.name == PACKAGE and Right.CODE not in granted.rights:
            yield _without_place(event)
        elif event.name.startswith(_FOREACH) and event.name not in _OF_PLACES and not _shows_items(event, granted):
            yield _withheld(told.task, event, granted)
        else:
            yield event


def _names_hidden_origin(task: Key, event: Metadata, seen: set[str]) -> bool:
    return event.name == ORIGIN_RUN and event.value not in _NO_ORIGIN and _origin(task, event) not in seen


def _origin(task: Key, event: Metadata) -> str | None:
    if event.name != ORIGIN_RUN or event.value is None or event.value in _NO_ORIGIN or not is_component(event.value):
        return None
    return f"{task.pathspec.split('/', 1)[0]}/{event.value}"


async def _triggers(events: Events) -> dict[str, list[_Trigger] | NotJSON]:
    texts = {event.value for event in events if isinstance(event, Metadata) and event.name == TRIGGERS and event.value}
    # Metadata of megabytes would keep others waiting.
    return {text: await in_turn(lambda text=text: _parsed(text)) for text in texts}


def _parsed(text: str) -> list[_Trigger] | NotJSON:
    try:
        listed = strangers_json.read(text)
    except NotJSON as error:
        return error
    if not isinstance(listed, list):
        return NotJSON("it is no list of events")
    return [_trigger(cast("dict[str, JSON]", one)) for one in cast("list[JSON]", listed) if isinstance(one, dict)]


def _trigger(sent: dict[str, JSON]) -> _Trigger:
    id, name = sent.get("id"), sent.get("name")
    parts = id.split("/") if isinstance(id, str) else []
    named = len(parts) > 2 and all(map(is_component, parts[:2]))
    of_run = sent.get("type") == "run" or (isinstance(name, str) and name.startswith(_BY_RUNS))
    return _Trigger(sent, of_run, "/".join(parts[:2]) if named else None)


def _shown_triggers(
    told: _Told, event: Metadata, granted: Permissions, seen: set[str] | None
) -> Iterable[Metadata | GatewayError]:
    """The same without events of runs that may not be seen; nothing where there were no others."""
    found = told.triggers.get(event.value or "", [])
    if isinstance(found, NotJSON):
        # What can't be read may be about any run.
        run = run_of(told.task.pathspec)
        yield CorruptMetadata(f"What triggered {run} can't be read: {found}.", TRIGGERS)
        return
    kept = [one for one in found if seen is None or one.run in seen or not one.of_run]
    sent = [one.sent if Right.VALUES in granted.rights else _without_payload(one.sent) for one in kept]
    if len(kept) == len(found) and sent == [one.sent for one in found]:
        yield event
    elif kept:
        yield msgspec.structs.replace(event, value=strangers_json.text(cast("JSON", sent)))


def _without_payload(sent: dict[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in sent.items() if name in _OF_A_TRIGGER}


def _without_place(event: Metadata) -> Metadata:
    written = event.value or ""
    try:
        told = strangers_json.read(written if len(written) <= _LONGEST_PACKAGE else "")
    except NotJSON:
        told = None
    listed = cast("dict[str, JSON]", told) if isinstance(told, dict) else {}
    kept = {name: value for name, value in listed.items() if name in _OF_A_PACKAGE}
    return msgspec.structs.replace(event, value=strangers_json.text(cast("JSON", kept)))


def _shows_items(event: Metadata, granted: Permissions) -> bool:
    """Whether the items that a foreach runs over may be shown: a list of variable=item."""
    if granted.shows_all_values:
        return True
    if Right.VALUES not in granted.rights:
        return False
    try:
        listed = strangers_json.read(event.value or "")
    except NotJSON:
        return False
    items = cast("list[JSON]", listed) if isinstance(listed, list) else [None]
    return all(isinstance(item, str) and "=" in item and granted.shows(item.partition("=")[0]) for item in items)


def _withheld(task: Key, event: Metadata, granted: Permissions) -> Forbidden:
    if Right.VALUES in granted.rights:
        return Forbidden(f"The metadata {event.name} of {task.pathspec} is hidden from you.", event.name)
    return Forbidden(str(forbidden(Right.VALUES, task.pathspec)), event.name)
