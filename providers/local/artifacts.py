"""The artifact records of a task's attempts."""

from collections.abc import Callable, Sequence
from typing import Any

from .. import hierarchy, records
from .. import pathspec as pathspecs
from ..attempts import number
from ..base import Key
from ..errors import CorruptMetadata, GatewayError
from . import forms, metadata
from .files import Unreadable
from .folder import Folder
from .tree import META, Known, Tree, corrupt

# Of what is made of a folder, with the attempt that is asked for.
_SHOWN, _NAMES = "artifacts", "artifact names"


def artifact(tree: Tree, key: Key) -> records.DataArtifact | None:
    """The artifact of the attempt asked for, else of the latest that is done; raises CorruptMetadata."""
    task, name = pathspecs.parent(key.pathspec), pathspecs.name(key.pathspec)
    folder, attempt = _attempt(tree, Key(key.provider, task, key.attempt))
    file = f"{attempt}_artifact_{name}.json"
    if folder is None or file not in folder.files:
        return None
    found = tree.contents(folder, [file], _reader(tree, task)).get(file)
    if isinstance(found, Unreadable):
        raise _corrupt(task, file, found)
    return found and hierarchy.seen_at(found, key.attempt)


def artifacts_of(tree: Tree, task: Key) -> list[records.DataArtifact | GatewayError]:
    """The artifacts of that attempt but those that start with `_`, by name."""
    folder = tree.folder(f"{task.pathspec}/{META}")
    if folder is None:
        return []
    found = folder.once((_SHOWN, task.attempt), lambda: _shown(tree, task, folder))
    if task.attempt is None:
        return found
    return [one if isinstance(one, GatewayError) else hierarchy.seen_at(one, task.attempt) for one in found]


def known_artifacts_of(known: Known, tasks: Sequence[Key]) -> list[list[records.DataArtifact | GatewayError] | None]:
    """The same of each task, so far as it is known."""
    return _known(known, tasks, _SHOWN)


def artifact_names_of(tree: Tree, task: Key) -> list[str]:
    """The names of all artifacts of that attempt, sorted."""
    folder, attempt = _attempt(tree, task)
    if folder is None or attempt is None:
        return []
    return folder.once((_NAMES, task.attempt), lambda: [_name(file) for file in _files(folder, attempt)])


def known_artifact_names_of(known: Known, tasks: Sequence[Key]) -> list[list[str] | None]:
    """The same of each task, so far as it is known."""
    return _known(known, tasks, _NAMES)


def _known(known: Known, tasks: Sequence[Key], what: str) -> list[Any]:
    if any(task.attempt is not None for task in tasks):
        return [None] * len(tasks)  # what is seen at an attempt is made for whoever asks
    return known([f"{task.pathspec}/{META}" for task in tasks], (what, None))


def _attempt(tree: Tree, task: Key) -> tuple[Folder | None, int | None]:
    folder = tree.folder(f"{task.pathspec}/{META}")
    if folder is None or task.attempt is not None:
        return folder, task.attempt
    (latest,) = folder.once("latest done", lambda: [_latest_done(tree, folder, task.pathspec)])
    return folder, latest


def _latest_done(tree: Tree, folder: Folder, task: str) -> int | None:
    """The `attempt-done` whose file comes last by name (local.py, _get_object_internal)."""
    files = metadata.files_of(folder, "attempt-done_")[-1:]
    for event in metadata.events(tree, folder, files).values():
        attempt = None if isinstance(event, Unreadable) else number(event.value)
        if attempt is None:
            reason = event if isinstance(event, Unreadable) else Unreadable("it names no attempt")
            raise corrupt(task, reason, "The metadata attempt-done")
        return attempt
    return None


def _files(folder: Folder, attempt: int) -> list[str]:
    prefix = f"{attempt}_artifact_"
    found = [name for name in folder.files if name.startswith(prefix) and name.endswith(".json")]
    return sorted((name for name in found if pathspecs.is_component(_name(name))), key=_name)


def _name(file: str) -> str:
    return file.partition("_artifact_")[2].removesuffix(".json")


def _shown(tree: Tree, task: Key, folder: Folder) -> list[records.DataArtifact | GatewayError]:
    attempt = _latest_done(tree, folder, task.pathspec) if task.attempt is None else task.attempt
    files = [] if attempt is None else [one for one in _files(folder, attempt) if not _name(one).startswith("_")]
    found = tree.contents(folder, files, _reader(tree, task.pathspec))
    return [_corrupt(task.pathspec, file, one) if isinstance(one, Unreadable) else one for file, one in found.items()]


def _reader(tree: Tree, task: str) -> Callable[[str, bytes], records.DataArtifact]:
    flow = task.partition("/")[0]

    def made(file: str, data: bytes) -> records.DataArtifact:
        own = forms.ARTIFACT.read(data)
        return hierarchy.artifact(
            tree.provider,
            f"{task}/{_name(file)}",
            attempt=int(file.partition("_")[0]),
            sha=own.sha,
            ts_epoch=own.ts_epoch,
            content_type=own.content_type,
            location=_location(tree, flow, own),
            root=hierarchy.root_of(own.location or ""),
        )

    return made


def _location(tree: Tree, flow: str, own: forms.Artifact) -> str:
    """Where the blob lies: below the tree, wherever it was when that was recorded, or in the store that was named."""
    root = hierarchy.root_of(own.location or "")
    return f"{root if '://' in root else tree.base}/{flow}/data/{own.sha[:2]}/{own.sha}"


def _corrupt(task: str, file: str, reason: Unreadable) -> CorruptMetadata:
    return corrupt(f"{task}/{_name(file)}", reason)
