"""Pickles made to run something, to fill the memory or to take for ever: each ends in a value, or DecodingError."""

import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from attacks import ATTACKS, FAMILIES
from attacks.assembler import NONE, built, called, listed, named, new, stated, text, whole
from attacks.commands import TRACE
from attacks.reading import SMALLER, outcome
from metaflow_graphql.decoding import Instance, Limits, TooLarge, Unreadable, decode, preview, table, to_json

WORKER = Path(__file__).parent / "attacks" / "worker.py"
PARTS = 2
# Reading and showing have two seconds each, and as much again for what is done between two looks at the clock; machines
# that are busy take longer. Broken limits would take minutes and gigabytes.
SECONDS = 15
MEGABYTES = 700
# What a victim's unpickler would run of these leaves a file, or is reported by Python.
ARMED = (
    *("command: os:system", "command: posix:system", "command: builtins:eval", "command: subprocess:getoutput"),
    *("manner: inst at protocol 0", "manner: reduce at protocol 5", "manner: obj at protocol 2"),
    *("chain: a pickle in a pickle", "chain: methodcaller", "command: importlib:import_module"),
)
# In what really unpickles, these fail, end the process, or take so much memory.
UNFORESEEN = {
    "stack: pop of nothing": "UnpicklingError",
    "command: os:abort": "TypeError",
    "command: os:_exit": "TypeError",
}
LARGE = "text: thirty million bytes"
# Large blocks go back to the system at once: a reused one would not be measured.
ENVIRONMENT = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}
Ending = dict[str, Any]


def read(folder: Path, *asked: str) -> list[Ending]:
    """What the worker tells of the attacks, which it reads in this folder."""
    folder.mkdir()
    command = [sys.executable, str(WORKER), *asked]
    told = subprocess.run(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ending]:
    """How each attack ended, by its name; what they ran later than that would have left its traces in `folder`."""
    folder = tmp_path_factory.mktemp("attacks")
    with ThreadPoolExecutor(PARTS) as workers:
        parts = [workers.submit(read, folder / str(part), str(part), str(PARTS)) for part in range(PARTS)]
        found = {ending["name"]: ending for part in parts for ending in part.result()}
    # Their limit of time goes by the clock on the wall: what others' work has cut off is read again, alone.
    late = [name for name, ending in found.items() if ATTACKS[name].ends == "value" and ending["outcome"] == "TooLarge"]
    if late:
        found |= {ending["name"]: ending for ending in read(folder / "late", "0", "1", "decode", *late)}
    assert [list((folder / str(part)).iterdir()) for part in range(PARTS)] == [[]] * PARTS
    return found


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ending]:
    """How some attacks ended, by their names, where they were really unpickled."""
    names = (*ARMED, *UNFORESEEN, LARGE)
    return {
        ending["name"]: ending for ending in read(tmp_path_factory.mktemp("victims") / "all", "0", "1", "loads", *names)
    }


@pytest.mark.parametrize("name", ATTACKS)
def test_it_ends_as_it_should_in_time_and_nothing_runs(endings: dict[str, Ending], name: str):
    ending = endings[name]
    assert (ending["outcome"], ending["events"], ending["traces"]) == (ATTACKS[name].ends, [], [])
    assert ending["seconds"] < SECONDS
    assert ending["megabytes"] < MEGABYTES


def test_there_are_many_of_every_family():
    assert len(ATTACKS) >= 1500
    assert len(ATTACKS) == sum(map(len, FAMILIES.values()))
    assert min(map(len, FAMILIES.values())) >= 25


@pytest.mark.parametrize("name", ARMED)
def test_the_same_pickle_runs_where_it_is_really_unpickled(victims: dict[str, Ending], name: str):
    ending = victims[name]
    assert ending["traces"] == [TRACE] or "exec" in ending["events"]
    assert "pickle.find_class" in ending["events"]


@pytest.mark.parametrize("name", UNFORESEEN)
def test_an_ending_that_is_not_foreseen_is_told(victims: dict[str, Ending], name: str):
    assert victims[name]["outcome"].startswith(UNFORESEEN[name])


def test_memory_is_measured(victims: dict[str, Ending]):
    assert 25 < victims[LARGE]["megabytes"] < 100


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_cut_off_at_any_byte_is_unreadable(protocol: int):
    whole_pickle = pickle.dumps(
        [{"a": [1, 2.5, "x", None, b"y", 2**70]}, frozenset("q"), ValueError("v"), len], protocol
    )
    assert {outcome(whole_pickle[:end]) for end in range(len(whole_pickle))} == {"Unreadable"}


def test_errors_say_what_is_wrong_without_inner_names():
    with pytest.raises(Unreadable, match=r"^Pickle protocol 6 is not known\.$"):
        decode(b"\x80\x06N.")
    with pytest.raises(TooLarge, match=r"^The value shows more than 2000000 values\.$"):
        to_json(range(10**9))


# What the caller's own functions make of instances that lie.

THING = named("mine:Thing")


def _raising(instance: Instance) -> object:
    raise RuntimeError(instance.name)


def _itself(instance: Instance) -> object:
    return {"me": instance, "mine": [instance, instance]}


def _endless(instance: Instance) -> object:
    return Instance(instance.callee, (instance,))


def _nested(_: Instance) -> object:
    value: list[object] = []
    for _level in range(1000):
        value = [value]
    return value


def test_a_function_that_fails_costs_one_value_its_reading():
    value = decode(whole(listed(new(THING), text("a"))), known={"mine.Thing": _raising})
    assert to_json(value) == [{"__class__": "mine.Thing"}, "a"]
    assert preview(value, 100) == "[Thing(), 'a']"


def test_a_function_that_shows_the_instance_itself_ends():
    value = decode(whole(new(THING)), known={"mine.Thing": _itself})
    cycle = {"__cycle__": True}
    assert to_json(value) == {"me": cycle, "mine": [cycle, cycle]}
    assert len(preview(value, 1000)) <= 1000


def test_a_function_that_answers_with_ever_more_instances_ends():
    value = decode(whole(built(new(THING), stated(a=NONE))), known={"mine.Thing": _endless})
    with pytest.raises(TooLarge, match=r"more than 200 levels"):
        to_json(value)
    assert len(preview(value, 1000)) <= 1000


def test_what_a_function_shows_is_held_to_the_limits():
    value = decode(whole(new(THING)), known={"mine.Thing": _nested})
    with pytest.raises(TooLarge, match=r"more than 200 levels"):
        to_json(value)
    many = decode(whole(new(THING)), known={"mine.Thing": lambda _: range(10**9)})
    with pytest.raises(TooLarge, match=r"more than 10 values"):
        to_json(many, Limits(items=10))


def test_a_function_is_not_asked_for_what_only_looks_alike():
    asked: list[Instance] = []
    known = {"mine.Thing": asked.append}
    value = decode(whole(listed(THING, called(named("mine:Thing.x")), called(named("mine.Thing:x")))), known=known)
    assert to_json(value) == [
        {"__global__": "mine.Thing"},
        {"__class__": "mine.Thing.x"},
        {"__class__": "mine.Thing.x"},
    ]
    assert asked == []


def test_a_table_of_a_hostile_value_is_none_or_too_large():
    assert table(decode(whole(new(named("pandas:DataFrame")))), 20) is None
    with pytest.raises(TooLarge):
        table([{str(key): None for key in range(1000)}] * 1000, 1000, SMALLER)
