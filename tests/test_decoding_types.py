"""Objects of more than a hundred types, really pickled and unpickled: their view is that of the objects themselves."""

import abc
import argparse
import array
import ast
import calendar
import collections
import dataclasses
import datetime as dt
import decimal
import email.message
import enum
import fractions
import functools
import graphlib
import http
import http.cookies
import inspect
import ipaddress
import itertools
import json
import logging
import math
import operator
import os
import pathlib
import pickle
import random
import re
import sched
import signal
import socket
import statistics
import string
import subprocess
import time
import types
import urllib.parse
import uuid
import zoneinfo
from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import pytest

from json_view import json_view
from metaflow_graphql.decoding import decode, to_json, type_name

PROTOCOLS = range(6)
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
T = TypeVar("T")


class Plain:
    def __init__(self) -> None:
        self.x, self.y = 1, [None]


class Slotted:
    __slots__ = ("x", "y")

    def __init__(self) -> None:
        self.x = 1


class SlottedAndMore(Slotted):
    def __init__(self) -> None:
        super().__init__()
        self.z = "z"


class Held(Generic[T]):
    def __init__(self, value: T) -> None:
        self.value = value


class Point(NamedTuple):
    x: int
    y: float = 0.5


Pair = collections.namedtuple("Pair", ["left", "right"])  # pyright: ignore[reportUntypedNamedTuple] as many write it


@dataclasses.dataclass
class Row:
    a: int
    b: list[str] = dataclasses.field(default_factory=list[str])


@dataclasses.dataclass(frozen=True)
class FrozenRow:
    a: int


@dataclasses.dataclass(order=True, kw_only=True)
class KeywordRow:
    a: int


@dataclasses.dataclass(slots=True)
class SlottedRow:
    a: int


@dataclasses.dataclass(slots=True, frozen=True)
class FrozenSlottedRow:
    a: int
    b: str


class Color(enum.Enum):
    RED = 1
    DEEP = (1, "x")


class Size(enum.IntEnum):
    SMALL = 1


class Word(enum.StrEnum):
    YES = "yes"


class Access(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Mode(enum.IntFlag):
    ON = 1
    FAST = 2


class Texts(list[str]):
    pass


class Counts(dict[str, int]):
    pass


class Ordered(collections.OrderedDict[str, int]):
    pass


class Defaults(collections.defaultdict[str, int]):
    pass


class Line(str):
    __slots__ = ()


class Whole(int):
    pass


class Real(float):
    pass


class Raw(bytes):
    pass


class Several(tuple[int, ...]):
    __slots__ = ()


class Failure(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = 7


class Silent(ValueError):
    pass


class WithState:
    def __init__(self) -> None:
        self.kept, self.left_out = 1, 2

    def __getstate__(self) -> dict[str, int]:
        return {"kept": self.kept}


class WithNewArguments:
    def __new__(cls, *_: object) -> "WithNewArguments":
        return super().__new__(cls)

    def __getnewargs__(self) -> tuple[int, str]:
        return 1, "a"


class Outer:
    class Inner:
        def __init__(self) -> None:
            self.a = 1


class Abstract(abc.ABC):
    @abc.abstractmethod
    def run(self) -> None: ...


class Concrete(Abstract):
    def run(self) -> None: ...


def function(number: int) -> int:
    return number


def shared() -> list[Any]:
    one = [1, {"a": 2}]
    return [one, one, (one, {"again": one})]


def cyclic_list() -> list[Any]:
    found: list[Any] = [1]
    found.append(found)
    return found


def cyclic_dict() -> dict[str, Any]:
    found: dict[str, Any] = {"a": 1}
    found["me"] = [found]
    return found


def cyclic_object() -> Plain:
    found = Plain()
    found.y = [found]  # pyright: ignore[reportAttributeAccessIssue]
    return found


def failed() -> BaseException:
    found = Failure("bad")
    found.__notes__ = ["noted"]
    return found


# By name, since many of one type may differ in what matters; made anew for each test.
VALUES: dict[str, Callable[[], object]] = {
    # What needs no class.
    "None": lambda: None,
    "bool": lambda: [True, False],
    "int": lambda: [0, -1, 255, 65_536, 2**31, -(2**31), 2**53, -(2**53) - 1, 2**64, 10**30],
    "float": lambda: [0.0, -0.0, 1.5, 1e300, 5e-324, math.inf, -math.inf, math.nan],
    "str": lambda: ["", "a", "é☃🐍", "a\x00b", "\ud800", "x" * 300],
    "bytes": lambda: [b"", b"\x00\xff", b"x" * 300],
    "bytearray": lambda: [bytearray(), bytearray(b"\x00\xff")],
    "list": lambda: [[], [1, [2]], list(range(1100))],
    "tuple": lambda: [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "dict": lambda: [{}, {"a": 1}, {1: "a", 2.5: "b", None: "c", b"d": "e"}, {1: 1, "1": 2}, {(1, "a"): (2,)}],
    "set": lambda: [{3, 1, 2}, {"b", "a"}, {(2,), (1,)}],
    "frozenset": lambda: [frozenset[int](), frozenset({2, 1}), frozenset({frozenset({1})})],
    "complex": lambda: [1j, complex(-0.0, math.inf)],
    "range": lambda: [range(3), range(9, 0, -2), range(0)],
    "slice": lambda: [slice(None), slice(1, 2, 3)],
    "Ellipsis": lambda: [..., NotImplemented],
    "builtins": lambda: [len, print, int, dict, object, type, ValueError],
    "type of None": lambda: [type(None), type(...), type(NotImplemented)],
    # Shared and cyclic.
    "shared": shared,
    "cyclic list": cyclic_list,
    "cyclic dict": cyclic_dict,
    "cyclic object": cyclic_object,
    # Time.
    "datetime": lambda: [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)],  # noqa: DTZ001
    "datetime in UTC": lambda: dt.datetime(2024, 2, 29, 1, 2, 3, 4, dt.UTC),
    "datetime in a zone": lambda: [dt.datetime(2024, month, 1, tzinfo=BERLIN) for month in (1, 7)],
    "datetime with a fold": lambda: dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=BERLIN),
    "datetime before zones": lambda: dt.datetime(1800, 1, 1, tzinfo=BERLIN),
    "date": lambda: [dt.date.min, dt.date(2024, 2, 29), dt.date.max],
    "time": lambda: [dt.time(), dt.time(23, 59, 59, 999_999), dt.time(1, 2, tzinfo=dt.UTC)],
    "time with a fold": lambda: dt.time(2, 30, fold=1),
    "time in a zone": lambda: dt.time(1, 2, tzinfo=BERLIN),
    "timedelta": lambda: [dt.timedelta(), dt.timedelta(-1, 2, 3), dt.timedelta.max, dt.timedelta.min],
    "ZoneInfo": lambda: [BERLIN, zoneinfo.ZoneInfo("UTC")],
    # Numbers.
    "Decimal": lambda: [decimal.Decimal(text) for text in ("0", "-0", "1.50", "1E+30", "NaN", "-Infinity", "sNaN")],
    "Fraction": lambda: [fractions.Fraction(-1, 3), fractions.Fraction(5)],
    # Collections.
    "deque": lambda: [collections.deque[int](), collections.deque([1, 2]), collections.deque([1, 2], 2)],
    "OrderedDict": lambda: [collections.OrderedDict[str, int](), collections.OrderedDict[str, int](b=1, a=2)],
    "defaultdict": lambda: [collections.defaultdict(list, {"a": [1]}), collections.defaultdict(None, {1: 2})],
    "Counter": lambda: [collections.Counter("abca"), collections.Counter[int]()],
    "ChainMap": lambda: collections.ChainMap({"a": 1}, {"a": 2, "b": 3}),
    "UserDict": lambda: collections.UserDict(a=1),
    "UserList": lambda: collections.UserList([1, 2]),
    "SimpleNamespace": lambda: types.SimpleNamespace(a=1, b=types.SimpleNamespace()),
    **{f"array of {code}": functools.partial(array.array, code, [0, 1, 2]) for code in "bBhHiIlLqQfd"},
    # Names, addresses, places.
    "UUID": lambda: [uuid.UUID(int=0), uuid.UUID("12345678-1234-5678-1234-567812345678")],
    "Path": lambda: [pathlib.Path("a/b c"), pathlib.Path("/"), pathlib.Path()],
    "PurePosixPath": lambda: pathlib.PurePosixPath("/a/../b"),
    "PureWindowsPath": lambda: [pathlib.PureWindowsPath("c:/x"), pathlib.PureWindowsPath("//host/share/x")],
    "IPv4Address": lambda: ipaddress.ip_address("10.0.0.1"),
    "IPv6Address": lambda: ipaddress.ip_address("fe80::1"),
    "IPv4Network": lambda: ipaddress.ip_network("10.0.0.0/8"),
    "IPv6Network": lambda: ipaddress.ip_network("fe80::/10"),
    "IPv4Interface": lambda: ipaddress.ip_interface("10.0.0.1/8"),
    "IPv6Interface": lambda: ipaddress.ip_interface("fe80::1/10"),
    # Patterns, functions, what is made of functions.
    "Pattern": lambda: [re.compile("a+"), re.compile("b", re.IGNORECASE | re.DOTALL), re.compile(b"c")],
    "function": lambda: [function, json.dumps, math.sqrt, operator.add, os.path.join],
    "class": lambda: [Plain, Outer.Inner, collections.OrderedDict, dt.datetime, decimal.Decimal],
    "partial": lambda: [functools.partial(int, "1", base=2), functools.partial(function)],
    "attrgetter": lambda: [operator.attrgetter("a"), operator.attrgetter("a", "b.c")],
    "itemgetter": lambda: [operator.itemgetter(1), operator.itemgetter("a", 2)],
    "methodcaller": lambda: [operator.methodcaller("a"), operator.methodcaller("a", 1)],
    # Exceptions.
    **{
        f"exception {kind.__name__}": functools.partial(kind, "bad", 1)
        for kind in (
            *(Exception, BaseException, ValueError, TypeError, KeyError, IndexError, LookupError, ArithmeticError),
            *(ZeroDivisionError, OverflowError, AssertionError, AttributeError, RuntimeError, NotImplementedError),
            *(RecursionError, StopIteration, GeneratorExit, KeyboardInterrupt, SystemExit, MemoryError, NameError),
            *(BufferError, EOFError, ReferenceError, SystemError, Warning, UserWarning, DeprecationWarning),
        )
    },
    "exception of Unicode": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    "exception of the user's": lambda: Silent("a", 2),
    "exception with attributes": failed,
    "exception of a module": lambda: json.JSONDecodeError("bad", "doc", 1),
    "subprocess.CalledProcessError": lambda: subprocess.CalledProcessError(1, ["a"]),
    # Enums.
    "members of an enum": lambda: [Color.RED, Color.DEEP],
    "IntEnum": lambda: [Size.SMALL],
    "StrEnum": lambda: [Word.YES],
    "Flag": lambda: [Access.READ, Access.READ | Access.WRITE],
    "IntFlag": lambda: [Mode.ON],
    # Classes of the user's.
    "plain object": Plain,
    "object of a nested class": Outer.Inner,
    "object of an abstract class": Concrete,
    "object of a generic class": lambda: Held(1),
    "object with a state of its own": WithState,
    "dataclass": lambda: Row(1, ["a"]),
    "frozen dataclass": lambda: FrozenRow(1),
    "dataclass of keywords": lambda: KeywordRow(a=1),
    "slotted frozen dataclass": lambda: FrozenSlottedRow(1, "a"),
    "list of a class": lambda: [Texts(["a"])],
    "dict of a class": lambda: [Counts(a=1)],
    "OrderedDict of a class": lambda: [Ordered(a=1)],
    "defaultdict of a class": lambda: [Defaults(int, a=1)],
    "str of a class": lambda: [Line("a")],
    "int of a class": lambda: [Whole(5)],
    "float of a class": lambda: [Real(0.5)],
    "bytes of a class": lambda: [Raw(b"a")],
    "tuple of a class": lambda: [Several((1, 2))],
    # Iterators and other things of the library that are seldom kept.
    "Random": lambda: random.Random(7).getstate(),
    "Template": lambda: string.Template("$a"),
    "Message": lambda: email.message.Message(),
    "Namespace": lambda: argparse.Namespace(a=1, b=[2]),
    "LogRecord": lambda: logging.LogRecord("a", 10, "b", 1, "c", None, None),
    "ast": lambda: ast.Constant(value=1),
    "Calendar": lambda: calendar.Calendar(),
    "GenericAlias": lambda: list[int],
    "Parameter": lambda: inspect.Parameter("a", inspect.Parameter.POSITIONAL_ONLY),
}
# What protocols 0 and 1 can't keep, or only by functions of copyreg.
FROM_PROTOCOL_2: dict[str, Callable[[], object]] = {
    "slotted object": Slotted,
    "slotted object with a dict": SlottedAndMore,
    "slotted dataclass": lambda: SlottedRow(1),
    "object with arguments for __new__": WithNewArguments,
    "namedtuple": lambda: Pair(1, [2]),
    "NamedTuple": lambda: [Point(1), Point(1, 2.5)],
    "ParseResult": lambda: urllib.parse.urlparse("http://a/b?c#d"),
    "SplitResult": lambda: urllib.parse.urlsplit("http://a/b?c#d"),
    "TopologicalSorter": lambda: graphlib.TopologicalSorter({"a": ["b"]}),
    "Event": lambda: sched.Event(1, 2, 3, function, (), {}),
    "Morsel": lambda: http.cookies.SimpleCookie("a=1"),
}
# Where the pickle tells more than the object does, or less.
_TIME = {"tm_zone": "GMT", "tm_gmtoff": 0}
BY_THE_PICKLE: list[tuple[object, object]] = [
    (time.gmtime(0), {"__class__": "time.struct_time", "args": [[1970, 1, 1, 0, 0, 0, 3, 1, 0], _TIME]}),
    (statistics.NormalDist(1.5, 2.5), {"__class__": "statistics.NormalDist", "state": [1.5, 2.5]}),
    ([re.IGNORECASE, http.HTTPStatus.NOT_FOUND, signal.SIGINT, socket.AF_INET], [2, 404, 2, 2]),
    ([http.HTTPMethod.GET], ["GET"]),
    (collections.UserString("a"), "a"),
    (itertools.count(3), {"__class__": "itertools.count", "args": [3]}),
    (iter([1, 2]), {"__class__": "builtins.iter", "args": [[1, 2]], "state": 0}),
    (
        enumerate("a"),
        {"__class__": "builtins.enumerate", "args": [{"__class__": "builtins.iter", "args": ["a"], "state": 0}, 0]},
    ),
    (memoryview, {"__global__": "builtins.memoryview"}),
]


@pytest.mark.filterwarnings("ignore:Pickle, copy, and deepcopy support:DeprecationWarning")  # of itertools
@pytest.mark.parametrize(("value", "shown"), BY_THE_PICKLE, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("protocol", range(2, 6))
def test_the_view_is_what_the_pickle_tells(value: object, shown: object, protocol: int):
    assert to_json(decode(pickle.dumps(value, protocol))) == shown


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", VALUES)
def test_the_view_is_that_of_the_object(name: str, protocol: int):
    pickled = pickle.dumps(VALUES[name](), protocol)
    assert to_json(decode(pickled)) == json_view(pickle.loads(pickled))


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("name", FROM_PROTOCOL_2)
def test_the_view_is_that_of_an_object_that_older_protocols_do_not_keep(name: str, protocol: int):
    pickled = pickle.dumps(FROM_PROTOCOL_2[name](), protocol)
    assert to_json(decode(pickled)) == json_view(pickle.loads(pickled))


def _types(value: object) -> Iterable[type]:
    yield type(value)
    if isinstance(value, list):
        yield from map(type, value)  # pyright: ignore[reportUnknownArgumentType]


def test_there_are_more_than_a_hundred_types():
    found = {kind for make in (VALUES | FROM_PROTOCOL_2).values() for kind in _types(make())}
    assert len(found) >= 100


@pytest.mark.parametrize("value", [type(None), type(...), type(NotImplemented)])
def test_classes_without_a_name_of_their_own_are_classes(value: type):
    assert type_name(decode(pickle.dumps(value))) == "type"
