"""When anything last happened in a run."""

from collections.abc import Iterator

from ..base import Activity, Key
from ..times import latest_trace
from . import metadata
from .tree import META, Tree


def last_activity(tree: Tree, run: Key) -> Activity | None:
    """When anything in the run was last recorded; None where there is no such run.

    By the times in the names of metadata files, for a copy of a folder is younger than what is in it. The run's own
    record is left out: tags are given to runs long dead.
    """
    latest = latest_trace()
    newest = max((at for at in _times(tree, run.pathspec) if at <= latest), default=None)
    return None if newest is None else Activity(newest)


def _times(tree: Tree, run: str) -> Iterator[int]:
    folder = tree.folder(run) if tree.holds(run) else None
    if folder is None:
        return
    yield folder.modified_ns // 1_000_000 if not folder.folders else 0
    for step in folder.folders:
        of_step = tree.folder(f"{run}/{step}")
        for task in of_step.folders if of_step else ():
            yield _of_task(tree, f"{run}/{step}/{task}")


def _of_task(tree: Tree, task: str) -> int:
    """The newest event of a task; the time of its folder where it has none yet."""
    folder = tree.folder(f"{task}/{META}")
    if folder is None:
        return 0
    recorded = max((metadata.time_of(file) or 0 for file in metadata.files_of(folder)), default=0)
    return recorded or folder.modified_ns // 1_000_000
