"""Real pickles, changed at random: each ends in a value that every view shows, or in a DecodingError."""

import random
from collections import Counter

import pytest

from attacks.reading import warm_up
from fuzzing import Mutations, artifacts, committed, pieces, samples, tried
from running import Runs

MANY = 4000
# Of one: the limit is a second for each of reading and showing, and machines that are busy take longer.
SECONDS = 10


@pytest.fixture(scope="module")
def pickles(runs: Runs) -> list[bytes]:
    return samples() + committed() + artifacts(runs.root)


@pytest.mark.parametrize("seed", [1, 2, None], ids=["1", "2", "another each time"])
def test_every_mutation_ends_in_a_value_or_an_error(pickles: list[bytes], seed: int | None):
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    warm_up()
    mutations = Mutations(pickles, seed)
    report = tried(mutations.next() for _ in range(MANY))
    assert report.faults == [], f"seed {seed}"
    assert report.seconds < SECONDS, f"seed {seed}: {report.slowest[:1000]!r}"
    assert set(report.ends) <= {"value", "TooLarge", "Unreadable"}
    # Enough of them get past the opcodes for the views to be tried as well.
    assert report.ends["value"] > MANY / 5


def test_the_pickles_themselves_are_values(pickles: list[bytes]):
    report = tried(pickles)
    assert (report.ends, report.faults) == (Counter(value=len(pickles)), [])


def test_the_same_seed_makes_the_same_mutations(pickles: list[bytes]):
    one, same, other = (Mutations(pickles, seed) for seed in (1, 1, 2))
    first = [one.next() for _ in range(50)]
    assert first == [same.next() for _ in range(50)]
    assert first != [other.next() for _ in range(50)]


def test_the_pieces_of_a_pickle_are_its_opcodes():
    assert pieces(b"\x80\x04]\x94(K\x01M\x00\x02e.") == [
        b"\x80\x04",
        b"]",
        b"\x94",
        b"(",
        b"K\x01",
        b"M\x00\x02",
        b"e",
        b".",
    ]


def test_a_fault_is_reported_with_its_bytes():
    def read(pickled: bytes) -> str:
        return {b"N.": "value"}[pickled]

    report = tried([b"N.", b"."], read)
    assert (report.ends, [pickled for _, pickled in report.faults]) == (Counter(value=1), [b"."])
    assert "KeyError: b'.'" in report.faults[0][0]
