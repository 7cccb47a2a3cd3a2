"""What a task wrote, line by line."""

from ..providers.records import LogStream
from ..resolvers import logs
from ..resolvers.inputs import BigInt, DateTime
from .fields import stored, view


@view(logs.LogLine, "A line that a task wrote.")
class LogLine:
    number: BigInt | None = stored(
        "Counted from 1 within its stream; null where that means reading more than the page."
    )
    stream: LogStream = stored("Where it was written to.")
    timestamp: DateTime | None = stored(
        "When it was written, with microseconds; null where the log's format does not say."
    )
    text: str = stored(
        "Without its newline. Of a line of more than 1 MiB, its beginning; what is not UTF-8 is shown as U+FFFD."
    )
