"""A client over a socket, which sends what no well-behaved client would."""

from http.client import HTTPConnection, RemoteDisconnected
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from .calling import Answer
from .form import checked, outcome
from .hostile import RESET, Sent

_SECONDS = 60


class Client:
    """Keeps its connection as long as the server does."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=_SECONDS)

    def answer(self, sent: Sent) -> Answer:
        """The answer; raises OSError where the connection was closed without one."""
        try:
            self._connection.request(sent.method, sent.target, sent.body, dict(sent.headers))
            response = self._connection.getresponse()
            return Answer(response.status, response.headers.get("content-type", ""), response.read())
        except (OSError, RemoteDisconnected):
            self._connection.close()  # and another one is opened for the next
            raise

    def outcome(self, sent: Sent) -> str:
        """What became of the request: of a head that the server itself refuses, the status."""
        try:
            answer = self.answer(sent)
        except OSError:
            return RESET
        return str(answer.status) if answer.status in (414, 431) else outcome(checked(answer))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()
