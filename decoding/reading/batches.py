"""Batches of elements, as lists are pickled: from MARK to APPENDS, passed by without being read."""

from dataclasses import dataclass
from itertools import repeat

from ..pickles import opcodes as op
from ..pickles.opcodes import APPENDS, MARK, MEMOIZE, SHORT_BINUNICODE
from .runs import CALLED, NOTES_OF_CALL, calls, pushes, texts_of

_OPCODES = 100_000  # of one; genuine ones have a thousand elements
# Python has one object for each text of no or one character up to ÿ, so that all columns refer to the same.
_ONE_CHARACTER = 2  # bytes in UTF-8, at most; two bytes may be two characters
_LAST = "ÿ"
# By opcode, how many bytes it takes with its argument, and by how much it makes the stack higher. What names a global
# is not among them: that has to be known later.
_STEPS: dict[int, tuple[int, int]] = {
    **dict.fromkeys((op.NONE, op.NEWTRUE, op.NEWFALSE), (1, 1)),
    **dict.fromkeys((op.EMPTY_LIST, op.EMPTY_TUPLE, op.EMPTY_DICT, op.EMPTY_SET), (1, 1)),
    **dict.fromkeys((op.BINGET, op.BININT1), (2, 1)),
    op.BININT2: (3, 1),
    **dict.fromkeys((op.LONG_BINGET, op.BININT), (5, 1)),
    op.BINFLOAT: (9, 1),
    op.BINPUT: (2, 0),
    op.LONG_BINPUT: (5, 0),
    op.FRAME: (9, 0),
    op.TUPLE1: (1, 0),
    **dict.fromkeys((op.TUPLE2, op.REDUCE, op.NEWOBJ, op.BUILD, op.APPEND), (1, -1)),
    **dict.fromkeys((op.TUPLE3, op.NEWOBJ_EX, op.SETITEM), (1, -2)),
}
_WIDTHS = [_STEPS.get(code, (0, 0))[0] for code in range(256)]
_RISES = [_STEPS.get(code, (0, 0))[1] for code in range(256)]
_NOTES = frozenset({op.BINPUT, op.LONG_BINPUT})
# Bytes of the length that comes before the argument.
_LENGTHS = {
    **dict.fromkeys((op.SHORT_BINBYTES, op.SHORT_BINSTRING, op.LONG1), 1),
    **dict.fromkeys((op.BINUNICODE, op.BINBYTES, op.BINSTRING, op.LONG4), 4),
    **dict.fromkeys((op.BINUNICODE8, op.BINBYTES8, op.BYTEARRAY8), 8),
}
# What takes all above the last mark off the stack, and how many it leaves in their place.
_CLOSING = {APPENDS: 0, op.SETITEMS: 0, op.ADDITEMS: 0, op.TUPLE: 1, op.LIST: 1, op.DICT: 1, op.FROZENSET: 1}


@dataclass(frozen=True, slots=True)
class Batch:
    """`size` in bytes; how many elements; how many of their parts are noted in the memo, and which are the texts of
    one character, by their place among those. Of one that is not whole yet, nothing.
    """

    size: int = 0
    values: int = 0
    noted: int = 0
    texts: tuple[tuple[int, str], ...] = ()


def unread_batch(data: bytearray, most: int, longest: int) -> Batch | None:
    """The batch that the bytes begin with; None where they begin with none, it has more than `most` elements or
    `longest` bytes, or something in it has to be read.
    """
    if not data.startswith(bytes([MARK])):
        return None
    try:
        found = _scanned(data)
    except IndexError:  # more has to come
        return Batch() if len(data) < longest else None
    return found if found is not None and found.values <= most else None


def _scanned(data: bytearray) -> Batch | None:
    at, height, noted = 1, 0, 0
    marks: list[int] = []
    texts: list[tuple[int, str]] = []
    for _ in repeat(None, _OPCODES):
        code = data[at]
        if code == SHORT_BINUNICODE:
            length = data[at + 1]
            run = texts_of(data, at, length) if length > 1 else 0
            if run:
                at += run * (length + 3)
                height += run
                noted += run
                continue
            at += 2 + length
            height += 1
            if length <= _ONE_CHARACTER and data[at] == MEMOIZE:
                text = data[at - length : at].decode("utf-8", "replace")
                if len(text) <= 1 and text <= _LAST:
                    texts.append((noted, text))
        elif code == MEMOIZE:
            at += 1
            noted += 1
        elif width := _WIDTHS[code]:
            after = data[at + width]
            if after == code and (run := pushes(data, at, width)):
                at += run * width
                height += run
                continue
            if after in CALLED and (run := calls(data, at, width)):
                at += run * (width + data[at + width + 1] + 7)
                height += run
                noted += run * NOTES_OF_CALL
                continue
            at += width
            height += _RISES[code]
            noted += code in _NOTES
        elif code in _LENGTHS:
            begin = at + 1 + _LENGTHS[code]
            at = begin + int.from_bytes(data[at + 1 : begin], "little")
            height += 1
        elif code == MARK:
            marks.append(height)
            at += 1
        elif code == APPENDS and not marks:
            return Batch(at + 1, height, noted, tuple(texts))
        elif code in _CLOSING and marks:
            height = marks.pop() + _CLOSING[code]
            at += 1
        else:
            return None
        if height < 0:
            return None
    return None
