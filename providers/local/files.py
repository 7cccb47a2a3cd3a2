"""Reading what lies below a folder, and nothing else: no symlink out of it, no pipe or device, nothing huge."""

import errno
import os
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

from .. import usage

LARGEST = 8 * 2**20
# Metadata of 8 MiB is a hundred thousand times what Metaflow writes in one file.

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_LOOK_ONLY: int | None = getattr(os, "O_PATH", None)  # Linux
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.ENXIO})
# File systems tell times to 4 ms (ext4), 1 s (NFS) or 2 s (FAT): what changed this lately may change again unseen.
_RACY_NS = 2_100_000_000
_counting = Lock()


class Unreadable(Exception):
    """It is there, and can't be read as what it should be; the text says why, without its path."""


# Files and folders that were left alone since have the same: device, inode, size, when modified and changed (ns). No
# class of its own, for thousands are made and compared in one operation.
Signature = tuple[int, int, int, int, int]


def signature(status: os.stat_result) -> Signature:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def settled(status: os.stat_result) -> bool:
    """Whether another change would certainly show in the signature."""
    return max(status.st_mtime_ns, status.st_ctime_ns) < time.time_ns() - _RACY_NS


def status(path: str) -> os.stat_result | None:
    """None where there is nothing; raises Unreadable where we may not look."""
    try:
        return os.stat(path)
    except OSError as error:
        return _absent(error)


def leads_out(base: str, path: str) -> bool:
    """Whether what stands there is not really below `base`. Nothing is opened by it, not even a pipe."""
    if _LOOK_ONLY is None:
        return not _is_below(base, os.path.realpath(path))
    descriptor = os.open(path, _LOOK_ONLY | os.O_CLOEXEC)
    try:
        return not _stands_below(base, descriptor, path)
    finally:
        os.close(descriptor)


def opened(base: str, path: str, flags: int = 0) -> int | None:
    """A descriptor of what stands there, really below `base`; None where nothing does."""
    try:
        descriptor = os.open(path, _FLAGS | flags)
    except OSError as error:
        return _absent(error)
    if _stands_below(base, descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def read(base: str, path: str, largest: int = LARGEST) -> tuple[bytes, os.stat_result] | None:
    """The content of a file below `base`; None where there is none. Raises Unreadable."""
    descriptor = opened_file(base, path)
    if descriptor is None:
        return None
    try:
        return _whole(descriptor, largest)
    finally:
        os.close(descriptor)


def part(base: str, path: str, start: int, length: int) -> bytes | None:
    """At most so many bytes of a file below `base`, which may be of any size; None where there is none."""
    descriptor = opened_file(base, path)
    if descriptor is None:
        return None
    try:
        with _counting:
            usage.current.get().file_reads += 1
        return os.pread(descriptor, length, start)
    finally:
        os.close(descriptor)


def opened_file(base: str, path: str) -> int | None:
    """A descriptor of a regular file below `base`; None where there is none. A device must not even be opened."""
    before = status(path)
    return opened(base, path) if before is not None and stat.S_ISREG(before.st_mode) else None


@contextmanager
def folder(base: str, path: str) -> Generator[int | None]:
    """A descriptor of a folder below `base`, None where there is none."""
    descriptor = opened(base, path, os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def read_in(base: str, path: str, descriptor: int, name: str) -> bytes | None:
    """The content of a file in an open folder, whose path is `path`; None where there is none. Raises Unreadable."""
    try:
        file = os.open(name, _FLAGS | os.O_NOFOLLOW, dir_fd=descriptor)
    except OSError as error:
        if error.errno != errno.ELOOP:
            return _absent(error)
        linked = read(base, f"{path}/{name}")
        return linked and linked[0]
    try:
        return _whole(file, LARGEST)[0]
    finally:
        os.close(file)


def _whole(descriptor: int, largest: int) -> tuple[bytes, os.stat_result]:
    with _counting:
        usage.current.get().file_reads += 1
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("it is no regular file")
    if status.st_size > largest:
        raise Unreadable(f"it has more than {largest} bytes")
    data = os.read(descriptor, status.st_size + 1)
    if len(data) > status.st_size:
        raise Unreadable("it is being written")
    return data, status


def _absent(error: OSError) -> None:
    """Returns for what means that there is nothing; else raises."""
    if error.errno in _REFUSED:
        raise Unreadable("the gateway may not read it") from error
    if error.errno not in _ABSENT:
        raise error


def _stands_below(base: str, descriptor: int, path: str) -> bool:
    try:
        real = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:  # no Linux
        real = os.path.realpath(path)
    return _is_below(base, real)


def _is_below(base: str, real: str) -> bool:
    return real == base or real.startswith(base + os.sep)
