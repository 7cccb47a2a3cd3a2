"""What is remembered: for one operation all that it asked, and for the process what can't change any more."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from time import monotonic
from typing import Any, NamedTuple, TypeVar, cast

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
    """Answers that are shared for some seconds, the last of them: `most`, of no more than `most_bytes` together."""

    def __init__(self, seconds: float, most: int, most_bytes: int = 128 * 2**20) -> None:
        self._seconds = seconds
        self._most = most
        self._most_bytes = most_bytes
        self._entries: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._bytes = 0
        self._forgotten = 0.0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, question: Hashable) -> Any:
        """The answer, or None: None itself is not kept."""
        kept = self._entries.get(question, _NOTHING)
        return kept.answer if kept.answer is not None and monotonic() - kept.since < self._seconds else None

    def forget(self, question: Hashable) -> None:
        """Keep no answer that was asked for before now."""
        self._put(question, None, 0, forgotten=monotonic())

    def put(self, question: Hashable, answer: object, asked: float | None = None, *, size: int = 0) -> None:
        """Keep the answer, unless it is too large; `asked`: when (time.monotonic()) it was asked for; `size`: bytes."""
        forgotten = max(self._entries.get(question, _NOTHING).forgotten, self._forgotten)
        if size <= self._most_bytes and (asked is None or asked > forgotten):
            self._put(question, answer, size, forgotten)

    def _put(self, question: Hashable, answer: object, size: int, forgotten: float) -> None:
        now = monotonic()
        self._bytes += size - self._entries.pop(question, _NOTHING).size
        self._entries[question] = _Kept(now, answer, size, forgotten)
        while self._entries:
            kept = next(iter(self._entries.values()))
            few = len(self._entries) <= self._most and self._bytes <= self._most_bytes
            if few and now - kept.since < self._seconds:
                break
            self._entries.popitem(last=False)
            self._bytes -= kept.size
            # Of which question is no longer known: of none is anything kept that was asked for before.
            self._forgotten = max(self._forgotten, kept.forgotten)


class _Kept(NamedTuple):
    """`answer`, known since then; what was asked for before `forgotten` is not to be kept. Both as time.monotonic()."""

    since: float
    answer: Any
    size: int
    forgotten: float


_NOTHING = _Kept(0.0, None, 0, 0.0)


def _looked_at(asked: asyncio.Future[Any]) -> None:
    """Nobody may be left to look at its error, which asyncio would complain of."""
    if not asked.cancelled():
        asked.exception()
