"""Batches that are passed by unread: they end where the pickle's own do, with as many elements and notes."""

import pickle
import pickletools
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from random import Random

import pytest

from metaflow_graphql.decoding.reading.batches import Batch, unread_batch

MANY, LONG = 10**6, 2**20
FORMS: list[Callable[[int], object]] = [
    *(lambda n: f"text {n:04d}", lambda n: "ż" * (n % 4), lambda n: "same", lambda n: None, lambda n: n),
    *(lambda n: n / 3, lambda n: n * 10**6, lambda n: b"ab" * (n % 5), lambda n: date(2020, 1, n % 28 + 1)),
    *(lambda n: time(n % 24), lambda n: Decimal(1000 + n), lambda n: (n, "a", 0.5), lambda n: {"a": [n, "q"]}),
    *(lambda n: [1, (2, 3, 4, 5), n], lambda n: {n}, lambda n: n % 2 == 0),
]


def elements(chance: Random) -> list[object]:
    """Runs of one form, with others between them."""
    made: list[object] = []
    for _ in range(chance.randrange(1, 8)):
        form, other = chance.choice(FORMS), chance.choice(FORMS)
        made += [form(n) for n in range(chance.choice((1, 2, 3, 40)))] + [other(chance.randrange(1000))]
    return made


def batch_of(pickled: bytes) -> tuple[bytes, int]:
    """The last batch of a list, and how many notes are made in it."""
    codes = list(pickletools.genops(pickled))
    place = max(at for at, (code, _, _) in enumerate(codes) if code.name == "APPENDS")
    start, marks = place, 1
    while marks:
        start -= 1
        marks -= codes[start][0].name == "MARK"
        marks += codes[start][0].name in ("APPENDS", "TUPLE", "SETITEMS", "ADDITEMS", "FROZENSET")
    noted = [code for code, _, _ in codes[start:place] if code.name in ("MEMOIZE", "BINPUT", "LONG_BINPUT")]
    return pickled[codes[start][2] or 0 : (codes[place][2] or 0) + 1], len(noted)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("seed", range(100))
def test_a_batch_is_passed_by_as_it_is_pickled(seed: int, protocol: int):
    values = elements(Random(seed))
    known = [date(1, 1, 1), time(), Decimal(1), b"", set[int]()]
    batch, noted = batch_of(pickle.dumps((known, values), protocol))
    found = unread_batch(bytearray(batch), MANY, LONG)
    assert found is not None
    assert (found.size, found.values, found.noted) == (len(batch), len(values), noted)
    assert unread_batch(bytearray(batch + b"e(N"), len(values), LONG) == found
    assert unread_batch(bytearray(batch), len(values) - 1, LONG) is None
    assert {unread_batch(bytearray(batch[:end]), MANY, LONG) for end in range(1, len(batch))} == {Batch()}


def test_texts_of_one_character_are_told():
    batch, _ = batch_of(pickle.dumps([1.5, "ab", "", "abc", "é", "abc ", "x"]))
    assert unread_batch(bytearray(batch), MANY, LONG) == Batch(len(batch), 7, 6, ((1, ""), (3, "é"), (5, "x")))
    batch, _ = batch_of(pickle.dumps(["ab", "cd", "é", "ż", "ef", "gh", "ź", "à"]))
    assert unread_batch(bytearray(batch), MANY, LONG) == Batch(len(batch), 8, 8, ((2, "é"), (7, "à")))


@pytest.mark.parametrize("batch", [b"", b"(ccos\nsystem\ne", b"(\x8c\x02os\x8c\x06system\x93e", b"(Re", b"(Q.e"])
def test_what_has_to_be_read_is_no_such_batch(batch: bytes):
    assert unread_batch(bytearray(batch), MANY, LONG) is None
