"""Where Metaflow keeps its local runs, by its own rules."""

from pathlib import Path

from .. import pathspec as pathspecs
from ..errors import ArtifactUnreadable

DATASTORE = ".metaflow"


def find_root(sysroot: str | None, cwd: Path) -> Path | None:
    """The folder that contains `.metaflow`: `sysroot` if it is set, else `cwd` or the nearest above that has one.

    Rule: metaflow/plugins/datastores/local_storage.py, get_datastore_root_from_config.
    """
    if sysroot is not None:
        return cwd / sysroot
    return next((folder for folder in (cwd, *cwd.parents) if (folder / DATASTORE).is_dir()), None)


def require_local(root: str) -> None:
    """Raises ArtifactUnreadable where metadata say that it lies in another kind of datastore."""
    scheme, separator, _ = root.partition("://")
    if separator:
        raise ArtifactUnreadable(f"It is stored in {pathspecs.shown(scheme)}, which is not a local datastore.")
