"""What a request may take, in calls of functions: counted alike on every machine, whatever else that does."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from .calling import Answer
from .hostile import Sent

# To be refused with twenty names that are alike takes 280,000 calls.
LEAST = 400_000
# For each byte of a document that is read, and of variables and of an answer, of which few become calls.
OF_DOCUMENT = 60
OF_VARIABLES = 3
OF_ANSWER = 1
DOCUMENT = 65_536  # the largest document that is read
# Whatever the size: a tenth of a second and more, by machines.
MOST = 1_500_000
SECONDS = 5


class Hang(BaseException):
    """It took too long. No handler of errors may take it for one."""


def allowed(sent: Sent, answer: Answer) -> int:
    """The most calls that a request of this size may take, with an answer of this size."""
    size = len(sent.body) + len(sent.target)
    of_size = OF_DOCUMENT * min(size, DOCUMENT) + OF_VARIABLES * size + OF_ANSWER * len(answer.content)
    return min(MOST, LEAST + of_size)


@contextmanager
def watchdog(seconds: float = SECONDS) -> Generator[None]:
    """Raises Hang in the main thread, wherever it is."""

    def bark(_number: int, _frame: FrameType | None) -> None:
        raise Hang(f"it took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, bark)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
