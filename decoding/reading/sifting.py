"""Object arrays, and long lists of dicts, as they stream by: what a table's first rows take of them is kept, all else
dropped."""

from collections.abc import Callable, Mapping
from math import prod

from ..arrays.dtypes import dtype_of, shape_of
from ..limits import Limits
from ..pickles.cells import Cells, Memo
from ..pickles.handlers import HANDLERS
from ..pickles.machine import Machine
from ..pickles.payloads import Payload
from ..stand_ins import Instance
from .batches import Batch
from .heads import Ranges, first_cells

# An array is held whole if it takes no more than this part of the room that there is for those that turn out larger,
# which is this part of all that may be held. Who has many of them, as pandas 3 has one for each column of texts, is
# left with less for each, but with enough for the names of columns.
_SHARE, _ROOM = 8, 4
_LEAST = 2048  # the part of all that may be held that each has in any case
_SOME = 2**62  # elements of a list: how many there are is known at its end


class SiftingMachine(Machine):
    """Reads a pickle segment by segment; of larger object arrays, and of a list of dicts that is the whole, it makes
    Cells.

    Their elements are pickled a thousand at a time: a batch of which nothing is wanted is passed by
    unread. What was read counts for good, in bytes, opcodes and the memo: anything may still refer to it.
    """

    def __init__(self, first: int, limits: Limits, known: Mapping[str, Callable[[Instance], object]]) -> None:
        super().__init__(b"", HANDLERS, limits, known)
        self._memo = Memo()
        self.memo = self._memo
        self._first = first
        self._room = limits.bytes // _ROOM
        self._least = limits.bytes // _LEAST
        self._cells = Cells([])  # of the array that comes
        self._count = 0  # of all its elements
        self._whole = 0  # bytes up to where it is held whole
        self._share = 0  # that it takes until there; 0 once it is known to be larger
        self._passed = 0  # bytes of the segments so far, and those kept of long payloads
        self._open = 0  # marks that are below it

    def go_on(self, data: bytes) -> None:
        super().go_on(data)
        self._passed += len(data) - 1  # without the STOP

    def push(self, payload: Payload) -> None:
        """A long payload, in the place of its opcode."""
        self._passed += sum(map(len, payload.pieces))
        self.stack.append(payload)

    def noted(self) -> int:
        return self._memo.held()

    def sifts(self) -> bool:
        """Whether elements come that are not all kept."""
        return len(self._cells) < self._count and self._passed > self._whole

    def between_batches(self) -> bool:
        return len(self.marks) == self._open and bool(self.stack) and self.stack[-1] is self._cells

    def before_wanted(self) -> int:
        """How many of the elements that come are not wanted."""
        found = self._cells.before_wanted()
        return self._count - len(self._cells) if found is None else found

    def pass_by(self, batch: Batch) -> None:
        """A batch of which nothing is wanted. Texts that everything refers to are noted all the same."""
        self._cells.skip(batch.values)
        first = len(self._memo)
        for place, text in batch.texts:
            self._memo[first + place] = text
        self._memo.pass_by(batch.noted - len(batch.texts))

    def append_to(self, target: object, values: list[object]) -> None:
        if target is self._cells:
            self._sift(values)
        elif target == [] and len(self._cells) >= self._count and (wanted := self._begins(values)) is not None:
            self._begin(wanted)
            self._sift(values)
        else:
            super().append_to(target, values)

    def _begins(self, values: list[object]) -> Ranges | None:
        """What is wanted of the list on top, which has this first batch: of the elements of a larger array of objects,
        or of a list of dicts. None of any other.
        """
        if len(self.stack) == 1:
            if not all(type(value) is dict for value in values):
                return None
            self._count = _SOME
            return [(0, self._first)]
        if not self.marks or len(self.stack) - self.marks[-1] != 5:
            return None
        above = self.stack[-5:]
        shape, dtype = shape_of(above[1]), dtype_of(above[2])
        if not shape or dtype is None or not dtype.boxed or prod(shape) <= len(values):
            return None
        self._count = prod(shape)
        return first_cells(shape, self._first)

    def _begin(self, wanted: Ranges) -> None:
        self.stack[-1] = self._cells = Cells(wanted)
        self._share = max(self._room // _SHARE, self._least)
        self._whole = self._passed + self.position + self._share
        self._open = len(self.marks)

    def _sift(self, values: list[object]) -> None:
        """The next batch of the array."""
        if self._passed + self.position <= self._whole or not self._cells:
            self._cells.keep(values)
        else:
            self._room -= min(self._share, self._room)
            self._share = 0
            self._cells.sift(values)
