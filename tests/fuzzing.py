"""Changes real pickles at random and reads them: `python tests/fuzzing.py --mutations 100000`."""

import argparse
import array
import collections
import datetime
import decimal
import fractions
import functools
import gzip
import ipaddress
import json
import lzma
import pathlib
import pickle
import pickletools
import random
import re
import resource
import struct
import sys
import traceback
import types
import uuid
import zlib
import zoneinfo
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from attacks.reading import outcome, warm_up
from metaflow_graphql.decoding import Limits

_FOLDER = Path(__file__).parent
# A tenth of the defaults, so that a pickle made to grow takes no longer than the others.
LIMITS = Limits(opcodes=500_000, memo=200_000, items=100_000, text=1_000_000, seconds=1)
# Larger ones are of more of the same.
_LARGEST = 20_000
_HIGHEST = 1000
_BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
_NUMBERS = (0, 1, 2, 127, 128, 255, 256, 65_535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
_PUSHING = tuple(bytes([code]) for code in b"FIJKLMNSUVXBCG})]hj\x88\x89\x8a\x8b\x8c\x8f")
# All that pickles are made of, for one to stand in the place of another.
_OPCODES = b"(.012FIJKLMNPQRSTUVXabcde})]}ghijlopqrstu\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f" + bytes(
    range(0x90, 0x99)
)


def samples() -> list[bytes]:
    """Pickles of values of every kind that is read, at every protocol."""
    when = datetime.datetime(2024, 2, 29, 1, 2, 3, 45, _BERLIN)
    shared = [1, 2.5, "x"]
    cyclic: list[object] = [shared, shared]
    cyclic.append(cyclic)
    values: list[Any] = [
        {"a": [1, 2.5, "x", None, True, b"y", 2**70], "b": {(1, 2): {3, 4}}, "c": frozenset("q"), 5: (1, (2, 3, 4, 5))},
        [*range(300)],
        [0.5] * 40,
        [{"a": number, "b": str(number)} for number in range(30)],
        cyclic,
        [when, when.date(), when.time(), datetime.timedelta(1, 2, 3), datetime.timezone(datetime.timedelta(hours=2))],
        [decimal.Decimal("1.50"), fractions.Fraction(1, 3), 1 + 2j, range(3), slice(1, 2), bytearray(b"ab"), 10**50],
        [uuid.UUID(int=7), pathlib.PurePosixPath("/a/b"), re.compile("a+", re.IGNORECASE), ipaddress.ip_address("::1")],
        [ipaddress.ip_network("10.0.0.0/8"), ValueError("v", 1), types.SimpleNamespace(a=1), len, dict, ...],
        [collections.deque([1, 2], 5), collections.Counter("aab"), collections.ChainMap({"a": 1}, {"b": 2})],
        [collections.OrderedDict(a=1), collections.defaultdict(list, {"a": [1]}), array.array("d", [0.5, 2])],
        [functools.partial(int, "1", base=2), array.array("q", range(9)), collections.UserDict(a=1)],
        [np.arange(6).reshape(2, 3), np.float64(0.5), np.array(["a", "bc"]), np.array([b"x", None], dtype=object)],
        np.array([(1, 2.5, "a"), (2, 3.5, "b")], dtype=[("x", "i4"), ("y", "f8"), ("z", "U3")]),
        np.array(["2024-01-02", "NaT"], dtype="datetime64[ns]"),
        np.ma.masked_array([1, 2, 3], mask=[False, True, False]),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    ]
    return [pickle.dumps(value, protocol) for value in values for protocol in range(6)] + [sifted()]


def sifted() -> bytes:
    """A longer array of objects, in which what is read piece by piece is sifted."""
    texts = [f"text {number}" for number in range(2500)]
    dates = [datetime.date(2024, 1, number % 28 + 1) if number % 5 else None for number in range(2500)]
    return pickle.dumps(np.array([dates, texts, ["y", "n"] * 1250, dates[::-1]], dtype=object), 4)


def committed() -> list[bytes]:
    """The pickles of other libraries, and of their older versions."""
    lines = [
        json.loads(line)
        for path in sorted(_FOLDER.glob("pickles/*.jsonl.xz"))
        for line in lzma.decompress(path.read_bytes()).decode().strip().split("\n")[1:]
    ]
    found = [line["pickle"].encode("latin-1") for line in lines]
    return [pickled for pickled in found if len(pickled) <= _LARGEST]


def artifacts(root: Path) -> list[bytes]:
    """The pickles of what real flows stored there, each once."""
    found = {_unpacked(path.read_bytes()) for path in sorted(root.glob("**/data/*/*")) if path.is_file()}
    return sorted(each for each in found if len(each) <= _LARGEST and _is_pickle(each))


def _is_pickle(data: bytes) -> bool:
    try:
        return data[:1] == b"\x80" and bool(pieces(data))
    except ValueError:
        return False  # some runs store what only begins like one


def _unpacked(stored: bytes) -> bytes:
    try:
        return gzip.decompress(stored)
    except (OSError, EOFError, zlib.error):
        return stored


def pieces(pickled: bytes) -> list[bytes]:
    """Its opcodes with their arguments."""
    starts = [place or 0 for _, _, place in pickletools.genops(pickled)]
    return [pickled[start:end] for start, end in zip(starts, [*starts[1:], len(pickled)], strict=True)]


class Mutations:
    """Changed pickles, the same ones for the same seed: half by their bytes, half by whole opcodes, most of which
    can still be read.
    """

    def __init__(self, pickles: list[bytes], seed: int) -> None:
        self._pickles = pickles
        self._pieces = [pieces(pickled) for pickled in pickles]
        self._choice = random.Random(seed)

    def next(self) -> bytes:
        return self._by_opcodes() if self._choice.random() < 0.5 else self._by_bytes()

    def _by_opcodes(self) -> bytes:
        changed = list(self._choice.choice(self._pieces))
        for _ in range(self._choice.choice((1, 1, 2, 4))):
            other = self._choice.choice(self._choice.choice(self._pieces))
            place = self._choice.randrange(len(changed))
            match self._choice.randrange(5):
                case 0:  # a value in the place of another
                    alike = [at for at, piece in enumerate(changed) if piece[:1] in _PUSHING]
                    changed[self._choice.choice(alike or [place])] = self._pushed()
                case 1:
                    changed[place] = other
                case 2:
                    changed.insert(place, other)
                case 3:
                    changed[place : place + 2] = reversed(changed[place : place + 2])
                case _:
                    changed[place:place] = changed[place : place + 4]
        return b"".join(changed)

    def _pushed(self) -> bytes:
        """An opcode that leaves a value, out of any of the pickles."""
        while True:
            found = self._choice.choice(self._choice.choice(self._pieces))
            if found[:1] in _PUSHING:
                return found

    def _by_bytes(self) -> bytes:
        changed = bytearray(self._choice.choice(self._pickles))
        for _ in range(self._choice.choice((1, 1, 1, 2, 3, 8))):
            if changed:
                self._choice.choice(_WAYS)(self, changed)
        return bytes(changed)

    def _place(self, data: bytearray) -> int:
        return self._choice.randrange(len(data))

    def flip(self, data: bytearray) -> None:
        data[self._place(data)] ^= 1 << self._choice.randrange(8)

    def replace(self, data: bytearray) -> None:
        data[self._place(data)] = self._choice.randrange(256)

    def other_opcode(self, data: bytearray) -> None:
        data[self._place(data)] = self._choice.choice(_OPCODES)

    def one_more_opcode(self, data: bytearray) -> None:
        data.insert(self._place(data), self._choice.choice(_OPCODES))

    def cut(self, data: bytearray) -> None:
        del data[self._place(data) :]

    def without(self, data: bytearray) -> None:
        start = self._place(data)
        del data[start : start + self._choice.choice((1, 2, 4, 8, 30))]

    def twice(self, data: bytearray) -> None:
        start = self._place(data)
        piece = data[start : start + self._choice.randrange(1, 60)]
        place = self._place(data)
        data[place:place] = piece * self._choice.choice((1, 2, 50))

    def spliced(self, data: bytearray) -> None:
        other = self._choice.choice(self._pickles)
        start = self._choice.randrange(len(other))
        place = self._place(data)
        data[place : place + self._choice.choice((0, 10, _LARGEST))] = other[start : start + 200]

    def other_length(self, data: bytearray) -> None:
        width, letter = self._choice.choice(((1, "B"), (2, "H"), (4, "I"), (8, "Q")))
        number = self._choice.choice(_NUMBERS) % 2 ** (8 * width)
        place = self._place(data)
        data[place : place + width] = struct.pack(f"<{letter}", number)

    def swapped(self, data: bytearray) -> None:
        one, other = self._place(data), self._place(data)
        data[one], data[other] = data[other], data[one]


_WAYS: tuple[Callable[[Mutations, bytearray], None], ...] = (
    *(Mutations.flip, Mutations.replace, Mutations.other_opcode, Mutations.other_opcode, Mutations.one_more_opcode),
    *(Mutations.cut, Mutations.without, Mutations.twice, Mutations.spliced, Mutations.other_length, Mutations.swapped),
)


@dataclass
class Report:
    """What came of many: how they ended, and those that ended as none should."""

    ends: Counter[str] = field(default_factory=Counter[str])
    faults: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    seconds: float = 0  # of the slowest
    slowest: bytes = b""


def _read(pickled: bytes) -> str:
    return outcome(pickled, LIMITS)


def tried(pickles: Iterable[bytes], read: Callable[[bytes], str] = _read) -> Report:
    report = Report()
    for pickled in pickles:
        start = perf_counter()
        try:
            report.ends[read(pickled)] += 1
        except Exception:
            report.faults.append((traceback.format_exc(limit=-3), pickled))
        if (taken := perf_counter() - start) > report.seconds:
            report.seconds, report.slowest = taken, pickled
    return report


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mutations", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    asked.add_argument("--runs", type=Path, default=_FOLDER.parent / "build" / "test-runs")
    given = asked.parse_args()
    pickles = samples() + committed() + artifacts(given.runs)
    print(f"seed {given.seed}, {len(pickles)} pickles", flush=True)
    warm_up()
    mutations = Mutations(pickles, given.seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = tried(mutations.next() for _ in range(given.mutations))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(
        dict(report.ends), f"{len(report.faults)} faults", f"slowest {report.seconds:.2f} s", f"grown by {grown} (RSS)"
    )
    print("slowest:", report.slowest[:_HIGHEST])
    for told, pickled in report.faults[:20]:
        print(pickled[:_HIGHEST], told, sep="\n")
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
