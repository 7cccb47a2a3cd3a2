"""Answers that are all there, sent as fast as their clients take them."""

from collections import Counter

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .compression import Content
from .error_answers import error_answer
from .errors import refused

# Sent in one piece, and not counted: as many connections as there may be hold half as much again of these.
_AT_ONCE = 65_536
# Bytes of larger answers, of all clients together, that are not sent yet; and of one who is known: the largest answer.
UNSENT_BYTES = 256 * 2**20
_PART_OF_ONE = 4


class Unsent:
    """Bytes of large answers that clients are still to take, by who asks; None: of all, without access control."""

    def __init__(self) -> None:
        self._bytes = Counter[str | None]()

    def take(self, asker: str | None, size: int) -> bool:
        """Whether there is room for so many more, which are counted then."""
        one = 0 if asker is None else self._bytes[asker] + size
        if self._bytes.total() + size > UNSENT_BYTES or one > UNSENT_BYTES // _PART_OF_ONE:
            return False
        self._bytes[asker] += size
        return True

    def let_go(self, asker: str | None, size: int) -> None:
        self._bytes[asker] -= size
        if not self._bytes[asker]:
            del self._bytes[asker]


class Whole(Response):
    """Bytes that are sent a part at a time: whoever takes them slowly holds them once, and not as a copy on its way.

    503 instead where too many are `unsent` already.
    """

    def __init__(
        self, content: Content, media: str, headers: dict[str, str], unsent: Unsent, asker: str | None
    ) -> None:
        super().__init__(content, 200, headers, f"{media}; charset=utf-8")
        self._media = media
        self._unsent = unsent
        self._asker = asker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = len(self.body)
        if size <= _AT_ONCE or scope["method"] == "HEAD":
            await super().__call__(scope, receive, send)
            return
        if not self._unsent.take(self._asker, size):
            message = "Too many large answers are not taken yet: send a query again. A mutation has been executed."
            error = refused("RATE_LIMITED", message, 503, {"retry-after": "1"})
            await error_answer(scope, error, self._media)(scope, receive, send)
            return
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for start in range(0, size, _AT_ONCE):
                part, more = self.body[start : start + _AT_ONCE], start + _AT_ONCE < size
                await send({"type": "http.response.body", "body": part, "more_body": more})
        finally:
            self._unsent.let_go(self._asker, size)
