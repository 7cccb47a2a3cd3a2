"""Answers that are all there, sent as fast as their clients take them."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .compression import Content
from .error_answers import error_answer
from .errors import refused

# Sent in one piece, and not counted: as many connections as there may be hold half as much again of these.
_AT_ONCE = 65_536
# Bytes of larger answers, of all clients together, that are not sent yet: the largest one four times.
UNSENT_BYTES = 256 * 2**20


class Unsent:
    """Bytes of large answers that clients are still to take."""

    def __init__(self) -> None:
        self.bytes = 0


class Whole(Response):
    """Bytes that are sent a part at a time: whoever takes them slowly holds them once, and not as a copy on its way.

    503 instead where too many are `unsent` already.
    """

    def __init__(self, content: Content, headers: dict[str, str], media_type: str, unsent: Unsent) -> None:
        super().__init__(content, 200, headers, media_type)
        self._unsent = unsent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = len(self.body)
        if size <= _AT_ONCE:
            await super().__call__(scope, receive, send)
            return
        if self._unsent.bytes + size > UNSENT_BYTES:
            message = "There are too many large answers that others have not taken yet: try again."
            error = refused("RATE_LIMITED", message, 503, {"retry-after": "1"})
            await error_answer(scope, error)(scope, receive, send)
            return
        self._unsent.bytes += size
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for start in range(0, size, _AT_ONCE):
                part, more = self.body[start : start + _AT_ONCE], start + _AT_ONCE < size
                await send({"type": "http.response.body", "body": part, "more_body": more})
        finally:
            self._unsent.bytes -= size
