"""When anything last happened in a run."""

from collections.abc import Iterator

from ..base import Key
from .tree import META, Tree


def last_activity(tree: Tree, run: Key) -> int | None:
    """The newest change (ms since the epoch) of a folder of the run; None where there is no such run.

    Whatever Metaflow writes changes the folder that it is in. The run's own record is left out: tags are given to
    runs long dead.
    """
    newest = max(_changes(tree, run.pathspec), default=None)
    return None if newest is None else newest // 1_000_000


def _changes(tree: Tree, run: str) -> Iterator[int]:
    folder = tree.folder(run)
    if folder is None or not tree.holds(run):
        return
    yield folder.modified_ns
    for step in folder.folders:
        of_step = tree.folder(f"{run}/{step}")
        if of_step is None:
            continue
        yield of_step.modified_ns
        for task in ("", *(f"/{name}" for name in of_step.folders)):
            for path in (f"{run}/{step}{task}", f"{run}/{step}{task}/{META}"):
                changed = tree.modified_ns(path)
                if changed is not None:
                    yield changed
