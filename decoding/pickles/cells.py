"""The elements of an object array that is too large to be held: those that were asked for, and how many there are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ..errors import TooLarge


class Cells:
    """Stands in the place of the list of the elements. `wanted` are the places (start, stop) that are kept, in order
    and apart; those before the first that is dropped are kept as well.
    """

    __slots__ = ("_length", "_next", "_pieces", "_starts", "_wanted")

    def __init__(self, wanted: Sequence[tuple[int, int]]) -> None:
        self._wanted = wanted
        self._next = 0  # the first of them that is not passed
        self._length = 0
        self._starts: list[int] = []
        self._pieces: list[list[object]] = []

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, places: slice) -> list[object]:
        """The elements from start to stop; TooLarge where they were not kept."""
        start, stop, _ = places.indices(self._length)
        if start >= stop:
            return []
        index = bisect_right(self._starts, start) - 1
        if index < 0 or stop > self._starts[index] + len(self._pieces[index]):
            raise TooLarge(f"The value has {self._length} objects in one array, and only the first were kept.")
        return self._pieces[index][start - self._starts[index] : stop - self._starts[index]]

    def head(self) -> list[object]:
        """Its beginning, as far as it was kept in one piece."""
        return self._pieces[0] if self._starts and self._starts[0] == 0 else []

    def keep(self, values: list[object]) -> None:
        """The next elements, all of them."""
        self._add(self._length, values)
        self.skip(len(values))

    def sift(self, values: list[object]) -> bool:
        """Keeps what is wanted of the next elements; whether that is any."""
        start, kept = self._length, False
        stop = start + len(values)
        for place in range(self._next, len(self._wanted)):
            begin, end = self._wanted[place]
            if begin >= stop:
                break
            self._add(max(begin, start), values[max(begin - start, 0) : end - start])
            kept = True
        self.skip(len(values))
        return kept

    def skip(self, count: int) -> None:
        """So many elements that nobody wants."""
        self._length += count
        while self._next < len(self._wanted) and self._wanted[self._next][1] <= self._length:
            self._next += 1

    def before_wanted(self) -> int | None:
        """How many elements come before the next one that is wanted; None where none is."""
        if self._next == len(self._wanted):
            return None
        return max(self._wanted[self._next][0] - self._length, 0)

    def _add(self, start: int, values: list[object]) -> None:
        if self._starts and self._starts[-1] + len(self._pieces[-1]) == start:
            self._pieces[-1] += values
        else:
            self._starts.append(start)
            self._pieces.append(values)


class Dropped:
    """An object among dropped elements, where one that was kept refers to it."""

    __slots__ = ()


DROPPED = Dropped()


class Memo(dict[int, object]):
    """What was noted so far, without what was dropped since; its length counts that too, as pickles do."""

    def __init__(self) -> None:
        self._dropped = 0

    def __len__(self) -> int:
        return super().__len__() + self._dropped

    def __missing__(self, key: int) -> object:
        if self._dropped and 0 <= key < len(self):
            return DROPPED
        raise KeyError(key)

    def held(self) -> int:
        return super().__len__()

    def pass_by(self, count: int) -> None:
        """So many that were never noted."""
        self._dropped += count
