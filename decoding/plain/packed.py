"""Numbers that are made as they are looked at."""

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import overload


class Packed(Sequence[object]):
    """Those of one layout, side by side in bytes: as objects, thirty megabytes of them would take a gigabyte."""

    def __init__(self, layout: str, data: bytes) -> None:
        self._layout = Struct(layout)
        if len(data) % self._layout.size:
            raise ValueError("bytes that are left over")
        self._data = data

    def __len__(self) -> int:
        return len(self._data) // self._layout.size

    def __iter__(self) -> Iterator[object]:
        return (number for (number,) in self._layout.iter_unpack(self._data))

    @overload
    def __getitem__(self, index: int) -> object: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[object]: ...
    def __getitem__(self, index: int | slice) -> object:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._layout.unpack_from(self._data, range(len(self))[index] * self._layout.size)[0]
