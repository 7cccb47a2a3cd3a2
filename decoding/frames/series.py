"""Values of one dtype, made as they are asked for: what columns, indexes and arrays of a library are read as."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from ..arrays.numpy_arrays import Array

# Where a fraction of the choices is asked for, each is looked up by itself.
_FEW = 8


@dataclass(frozen=True, slots=True)
class Series:
    """`cut(start, stop)` makes the values from start to stop, which are within `length`; they are what a view shows,
    None for what is missing. `dtype` is as pandas calls it.
    """

    dtype: str
    length: int
    cut: Callable[[int, int], list[object]]
    run: range | None = None  # where the values are these numbers, which no pickle has to hold

    @property
    def cells(self) -> int:
        return self.length

    def values(self, start: int = 0, stop: int | None = None) -> list[object]:
        start, stop, _ = slice(start, stop).indices(self.length)
        return self.cut(start, stop) if start < stop else []

    def called(self, dtype: str) -> Series:
        return replace(self, dtype=dtype)

    def each(self, dtype: str, made: Callable[[object], object]) -> Series:
        """With something made of each value; what is missing stays so."""

        def cut(start: int, stop: int) -> list[object]:
            return [None if value is None else made(value) for value in self.cut(start, stop)]

        return Series(dtype, self.length, cut)

    def hidden_by(self, mask: Series, dtype: str) -> Series:
        """With None wherever the mask is true."""

        def cut(start: int, stop: int) -> list[object]:
            pairs = zip(self.cut(start, stop), mask.cut(start, stop), strict=True)
            return [None if hidden else value for value, hidden in pairs]

        return Series(dtype, self.length, cut)


@dataclass(frozen=True, slots=True)
class Line:
    """One line along the last axis of an array of one or two dimensions: how pandas keeps a column."""

    array: Array
    number: int

    @property
    def length(self) -> int:
        return self.array.shape[-1]

    @property
    def dtype(self) -> str:
        """As `str(dtype)` has it: bytes in the order that is rare are told by numpy's short name."""
        dtype = self.array.dtype
        return dtype.short if dtype.short.startswith(">") and not dtype.unit else dtype.name

    def elements(self, start: int, stop: int) -> list[object]:
        first = self.number * self.length
        return self.array.elements(first + start, first + stop)

    def counts(self, start: int, stop: int) -> list[int]:
        first = self.number * self.length
        return self.array.counts(first + start, first + stop)

    def series(self) -> Series:
        return Series(self.dtype, self.length, self.elements)


def constant(dtype: str, length: int, value: object) -> Series:
    return Series(dtype, length, lambda start, stop: [value] * (stop - start))


def counting(numbers: range) -> Series:
    return Series("int64", len(numbers), lambda start, stop: list(numbers[start:stop]), numbers)


def chosen(codes: Series, choices: Series, dtype: str) -> Series:
    """The choice that each code counts; None for codes below zero. IndexError for one beyond them."""

    def cut(start: int, stop: int) -> list[object]:
        numbers = [code for code in codes.cut(start, stop) if isinstance(code, int)]
        if len(numbers) != stop - start or max(numbers, default=0) >= choices.length:
            raise IndexError
        if len(numbers) * _FEW >= choices.length:
            every = choices.values()
            return [every[number] if number >= 0 else None for number in numbers]
        found = {number: choices.cut(number, number + 1)[0] for number in set(numbers) if number >= 0}
        return [found.get(number) for number in numbers]

    return Series(dtype, codes.length, cut)


def joined(columns: Sequence[Series], dtype: str) -> Series:
    """One after the other."""
    ends = list(accumulate(column.length for column in columns))

    def cut(start: int, stop: int) -> list[object]:
        found: list[object] = []
        place = bisect_right(ends, start)
        while start < stop:
            begin = ends[place] - columns[place].length
            end = min(stop, ends[place])
            found += columns[place].values(start - begin, end - begin)
            start, place = end, place + 1
        return found

    return Series(dtype, ends[-1] if ends else 0, cut)


def spread(column: Series, starts: Sequence[int], lengths: Sequence[int], length: int, fill: object) -> Series:
    """The values of the column in blocks (where they start, how long they are), and `fill` between these."""
    firsts = [0, *accumulate(lengths)]

    def cut(start: int, stop: int) -> list[object]:
        found: list[object] = [fill] * (stop - start)
        place = max(bisect_right(starts, start) - 1, 0)
        while place < len(starts) and starts[place] < stop:
            begin, end = max(start, starts[place]), min(stop, starts[place] + lengths[place])
            if begin < end:
                offset = firsts[place] - starts[place]
                found[begin - start : end - start] = column.values(offset + begin, offset + end)
            place += 1
        return found

    return Series(column.dtype, length, cut)
