"""Classes of the user's: what their pickles tell, and no more."""

import collections
import enum
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from metaflow_graphql.decoding import decode, preview, to_json, type_name

PROTOCOLS = range(6)


@dataclass
class Plain:
    x: int
    y: str


@dataclass(slots=True)
class Slotted:
    x: int
    y: str


@dataclass(slots=True, frozen=True)
class Frozen:
    x: int
    y: str


class HalfSlotted(Plain):
    __slots__ = ("z",)


class Point(NamedTuple):
    x: int
    y: int


class MyDict(dict[str, int]):
    pass


class MyOrdered(collections.OrderedDict[str, int]):
    pass


class MyList(list[int]):
    pass


class MyText(str):
    pass


class MyInt(int):
    pass


class MyTuple(tuple[int, ...]):
    pass


class Color(enum.Enum):
    RED = 1
    PAIR = (1, 2)


class Level(enum.IntEnum):
    LOW = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class MyError(Exception):
    pass


class WithNewArguments:
    def __new__(cls, a: int, *, b: int):
        return super().__new__(cls)

    def __getnewargs_ex__(self):
        return (1,), {"b": 2}


class Reduced:
    def __reduce__(self):
        return built, (1, "a")


class ByName(enum.Enum):
    """As Python 3.11.2 pickles every enum."""

    RED = 1

    def __reduce_ex__(self, proto: Any):
        return getattr, (ByName, self.name)


class Outer:
    class Inner:
        pass


def built(number: int, letter: str) -> object:
    raise AssertionError("never called")


def half_slotted() -> HalfSlotted:
    made = HalfSlotted(1, "a")
    made.z = 3
    return made


def failure() -> MyError:
    made = MyError("bad", 1)
    made.hint = "why"  # pyright: ignore[reportAttributeAccessIssue]
    return made


def named(name: str, **parts: object) -> dict[str, object]:
    return {"__class__": f"{__name__}.{name}", **parts}


def view(value: object, protocol: int, **how: Any) -> object:
    return to_json(decode(pickle.dumps(value, protocol)), **how)


ALL: list[tuple[object, object]] = [
    (Plain(1, "a"), named("Plain", x=1, y="a")),
    (Frozen(1, "a"), named("Frozen", args=[1, "a"])),
    (MyDict(a=1), {"a": 1}),
    (MyOrdered(a=1), {"a": 1}),
    (MyList([1, 2]), [1, 2]),
    (MyText("a"), "a"),
    (MyInt(5), 5),
    (MyTuple((1, 2)), [1, 2]),
    (failure(), named("MyError", args=["bad", 1], hint="why")),
    (Reduced(), named("built", args=[1, "a"])),
    (Color.RED, named("Color", args=[1])),
    (ByName.RED, "RED"),
    (built, {"__global__": f"{__name__}.built"}),
    (Outer.Inner, {"__global__": f"{__name__}.Outer.Inner"}),
    (Outer.Inner(), named("Outer.Inner")),
]
FROM_PROTOCOL_2: list[tuple[object, object]] = [
    (Slotted(1, "a"), named("Slotted", x=1, y="a")),
    (half_slotted(), named("HalfSlotted", x=1, y="a", z=3)),
    (Point(1, 2), named("Point", args=[1, 2])),
    (WithNewArguments(1, b=2), named("WithNewArguments", args=[1], kwargs={"b": 2})),
]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("value", "shown"), ALL)
def test_an_object_of_the_users(value: object, shown: object, protocol: int):
    assert view(value, protocol) == shown


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize(("value", "shown"), FROM_PROTOCOL_2)
def test_an_object_that_older_protocols_do_not_keep(value: object, shown: object, protocol: int):
    assert view(value, protocol) == shown


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_enum_is_its_value_where_it_was_recorded_as_one(protocol: int):
    assert [view(member, protocol, enum=True) for member in (Color.RED, Color.PAIR, Level.LOW)] == [1, [1, 2], 1]
    assert view(Access.READ | Access.WRITE, protocol, enum=True) == 3
    assert view(ByName.RED, protocol, enum=True) == "RED"
    assert view("plain", protocol, enum=True) == "plain"


def test_flags_pickled_by_name_are_joined():
    read = b"cbuiltins\ngetattr\n(cm\nAccess\n\x8c\x04READtR"
    write = b"cbuiltins\ngetattr\n(cm\nAccess\n\x8c\x05WRITEtR"
    assert to_json(decode(b"\x80\x04c_operator\nor_\n(" + read + write + b"tR.")) == "READ|WRITE"


def test_an_enum_of_the_standard_library_is_its_value():
    assert to_json(decode(b"\x80\x04chttp\nHTTPStatus\nM\x94\x01\x85R.")) == 404


def test_the_state_does_not_forge_the_class():
    forged = b"\x80\x04cmine\nThing\n)R}(\x8c\x09__class__\x8c\x03int\x8c\x01aK\x01ub."
    assert to_json(decode(forged)) == {"__class__": "mine.Thing", "a": 1}


def test_the_type_of_an_object_is_its_class():
    values = [Plain(1, "a"), Slotted(1, "a"), Point(1, 2), MyDict(), MyText("a"), MyError(), Outer.Inner()]
    assert [f"<class '{type_name(decode(pickle.dumps(value)))}'>" for value in values] == [str(type(v)) for v in values]
    assert type_name(decode(pickle.dumps(ByName.RED))) == f"{__name__}.ByName"


def test_objects_are_previewed_as_they_show_themselves():
    values = [Plain(1, "a"), Slotted(1, "a"), MyDict(a=1), MyList([1]), MyInt(5), MyTuple((1, 2))]
    assert [preview(decode(pickle.dumps(value)), 200) for value in values] == [repr(value) for value in values]
    assert preview(decode(pickle.dumps(failure())), 200) == "MyError('bad', 1, hint='why')"
    assert preview(decode(pickle.dumps(Frozen(1, "a"))), 200) == "Frozen(1, 'a')"


def test_classes_of_a_script(tmp_path: Path):
    script = tmp_path / "flow.py"
    script.write_text(
        "import pickle, sys, enum, dataclasses\n"
        "@dataclasses.dataclass(slots=True)\nclass Row: a: int\n"
        "class Color(enum.Enum): RED = 'r'\n"
        "sys.stdout.buffer.write(pickle.dumps([Row(1), Color.RED, Row], 4))\n"
    )
    pickled = subprocess.run([sys.executable, str(script)], capture_output=True, check=True).stdout
    assert to_json(decode(pickled)) == [
        {"__class__": "__main__.Row", "a": 1},
        {"__class__": "__main__.Color", "args": ["r"]},
        {"__global__": "__main__.Row"},
    ]
