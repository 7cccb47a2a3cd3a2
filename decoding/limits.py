"""How much is read and shown before it is called too large."""

from dataclasses import dataclass
from time import monotonic

from .errors import TooLarge


@dataclass(frozen=True, slots=True)
class Limits:
    """Each of decode, to_json, preview and table has `seconds` for itself. The memory that decoding takes is bounded by
    `bytes` (text may take four times its bytes) and by `opcodes` (about 100 bytes each at worst).
    """

    bytes: int = 32 * 1024 * 1024
    opcodes: int = 5_000_000
    memo: int = 2_000_000
    # orjson encodes 254 levels; the answer around the value needs some of them.
    depth: int = 200
    items: int = 2_000_000
    # Characters of the strings and keys of the JSON; what is repeated counts each time.
    text: int = 32 * 1024 * 1024
    seconds: float = 10.0


DEFAULT = Limits()


class Clock:
    """Runs from its making; `check` raises TooLarge once the time is over."""

    __slots__ = ("_end", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = monotonic() + seconds

    def extend(self, seconds: float) -> None:
        self._end += seconds

    def over(self) -> bool:
        return monotonic() > self._end

    def check(self) -> None:
        if self.over():
            raise TooLarge(f"Reading the value takes longer than {self._seconds:g} seconds.")
