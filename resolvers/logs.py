"""Fields of Task that tell of its log: each takes the tasks of a level, and returns one entry for each."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec
from strawberry import UNSET

from ..providers import log_pages, records, usage
from ..providers.base import FileStatus, Key, key_as_seen
from ..providers.errors import LimitExceeded
from ..providers.log_pages import Extent, Found
from ..providers.mflog import text
from ..providers.records import LogStream
from . import inputs, links
from .context import Context, Info, Limit
from .entries import Answers, gathered, raised
from .inputs import sent
from .log_cursors import Cursors
from .log_files import SOURCES, Log, logs_of
from .pages import Page, Window, page, window
from .rights import hidden_lines

LOG_PAGE_SIZE = Limit("logPageSize", 1000, "Lines on one page of a log.")
LOG_BYTES = Limit("logBytes", 16 * 2**20, "Bytes of a log that is given whole; of longer ones, loglines gives pages.")
LOG_LINES = Limit(
    "logLines", log_pages.LINES_AN_ANSWER, "Lines of all the logs of an answer; loglines gives shorter pages beyond."
)

Tasks = list[records.Task]
_STREAMS = (LogStream.STDOUT, LogStream.STDERR)


class LogLine(msgspec.Struct, frozen=True, gc=False):
    cursor: str
    number: int | None
    stream: LogStream
    timestamp: str | None
    text: str


async def stdout(tasks: Tasks, info: Info) -> Answers[str]:
    return await _texts(tasks, LogStream.STDOUT, info.context)


async def stderr(tasks: Tasks, info: Info) -> Answers[str]:
    return await _texts(tasks, LogStream.STDERR, info.context)


async def stdout_size(tasks: Tasks, info: Info) -> Answers[int]:
    return await _sizes(tasks, LogStream.STDOUT, info.context)


async def stderr_size(tasks: Tasks, info: Info) -> Answers[int]:
    return await _sizes(tasks, LogStream.STDERR, info.context)


async def loglines(
    tasks: Tasks,
    info: Info,
    stream: inputs.LogStreamArgument = UNSET,
    grep: inputs.Grep = UNSET,
    first: inputs.LogLines = UNSET,
    after: inputs.After = UNSET,
    last: inputs.LastLogLines = UNSET,
    before: inputs.Before = UNSET,
) -> Answers[Page[LogLine]]:
    part, only = window(first, after, last, before, LOG_PAGE_SIZE), sent(stream)
    found = await logs_of(list(map(key_as_seen, tasks)), (only,) if only else _STREAMS, info.context)
    return await gathered(_page(log, part, sent(grep) or "", info.context) for log in found)


async def log_url(tasks: Tasks, info: Info, stream: inputs.OneLogStream) -> Answers[str | None]:
    return await links.logs(info.context, list(map(key_as_seen, tasks)), stream.value.lower())


async def text_chunks(task: Key, stream: LogStream, context: Context) -> AsyncGenerator[bytes]:
    """The log as UTF-8 text, however long it is, in chunks of a few MB at most; nothing where there is none."""
    (found,) = await logs_of([task], (stream,), context)
    read = context.loaders.file_parts.load
    hides = await hidden_lines(context, task)
    async with aclosing(log_pages.texts(raised(found).whole(), read, context.log_turns, hides)) as chunks:
        async for chunk in chunks:
            if chunk:
                yield chunk.encode()


async def log_version(task: Key, stream: LogStream, context: Context) -> str | None:
    """Another text whenever the log has changed; None where there is none."""
    (found,) = await logs_of([task], (stream,), context)
    log = raised(found)
    log.whole()
    versions = [
        f"{source}-{file.status.version}"
        for source, file in zip(SOURCES, log.files, strict=True)
        if isinstance(file.status, FileStatus)
    ]
    return "-".join([str(log.attempt), *versions]) if versions else None


async def _sizes(tasks: Tasks, stream: LogStream, context: Context) -> Answers[int]:
    found = await logs_of(list(map(key_as_seen, tasks)), (stream,), context)
    return await gathered(_size(log) for log in found)


async def _size(found: Log | BaseException) -> int:
    return sum(file.size for file in raised(found).whole())


async def _texts(tasks: Tasks, stream: LogStream, context: Context) -> Answers[str]:
    found = await logs_of(list(map(key_as_seen, tasks)), (stream,), context)
    return await gathered(_text(log, context) for log in found)


async def _text(found: Log | BaseException, context: Context) -> str:
    log = raised(found)
    files = log.whole()
    size = sum(file.size for file in files)
    if size > LOG_BYTES.value:
        raise LimitExceeded(
            f"The log of {log.task.pathspec} has {size} bytes: more than {LOG_BYTES.value} ({LOG_BYTES.name} in "
            "serverInfo.limits) are not given whole. Ask for its loglines, or for its logUrl."
        )
    usage.current.get().spend(size)
    pieces: list[str] = []
    read, hides = context.loaders.file_parts.load, await hidden_lines(context, log.task)
    async with aclosing(log_pages.texts(files, read, context.log_turns, hides)) as chunks:
        async for chunk in chunks:
            pieces.append(chunk)
            if usage.current.get().log_lines > log_pages.LINES_AN_ANSWER:
                raise LimitExceeded(
                    f"The logs of this answer have more than {log_pages.LINES_AN_ANSWER} lines ({LOG_LINES.name} in "
                    f"serverInfo.limits): that of {log.task.pathspec} is not given whole. Ask for its loglines, or for "
                    "its logUrl."
                )
    return "".join(pieces)


async def _page(found: Log | BaseException, window: Window, grep: str, context: Context) -> Page[LogLine]:
    """A page of lines. A file that can't be read is left out, unless there is nothing else."""
    log = raised(found)
    files, errors = log.readable, log.errors
    if errors and not any(file.size for file in files):
        raise errors[0]
    streams = [file.stream for file in log.files]
    cursors = Cursors(log.task.pathspec, log.attempt, streams)
    hides = await hidden_lines(context, log.task)
    between = cursors.after(window.after), cursors.before(window.before)
    extent = Extent(window.size, window.backward, *between, grep, hides)
    part = await log_pages.page(files, extent, context.loaders.file_parts.load, context.log_turns)
    lines = [_line(line, streams, cursors) for line in part.found]
    whole = not (part.more or window.after or window.before)

    async def total() -> int | None:
        return len(lines) if whole else None

    end = cursors.of_place(part.end)
    # Where lines were passed over, a page goes on from where that ended; a full one, as ever, from its last line.
    ends = [end, end]
    if lines and (not (grep or hides) or len(lines) == window.size):
        ends = [lines[0].cursor, lines[-1].cursor]
    elif lines and window.backward:
        ends[1] = lines[-1].cursor
    elif lines:
        ends[0] = lines[0].cursor
    return page(lines, part.more, window, lambda line: line.cursor, total, errors, (ends[0], ends[1]))


def _line(found: Found, streams: Sequence[LogStream], cursors: Cursors) -> LogLine:
    stream, line = streams[found.file], found.line
    lines = [place.lines for place, of in zip(found.before, streams, strict=True) if of is stream]
    known = [number for number in lines if number is not None]
    number = sum(known) + 1 if len(known) == len(lines) else None
    timestamp = None if line.time is None else f"{line.time}Z"
    return LogLine(cursors.of_line(found), number, stream, timestamp, text(line.text))
