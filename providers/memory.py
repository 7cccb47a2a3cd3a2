"""What is remembered: for one operation all that it asked, and for the process what can't change any more."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from time import monotonic
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Memory:
    """Each question once, while it is asked and afterwards; also its error."""

    def __init__(self) -> None:
        self._asked: dict[Hashable, asyncio.Future[Any]] = {}

    async def once(self, question: Hashable, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What was answered to it before, else what `ask` brings now."""
        asked = self._asked.get(question)
        if asked is None:
            asked = self._asked[question] = asyncio.ensure_future(ask())
            asked.add_done_callback(_looked_at)
        # Who waits for it may give up, and others go on waiting.
        return cast("T", await asyncio.shield(asked))

    def asked(self, question: Hashable) -> bool:
        return question in self._asked

    def put(self, question: Hashable, answer: object) -> None:
        """What came along with another answer."""
        known = asyncio.get_running_loop().create_future()
        known.set_result(answer)
        self._asked.setdefault(question, known)


class Lately:
    """Answers that are shared for some seconds, the last of them."""

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._entries: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, question: Hashable) -> Any:
        """The answer, or None: None itself is not kept."""
        since, answer = self._entries.get(question, (0.0, None))
        return answer if answer is not None and monotonic() - since < self._seconds else None

    def forget(self, question: Hashable) -> None:
        """Keep no answer that was asked for before now."""
        self._put(question, None)

    def put(self, question: Hashable, answer: object, asked: float | None = None) -> None:
        """Keep the answer; `asked`: when (time.monotonic()) it was asked for."""
        forgotten, known = self._entries.get(question, (0.0, None))
        if asked is None or known is not None or asked > forgotten:
            self._put(question, answer)

    def _put(self, question: Hashable, answer: object) -> None:
        now = monotonic()
        self._entries.pop(question, None)
        self._entries[question] = (now, answer)
        while self._entries:
            since, _ = next(iter(self._entries.values()))
            if len(self._entries) <= self._most and now - since < self._seconds:
                break
            self._entries.popitem(last=False)


def _looked_at(asked: asyncio.Future[Any]) -> None:
    """Nobody may be left to look at its error, which asyncio would complain of."""
    if not asked.cancelled():
        asked.exception()
