"""The records of the hierarchy, made of what every kind of provider knows of its objects."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from . import ids, records
from .times import rfc3339

# Where records name the blob itself, as they did once.
_OLD_LOCATION = re.compile(r"(?P<root>.*)/[^/]+/data/[0-9a-f]{2}/[0-9a-f]{40}", re.DOTALL)
_ROOT = ":root:"
# metaflow/metadata_provider/metadata.py, attempt_id_re; no more digits than GraphQL's Int holds.
_ATTEMPT_TAG = re.compile(r"attempt_id:([0-9]{1,9})(?![0-9])")


def flow(provider: str, name: str, namespace: str | None) -> records.Flow:
    return records.Flow(
        id=ids.of_flow(provider, name, namespace),
        provider=provider,
        pathspec=name,
        path_components=[name],
        name=name,
        namespace=namespace,
    )


def run(
    provider: str,
    pathspec: str,
    *,
    ts_epoch: int,
    position: int,
    user_name: str | None,
    tags: Iterable[str] | None,
    system_tags: Iterable[str] | None,
    succeeded: bool = False,
) -> records.Run:
    components = pathspec.split("/")
    own, system = set(tags or ()), set(system_tags or ())
    named = (tag.removeprefix("user:") for tag in sorted(system) if tag.startswith("user:"))
    return records.Run(
        id=ids.of_object("Run", provider, pathspec),
        provider=provider,
        pathspec=pathspec,
        path_components=components,
        run_id=components[1],
        ts_epoch=ts_epoch,
        created_at=rfc3339(ts_epoch),
        position=position,
        user=next(named, user_name),
        tags=sorted(own | system),
        user_tags=sorted(own),
        system_tags=sorted(system),
        succeeded=succeeded,
    )


def step(provider: str, pathspec: str) -> records.Step:
    components = pathspec.split("/")
    return records.Step(
        id=ids.of_object("Step", provider, pathspec),
        provider=provider,
        pathspec=pathspec,
        path_components=components,
        name=components[2],
    )


def task(provider: str, pathspec: str, position: int, asked: int | None = None) -> records.Task:
    components = pathspec.split("/")
    return records.Task(
        id=ids.of_object("Task", provider, pathspec, asked),
        provider=provider,
        pathspec=pathspec,
        path_components=components,
        task_id=components[3],
        asked=asked,
        position=position,
    )


def artifact(
    provider: str,
    pathspec: str,
    *,
    attempt: int,
    sha: str,
    ts_epoch: int,
    content_type: str | None,
    location: str,
    root: str,
) -> records.DataArtifact:
    """`location` is where its bytes lie, `root` where the datastore begins."""
    components, at = pathspec.split("/"), rfc3339(ts_epoch)
    return records.DataArtifact(
        id=ids.of_object("DataArtifact", provider, pathspec),
        provider=provider,
        pathspec=pathspec,
        path_components=components,
        name=components[4],
        asked=None,
        attempt=attempt,
        sha=sha,
        ts_epoch=ts_epoch,
        created_at=at,
        finished_at=at,
        # metaflow/datastore/task_datastore.py takes this where none is recorded.
        content_type=content_type or "gzip+pickle-v2",
        location=location,
        root=root,
    )


def seen_at(found: records.DataArtifact, attempt: int | None) -> records.DataArtifact:
    """The artifact, as it is known to whoever asked for that attempt."""
    if attempt is None:
        return found
    asked = ids.of_object("DataArtifact", found.provider, found.pathspec, attempt)
    return msgspec.structs.replace(found, id=asked, asked=attempt)


def event(name: str, value: Any, type: str | None, tags: Iterable[str] | None, ts_epoch: int) -> records.Metadata:
    """A metadata event; its value is sent as text: null as None, anything that is not text as JSON."""
    match = next(filter(None, map(_ATTEMPT_TAG.match, tags or ())), None)
    return records.Metadata(
        name=name,
        value=value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode(),
        type=type,
        attempt=int(match[1]) if match else None,
        ts_epoch=ts_epoch,
        created_at=rfc3339(ts_epoch),
    )


def root_of(location: str) -> str:
    """Where the datastore begins, by what an artifact's record says of its location."""
    if location.startswith(_ROOT):
        return location.removeprefix(_ROOT)
    match = _OLD_LOCATION.fullmatch(location)
    return match["root"] if match else ""
