"""What can go wrong while a pickle is read.

DecodingError
├── TooLarge      a limit was met: bytes, opcodes, memo, items, depth, text or time
└── Unreadable    not a pickle, cut off, or one that asks for what is never done
"""


class DecodingError(Exception):
    """The value cannot be given; the message is for whoever asked for it."""


class TooLarge(DecodingError):
    """A limit was met."""


class Unreadable(DecodingError):
    """The bytes are not a pickle that can be read."""
