"""Object arrays as they stream by: what a table's first rows take of them is kept, all else dropped."""

from collections.abc import Callable, Mapping
from math import prod

from ..arrays.dtypes import dtype_of, shape_of
from ..limits import Limits
from ..pickles.cells import Cells, Memo
from ..pickles.handlers import HANDLERS
from ..pickles.machine import Machine
from ..stand_ins import Global, Instance
from .batches import Batch
from .heads import first_cells

_SHARE = 32  # an array is held whole if it takes no more than this part of all that may be held
_GLOBAL = 1000  # bytes that one takes


class SiftingMachine(Machine):
    """Reads a pickle segment by segment; of larger object arrays it makes Cells.

    Their elements are pickled as those of lists, a thousand at a time: after each batch, what is not wanted of it is
    let go, and dropped from the memo. A batch with wanted elements stays there, since others refer to its texts.
    """

    def __init__(self, first: int, limits: Limits, known: Mapping[str, Callable[[Instance], object]]) -> None:
        super().__init__(b"", HANDLERS, limits, known)
        self._memo = Memo()
        self.memo = self._memo
        self._first = first
        self._share = limits.bytes // _SHARE
        self._cells = Cells([])  # of the array that comes
        self._count = 0  # of all its elements
        self._whole = 0  # bytes up to where it is held whole
        self._passed = 0  # bytes of the segments so far
        # Where its last batch ended: in bytes, in the memo, and what was to be kept had cost until then.
        self._ended, self._noted, self._cost = 0, 0, 0
        self._let_go = 0

    def go_on(self, data: bytes) -> None:
        super().go_on(data)
        self._passed += len(data) - 1  # without the STOP

    def noted(self) -> int:
        return self._memo.held()

    def let_go(self) -> int:
        """How many bytes need not be held any longer, since this was last asked."""
        found, self._let_go = self._let_go, 0
        return found

    def sifts(self) -> bool:
        """Whether elements come that are not all kept."""
        return len(self._cells) < self._count and self._passed > self._whole

    def between_batches(self) -> bool:
        return bool(self.stack) and self.stack[-1] is self._cells

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
        self._noted = len(self._memo)

    def append_to(self, target: object, values: list[object]) -> None:
        if target is self._cells:
            self._sift(values)
        elif target == [] and self._begins(len(values)):
            self.stack[-1] = self._cells
            self._sift(values)
        else:
            super().append_to(target, values)

    def _begins(self, batch: int) -> bool:
        """Whether the list on top, with its first batch of so many, has the elements of a larger array of objects."""
        above = self.stack[self.marks[-1] :] if self.marks else []
        if len(above) != 5 or len(self._cells) < self._count:
            return False
        shape, dtype = shape_of(above[1]), dtype_of(above[2])
        if not shape or dtype is None or not dtype.boxed or prod(shape) <= batch:
            return False
        self._count = prod(shape)
        self._cells = Cells(first_cells(shape, self._first))
        self._whole = self._passed + self.position + self._share
        return True

    def _sift(self, values: list[object]) -> None:
        """The next batch of the array."""
        now = self._passed + self.position
        if now <= self._whole or not self._cells:
            self._cells.keep(values)
            self._cost = self.cost
        elif self._cells.sift(values):
            self._cost = self.cost
        else:
            self._let_go += now - self._ended
            self.cost = min(self.cost, self._cost)
            self._forget()
        self._ended, self._noted = now, len(self._memo)

    def _forget(self) -> None:
        """What was noted of the batch, but for globals and their names, which others may refer to."""
        noted = [(place, self._memo.get(place)) for place in range(self._noted, len(self._memo))]
        found = [value for _, value in noted if isinstance(value, Global)]
        names = {name for value in found for name in (value.module, value.qualname)}
        self._let_go -= _GLOBAL * len(found)
        for place, value in noted:
            if not isinstance(value, Global) and not (isinstance(value, str) and value in names):
                self._memo.drop(place)
