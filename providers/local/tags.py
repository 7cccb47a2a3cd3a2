"""Changing the tags of a run, among gateways that share a lock and Metaflow processes that take none."""

import errno
import fcntl
import json
import os
import random
import secrets
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import InvalidTag, NotFound, ReadOnlyProvider, SystemTag, TagConflict
from . import files, forms
from .files import Unreadable
from .tree import META, Tree, corrupt

# metaflow/tagging_util.py, MAX_USER_TAG_SET_SIZE
MOST_USER_TAGS = 50

_SELF = "_self.json"
_LOCK_SECONDS = 20
_WRITES = 50
# Metaflow reads a run's tags half a millisecond before it replaces them: what it read before our change it puts back
# after it. So we look on until the change has held for a while; a longer one where Metaflow is seen to be at work.
_QUIET_SECONDS = 0.002
_BUSY_SECONDS = 0.02
_LATELY_MS = 10_000
_NO_FOLDER_LOCKS = frozenset({errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP})


def mutate(tree: Tree, pathspec: str, add: frozenset[str], remove: frozenset[str]) -> None:
    """Remove, then add; return once the run has been seen to have it so. Raises TaggingErrors, NotFound."""
    try:
        with files.folder(tree.base, tree.path(f"{pathspec}/{META}")) as folder:
            if folder is None:
                raise NotFound(f"There is no run {pathspec}.")
            with _locked(tree, folder, pathspec):
                _mutate(tree, folder, pathspec, add, remove)
    except Unreadable as error:
        raise corrupt(pathspec, error) from error


def _mutate(tree: Tree, folder: int, pathspec: str, add: frozenset[str], remove: frozenset[str]) -> None:
    held_since, writes, enough = 0.0, 0, 0.0
    while writes <= _WRITES:
        data = _content(tree, folder, pathspec)
        changed = _changed(data, pathspec, add, remove)
        if changed is not None:
            _replace(folder, changed)
            held_since, writes = time.monotonic(), writes + 1
            enough = _BUSY_SECONDS if writes > 1 or _is_busy(folder, data) else _QUIET_SECONDS
        elif time.monotonic() - held_since >= enough:
            return
        time.sleep(_QUIET_SECONDS)
    raise TagConflict(f"Others change the tags of {pathspec} all the time; try again.")


def _content(tree: Tree, folder: int, pathspec: str) -> bytes:
    data = files.read_in(tree.base, tree.path(f"{pathspec}/{META}"), folder, _SELF)
    if data is None:
        raise NotFound(f"There is no run {pathspec}.")
    return data


def _changed(data: bytes, pathspec: str, add: frozenset[str], remove: frozenset[str]) -> bytes | None:
    """The run's record with its new tags and all else as it was; None where it has them already.

    Rules: metaflow/plugins/metadata_providers/local.py, _mutate_user_tags_for_run.
    """
    own = forms.OWN_OF_RUN.read(data)
    present, system = frozenset(own.tags or ()), frozenset(own.system_tags or ())
    if remove & system:
        raise SystemTag(f"System tags of {pathspec} can't be removed: {', '.join(sorted(remove & system))}.")
    tags = (present - remove) | (add - system)
    if tags == present:
        return None
    if len(tags) > max(MOST_USER_TAGS, len(present)):
        raise InvalidTag(f"{pathspec} would have {len(tags)} tags; {MOST_USER_TAGS} are the most. Remove some.")
    record: dict[str, Any] = json.loads(data)
    return json.dumps(record | {"tags": sorted(tags)}).encode()


def _is_busy(folder: int, data: bytes) -> bool:
    """Whether a Metaflow process is writing tags, or did lately: it sets the run's time, and writes beside it first."""
    lately = forms.OWN_OF_RUN.read(data).ts_epoch > time.time() * 1000 - _LATELY_MS
    return lately or any(name.startswith("tmp") for name in os.listdir(folder))


def _replace(folder: int, data: bytes) -> None:
    # The name begins as those of Metaflow's temporary files do, which all readers leave alone.
    name = f"tmp{secrets.token_hex(4)}"
    try:
        before = os.stat(_SELF, dir_fd=folder)
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    except OSError as error:
        raise _read_only(error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            # A gateway of another user must not take the run away from its owner.
            with suppress(PermissionError):
                os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
            file.write(data)
        os.rename(name, _SELF, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        raise


def _read_only(error: OSError) -> OSError | ReadOnlyProvider:
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return ReadOnlyProvider("The gateway may not write where these runs are kept.")
    return error


@contextmanager
def _locked(tree: Tree, folder: int, pathspec: str) -> Generator[None]:
    """No other gateway changes the run meanwhile. Locked is the folder itself: a lock file would be found by others."""
    until = time.monotonic() + _LOCK_SECONDS
    lock = folder
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise TagConflict(f"Others change the tags of {pathspec} all the time; try again.") from None
                time.sleep(random.uniform(0.0005, 0.003))
            except OSError as error:
                if lock != folder or error.errno not in _NO_FOLDER_LOCKS:
                    raise
                lock = _lock_file(tree)
        yield
    finally:
        if lock == folder:
            fcntl.flock(lock, fcntl.LOCK_UN)
        else:
            os.close(lock)


def _lock_file(tree: Tree) -> int:
    """For file systems (NFS) that lock only files open for writing: one for all runs, hidden from Metaflow's globs."""
    path = tree.path(".metaflow-graphql.lock")
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _read_only(error) from error
