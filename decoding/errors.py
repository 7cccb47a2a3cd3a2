"""What can go wrong while a pickle is read.

DecodingError
├── TooLarge      a limit was met: bytes, opcodes, memo, items, depth, text or time
└── Unreadable    not a pickle, cut off, or one that asks for what is never done
"""

from struct import error as StructError

# What parts of a pickle that do not fit together raise, when they are read and when their values are made.
FAULTS = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, StructError)


class DecodingError(Exception):
    """The value cannot be given; the message is for whoever asked for it."""


class TooLarge(DecodingError):
    """A limit was met."""


class Unreadable(DecodingError):
    """The bytes are not a pickle that can be read."""
