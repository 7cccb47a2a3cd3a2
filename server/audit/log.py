"""The audit log: lines of JSON, written by a thread of its own, for a disk or a pipe may stand still."""

import errno
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_logger = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_MOST_BYTES = 8 * 2**20  # of those that wait, or are being written
_LAST_SECONDS = 2.0
_ADDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT


class AuditLog:
    """Whoever writes never waits and never fails: what can't be written is counted, and the count is told later."""

    def __init__(self) -> None:
        self._lines: queue.Queue[tuple[Path | None, bytes] | None] = queue.Queue(_MOST_WAITING)
        self._put = 0  # bytes; counted where lines come from
        self._taken = 0  # bytes; counted by the thread
        self._dropped = 0  # for want of room in the queue; counted where lines come from
        self._unwritten = 0  # counted by the thread
        self._told = 0
        self._thread: threading.Thread | None = None

    def write(self, record: Mapping[str, Any], file: Path | None) -> None:
        """One line, at the end of a file or of stderr. In ASCII: no text in it can begin another line."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
            self._thread.start()
        line = json.dumps(record).encode() + b"\n"
        if self._put - self._taken + len(line) > _MOST_BYTES:
            self._dropped += 1
            return
        try:
            self._lines.put_nowait((file, line))
        except queue.Full:
            self._dropped += 1
        else:
            self._put += len(line)

    def close(self) -> None:
        """Once what was written before is there, or could not be in time."""
        thread, self._thread = self._thread, None
        if thread is not None:
            with suppress(queue.Full):
                self._lines.put(None, timeout=_LAST_SECONDS)
                thread.join(_LAST_SECONDS)

    def _run(self) -> None:
        failing = False
        while (waiting := self._lines.get()) is not None:
            file, line = waiting
            size = len(line)
            lost = self._dropped + self._unwritten - self._told
            if lost:
                # What was written last may have been cut off in the middle.
                line = b"\n" + json.dumps({"lost": lost}).encode() + b"\n" + line
            try:
                _append(file, line)
            except (OSError, ValueError) as error:  # the latter where stderr was closed
                self._unwritten += 1
                if not failing:
                    _logger.error("The audit log can't be written, its lines are lost and counted: %s", error)
                failing = True
            else:
                self._told += lost
                failing = False
            self._taken += size


def check(file: Path) -> None:
    """OSError where no line can be added to the file, which is made if it is not there."""
    try:
        os.close(os.open(file, _ADDING | os.O_NONBLOCK, 0o600))
    except OSError as error:
        if error.errno != errno.ENXIO:  # a pipe that nobody reads from yet
            raise


def _append(file: Path | None, line: bytes) -> None:
    if file is None:
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
        return
    # Opened for each line: whoever rotates the file need not tell.
    descriptor = os.open(file, _ADDING, 0o600)
    try:
        written = 0
        while written < len(line):
            written += os.write(descriptor, line[written:])
    finally:
        os.close(descriptor)
