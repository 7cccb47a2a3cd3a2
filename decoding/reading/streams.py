"""Pickles too large to be held: read as they come, long payloads kept only as far as a table's first rows need."""

from collections.abc import Callable, Mapping
from time import monotonic

from ..errors import TooLarge, Unreadable
from ..frames.polars_frames import FRAME, SERIES
from ..limits import DEFAULT, Limits
from ..pickles import opcodes as op
from ..pickles.machine import STRIDE
from ..pickles.payloads import Payload
from ..stand_ins import Instance
from .arrow_heads import Places, stream_places
from .batches import unread_batch
from .heads import PREFIX, Ranges, ranges
from .sifting import SiftingMachine

_SEGMENT = 64 * 1024  # so much is collected before it is read
_END = bytes([op.STOP])
_LONG = 2**65  # more than can wait
_PIECE = 100  # bytes that an object takes beside its content
_NOTHING_KNOWN: Mapping[str, Callable[[Instance], object]] = {}

# Bytes of the argument that follows an opcode; those that are in none of these have none.
_FIXED = {
    **dict.fromkeys((op.BININT1, op.BINGET, op.BINPUT, op.PROTO, op.EXT1), 1),
    **dict.fromkeys((op.BININT2, op.EXT2), 2),
    **dict.fromkeys((op.BININT, op.LONG_BINGET, op.LONG_BINPUT, op.EXT4), 4),
    **dict.fromkeys((op.BINFLOAT, op.FRAME), 8),
}
_WIDTHS = [1 + _FIXED.get(code, 0) for code in range(256)]
# Bytes of the length that comes before the argument.
_LENGTHS = {
    **dict.fromkeys((op.SHORT_BINUNICODE, op.SHORT_BINBYTES, op.SHORT_BINSTRING, op.LONG1), 1),
    **dict.fromkeys((op.BINUNICODE, op.BINBYTES, op.BINSTRING, op.LONG4), 4),
    **dict.fromkeys((op.BINUNICODE8, op.BINBYTES8, op.BYTEARRAY8), 8),
}
# Lines that the argument has.
_LINES = {
    **dict.fromkeys((op.FLOAT, op.INT, op.LONG, op.PERSID, op.STRING, op.UNICODE, op.GET, op.PUT), 1),
    **dict.fromkeys((op.GLOBAL, op.INST), 2),
}
_SKIMMED = frozenset({op.BINBYTES, op.BINBYTES8, op.BYTEARRAY8})
_UNUSUAL = frozenset(_LENGTHS) | frozenset(_LINES) | {op.STOP}
_UNUSUAL_OF_CELLS = _UNUSUAL | {op.APPENDS}


class TableReader:
    """Takes the bytes of a pickle in pieces of any size, each once; what it then has is the value, with a Payload in
    the place of long bytes. `first` is how many rows a table of it will be asked for. The limit of bytes is that of
    what is held. `feed` and `close` raise TooLarge and Unreadable, and take up to a second for each piece.
    """

    def __init__(
        self,
        first: int,
        limits: Limits = DEFAULT,
        known: Mapping[str, Callable[[Instance], object]] = _NOTHING_KNOWN,
    ) -> None:
        self.finished = False  # the value is whole: what follows in the stream is not looked at
        self._first = first
        self._limits = limits
        self._machine = SiftingMachine(first, limits, known)
        self._waiting = bytearray()  # bytes of opcodes that were not read yet
        self._wanted = _SEGMENT  # so many have to wait for reading to make sense
        self._held = 0
        self._skimmed: Skimmed | None = None
        self._idle_since = monotonic()

    def feed(self, chunk: bytes) -> None:
        self._machine.waited(monotonic() - self._idle_since)
        self._machine.check(0)
        self._waiting += chunk
        self._go_on()
        self._idle_since = monotonic()

    def close(self) -> object:
        """The value, after the last piece."""
        self._machine.waited(monotonic() - self._idle_since)
        self._go_on(closing=True)
        if not self.finished:
            raise Unreadable("The pickle is cut off or damaged.")
        return self._machine.result()

    def _go_on(self, *, closing: bool = False) -> None:
        """Reads what waits, if that makes sense already."""
        while self._waiting and not self.finished:
            if self._skimmed is not None:
                self._skim(self._skimmed)
            elif (len(self._waiting) < self._wanted and not closing) or not (self._pass_by(closing) or self._read()):
                break

    def _pass_by(self, closing: bool) -> bool:
        """Whether a batch of elements comes that nobody wants; as far as it is there, it is gone then."""
        machine = self._machine
        if not machine.sifts() or not machine.between_batches():
            return False
        longest = self._limits.bytes // 2  # a batch that nobody wants is waited for up to this
        batch = unread_batch(self._waiting, machine.before_wanted(), longest)
        if batch is None or (closing and not batch.size):
            return False
        if batch.size:
            machine.check(0)
            machine.pass_by(batch)
            del self._waiting[: batch.size]
        self._wanted = _SEGMENT if batch.size else min(2 * len(self._waiting), longest)
        return True

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > self._limits.bytes:
            raise TooLarge(f"The value takes more than {self._limits.bytes} bytes beside what can be skipped.")

    def _read(self) -> bool:
        """Has the machine read opcodes that are whole, up to a long payload, or the end of a batch of elements that are
        sifted, and no more than a segment: only then is it known what comes after. False where there are none.
        """
        data, at, count, wanted = self._waiting, 0, 0, 0
        unusual = _UNUSUAL_OF_CELLS if self._machine.sifts() else _UNUSUAL
        size = len(data)
        while at < min(size, _SEGMENT):
            code = data[at]
            end = at + _WIDTHS[code]
            if code in unusual:
                if code == op.STOP:
                    self.finished = True
                    break
                if code == op.APPENDS:
                    at, count = end, count + 1
                    break
                end = self._end_of(code, at)
            if end > size:
                wanted = 0 if end == _LONG else end - at
                break
            at = end
            count += 1
        self._wanted = max(wanted, _SEGMENT)
        self._hand_over(at, count)
        skimming = self._begin()
        return bool(at) or skimming

    def _end_of(self, code: int, at: int) -> int:
        """Where the opcode's argument ends: beyond what is there if more has to come, or it is long."""
        data = self._waiting
        if code in _LINES:
            end = at
            for _ in range(_LINES[code]):
                end = data.find(b"\n", end + 1)
                if end < 0:
                    return at + 2 * (len(data) - at) + 1
            return end + 1
        begin = at + 1 + _LENGTHS[code]
        length = int.from_bytes(data[at + 1 : begin], "little")
        if begin <= len(data) and length > PREFIX and code in _SKIMMED:
            return _LONG
        if length > self._limits.bytes:
            self._hold(length)
        return begin + length

    def _hand_over(self, size: int, count: int) -> None:
        """The first so many bytes, which are so many opcodes, go to the machine."""
        if size:
            self._hold(size)
            segment = bytes(self._waiting[:size])
            del self._waiting[:size]
            self._machine.go_on(segment + _END)
            self._machine.check(count % STRIDE)

    def _begin(self) -> bool:
        """Whether a long payload comes next; what is kept of it is then known."""
        code = self._waiting[0] if self._waiting and not self.finished else op.STOP
        begin = 1 + _LENGTHS.get(code, 0)
        if code not in _SKIMMED or len(self._waiting) < begin:
            return False
        length = int.from_bytes(self._waiting[1:begin], "little")
        if length <= PREFIX:
            return False
        self._skimmed = Skimmed(length, self._places(length), self._hold)
        del self._waiting[:begin]
        return True

    def _places(self, length: int) -> Places:
        """What is kept of a payload of that length, which comes next."""
        stack, marks = self._machine.stack, self._machine.marks
        if stack and isinstance(stack[-1], Instance) and stack[-1].name in (FRAME, SERIES):
            return stream_places(self._first, self._limits)
        kept = ranges(stack, marks[-1] if marks else len(stack), length, self._first, self._limits)
        return _known(kept)

    def _skim(self, skimmed: "Skimmed") -> None:
        del self._waiting[: skimmed.take(self._waiting)]
        if skimmed.is_whole():
            self._skimmed = None
            self._machine.push(skimmed.payload())


def _known(ranges: Ranges) -> Places:
    for start, stop in ranges:
        if start < stop:
            yield start, stop


class Skimmed:
    """A payload as it passes by. `places` are those that are kept, (start, stop) in order; it may be sent the bytes of
    one to find the next. `hold` is told how many bytes that are.
    """

    __slots__ = ("_hold", "_kept", "_length", "_passed", "_place", "_places", "_starts")

    def __init__(self, length: int, places: Places, hold: Callable[[int], None]) -> None:
        self._length = length
        self._places = places
        self._hold = hold
        self._starts: list[int] = []
        self._kept: list[bytearray] = []
        self._passed = 0
        self._place = self._after(0, next(places, None))  # that is not whole yet

    def take(self, data: bytearray) -> int:
        """How many of these bytes belong to the payload, after those that are wanted were copied."""
        start = self._passed
        self._passed = min(start + len(data), self._length)
        while self._place is not None and self._place[0] < self._passed:
            begin, end = self._place
            self._kept[-1] += data[max(begin - start, 0) : min(end, self._passed) - start]
            if end > self._passed:
                break
            self._place = self._after(end, self._following(self._kept[-1]))
        return self._passed - start

    def _following(self, found: bytearray) -> tuple[int, int] | None:
        try:
            return self._places.send(found)
        except StopIteration:
            return None

    def _after(self, last: int, place: tuple[int, int] | None) -> tuple[int, int] | None:
        """The place, if it is one that has not passed."""
        if place is None or not last <= place[0] < place[1] <= self._length:
            return None
        self._hold(place[1] - place[0] + _PIECE)
        self._starts.append(place[0])
        self._kept.append(bytearray())
        return place

    def is_whole(self) -> bool:
        return self._passed == self._length

    def payload(self) -> Payload:
        return Payload(self._length, tuple(self._starts), tuple(map(bytes, self._kept)))
