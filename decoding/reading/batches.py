"""Batches of plain elements, as lists are pickled: from MARK to APPENDS, seen to be such without being read."""

from dataclasses import dataclass
from itertools import repeat

from ..pickles import opcodes as op

_LONGEST = 2**20  # bytes of a batch that is waited for
# Python has one object for each text of no or one character up to ÿ, so that all columns refer to the same.
_ONE_CHARACTER = 2  # bytes, in UTF-8
# Bytes of what stands for an element, or for nothing; those of variable length are told by the bytes after the opcode.
_VALUES = {
    **dict.fromkeys((op.NONE, op.NEWTRUE, op.NEWFALSE), 1),
    **dict.fromkeys((op.BINGET, op.BININT1), 2),
    **dict.fromkeys((op.BININT2,), 3),
    **dict.fromkeys((op.LONG_BINGET, op.BININT), 5),
    op.BINFLOAT: 9,
}
_NOTES = {op.MEMOIZE: 1, op.BINPUT: 2, op.LONG_BINPUT: 5}
_LENGTHS = {
    **dict.fromkeys((op.SHORT_BINBYTES, op.SHORT_BINSTRING, op.LONG1), 1),
    **dict.fromkeys((op.BINUNICODE, op.BINBYTES, op.BINSTRING), 4),
}
_WIDTHS = [_VALUES.get(code, 0) for code in range(256)]


@dataclass(frozen=True, slots=True)
class Batch:
    """`size` in bytes; how many elements; how many of them are noted in the memo, and which are the texts of
    one character, by their place among those. Of one that is not whole yet, nothing.
    """

    size: int = 0
    values: int = 0
    noted: int = 0
    texts: tuple[tuple[int, str], ...] = ()


def plain_batch(data: bytearray, most: int) -> Batch | None:
    """The batch that the bytes begin with; None where they begin with none, it is not only of plain elements, has
    more of them than that, or is long.
    """
    if not data.startswith(bytes([op.MARK])):
        return None
    try:
        return _scanned(data, most)
    except IndexError:  # more has to come
        return Batch() if len(data) < _LONGEST else None


def _scanned(data: bytearray, most: int) -> Batch | None:
    at, values, noted = 1, 0, 0
    texts: list[tuple[int, str]] = []
    for _ in repeat(None, 4 * most):
        code = data[at]
        if code == op.SHORT_BINUNICODE:
            length = data[at + 1]
            at += 2 + length
            values += 1
            if data[at] == op.MEMOIZE:
                if length <= _ONE_CHARACTER:
                    texts.append((noted, data[at - length : at].decode("utf-8", "replace")))
                at += 1
                noted += 1
        elif width := _WIDTHS[code]:
            at += width
            values += 1
        elif code == op.APPENDS:
            return Batch(at + 1, values, noted, tuple(texts)) if values <= most else None
        elif code in _NOTES:
            at += _NOTES[code]
            noted += 1
        elif code in _LENGTHS:
            begin = at + 1 + _LENGTHS[code]
            at = begin + int.from_bytes(data[at + 1 : begin], "little")
            values += 1
        elif code == op.FRAME:
            at += 9
        else:
            return None
    return None
