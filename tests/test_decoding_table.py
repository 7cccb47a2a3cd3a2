"""Each row of the JSON view, from really pickled objects at every protocol."""

import array
import collections
import datetime
import functools
import ipaddress
import pathlib
import pickle
import re
import types
import uuid
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson
import pytest

from metaflow_graphql.decoding import Global, Instance, decode, to_json, type_name

PROTOCOLS = range(6)
INF = float("inf")
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
TWO_HOURS = datetime.timezone(datetime.timedelta(hours=2))


def view(value: object, protocol: int = 4, **how: Any) -> object:
    shown = to_json(decode(pickle.dumps(value, protocol)), **how)
    assert orjson.loads(orjson.dumps(shown)) == shown
    return shown


ROWS: list[tuple[object, object]] = [
    (None, None),
    (True, True),
    (False, False),
    (-1, -1),
    ([0, 255, 256, 65535, 65536, -(2**31), 2**31], [0, 255, 256, 65535, 65536, -(2**31), 2**31]),
    (2**53 - 1, 2**53 - 1),
    (-(2**53 - 1), -(2**53 - 1)),
    (2**53, "9007199254740992"),
    (-(2**64), "-18446744073709551616"),
    (1.5, 1.5),
    ([float("nan"), INF, -INF, -0.0], [None, None, None, -0.0]),
    ("", ""),
    ("naïve ☃ 🐍\n'", "naïve ☃ 🐍\n'"),
    ("a\ud800b", "a\ufffdb"),
    ({"\udcff": 1}, {"\ufffd": 1}),
    (dict.fromkeys(["\udcff", "\udcfe"], 1), [["\ufffd", 1], ["\ufffd", 1]]),
    (b"", ""),
    (b"\x00\xff\n", "AP8K"),
    (bytearray(b"\x00\xff\n"), "AP8K"),
    (bytearray(), ""),
    ([], []),
    ([1, [2, [3]]], [1, [2, [3]]]),
    ((), []),
    ((1,), [1]),
    ((1, 2), [1, 2]),
    ((1, 2, 3), [1, 2, 3]),
    ((1, 2, 3, 4), [1, 2, 3, 4]),
    (set[int](), []),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset({"b", "a"}), ["a", "b"]),
    ({(2, 1), (1, 2)}, [[1, 2], [2, 1]]),
    ({Decimal(10), Decimal(9)}, ["9", "10"]),
    ({2.5, 1, None, "a", b"b"}, [None, 1, 2.5, "a", "Yg=="]),
    ({frozenset({1})}, [[1]]),
    (range(1, 10, 4), [1, 5, 9]),
    (collections.deque([1, 2]), [1, 2]),
    (collections.deque([1, 2], maxlen=5), [1, 2]),
    (collections.deque[int](), []),
    (array.array("d", [0.5, 2.0]), [0.5, 2.0]),
    (array.array("q", [-1, 2**40]), [-1, 2**40]),
    (array.array("B"), []),
    ({}, {}),
    ({"b": 1, "a": {"c": 2}}, {"b": 1, "a": {"c": 2}}),
    ({1: "a", 2.5: "b", None: "c", True and "x": "d"}, {"1": "a", "2.5": "b", "None": "c", "x": "d"}),
    ({False: 0, b"k": 1}, {"False": 0, "b'k'": 1}),
    ({1: "a", "1": "b"}, [[1, "a"], ["1", "b"]]),
    ({(1, "x"): 2}, {"(1, 'x')": 2}),
    ({2**80: 1}, {"1208925819614629174706176": 1}),
    ({datetime.date(2024, 1, 2): 1}, {"2024-01-02": 1}),
    ({uuid.UUID(int=1): 1}, {"00000000-0000-0000-0000-000000000001": 1}),
    ({pathlib.PurePosixPath("/a"): 1}, {"/a": 1}),
    (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    (collections.OrderedDict[str, int](), {}),
    (collections.defaultdict(list, {"a": [1]}), {"a": [1]}),
    (collections.Counter("aab"), {"a": 2, "b": 1}),
    (collections.ChainMap({"a": 1}, {"a": 2, "b": 3}), {"a": 1, "b": 3}),
    (collections.UserDict(a=1), {"__class__": "collections.UserDict", "data": {"a": 1}}),
    (datetime.datetime(2024, 2, 29, 1, 2, 3), "2024-02-29T01:02:03"),  # noqa: DTZ001
    (datetime.datetime(2024, 2, 29, 1, 2, 3, 45, datetime.UTC), "2024-02-29T01:02:03.000045+00:00"),
    (datetime.datetime(2024, 7, 1, tzinfo=TWO_HOURS), "2024-07-01T00:00:00+02:00"),
    (datetime.datetime(2024, 1, 1, tzinfo=BERLIN), "2024-01-01T00:00:00+01:00"),
    (datetime.date(1, 1, 1), "0001-01-01"),
    (datetime.time(23, 59, 59, 999999), "23:59:59.999999"),
    (datetime.time(1, 2, tzinfo=datetime.UTC), "01:02:00+00:00"),
    (datetime.timedelta(), "PT0S"),
    (datetime.timedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=500000), "P1DT2H3M4.5S"),
    (datetime.timedelta(days=7), "P7D"),
    (datetime.timedelta(milliseconds=-1), "-PT0.001S"),
    (datetime.timedelta.min, "-P999999999D"),
    (TWO_HOURS, {"__class__": "datetime.timezone", "args": ["PT2H"]}),
    (datetime.timezone(datetime.timedelta(hours=1), "CET"),
     {"__class__": "datetime.timezone", "args": ["PT1H", "CET"]}),
    (BERLIN, {"__class__": "zoneinfo.ZoneInfo", "args": ["Europe/Berlin"]}),
    (Decimal("1.50"), "1.50"),
    (Decimal("NaN"), "NaN"),
    (Fraction(-1, 3), "-1/3"),
    (uuid.UUID("12345678-1234-5678-1234-567812345678"), "12345678-1234-5678-1234-567812345678"),
    (pathlib.Path("a/b c"), str(pathlib.Path("a/b c"))),
    (pathlib.PurePosixPath("/"), "/"),
    (pathlib.PureWindowsPath("c:/x"), "c:\\x"),
    (1 + 2j, "(1+2j)"),
    (complex("nan"), "(nan+0j)"),
    (ipaddress.ip_address("10.0.0.1"), "10.0.0.1"),
    (ipaddress.ip_address("fe80::1"), "fe80::1"),
    (ipaddress.ip_network("10.0.0.0/8"), "10.0.0.0/8"),
    (ipaddress.ip_network("fe80::/10"), "fe80::/10"),
    (ipaddress.ip_interface("10.0.0.1/8"), "10.0.0.1/8"),
    (ipaddress.ip_interface("fe80::1/10"), "fe80::1/10"),
    (len, {"__global__": "builtins.len"}),
    (dict, {"__global__": "builtins.dict"}),
    (..., {"__global__": "builtins.Ellipsis"}),
    (NotImplemented, {"__global__": "builtins.NotImplemented"}),
    (slice(1, None), {"__class__": "builtins.slice", "args": [1, None, None]}),
    (types.SimpleNamespace(a=1), {"__class__": "types.SimpleNamespace", "a": 1}),
    (functools.partial(int, "1", base=2),
     {"__class__": "functools.partial", "args": [{"__global__": "builtins.int"}, "1"], "kwargs": {"base": 2}}),
    (ValueError("x", 1), {"__class__": "builtins.ValueError", "args": ["x", 1]}),
    (KeyError(), {"__class__": "builtins.KeyError"}),
]  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("value", "shown"), ROWS, ids=lambda value: type(value).__name__)
def test_a_row_of_the_table(value: object, shown: object, protocol: int):
    assert view(value, protocol) == shown


@pytest.mark.parametrize("value", [value for value, _ in ROWS], ids=lambda value: type(value).__name__)
def test_the_type_is_what_metaflow_records(value: object):
    if not callable(value) or isinstance(value, functools.partial):
        assert f"<class '{type_name(decode(pickle.dumps(value)))}'>" == str(type(value))  # pyright: ignore[reportUnknownArgumentType]


def test_errors_of_the_system_keep_their_class():
    # Protocols below 3 write OSError in their place, for Python 2.
    assert view(FileNotFoundError(2, "gone")) == {"__class__": "builtins.FileNotFoundError", "args": [2, "gone"]}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_flags_of_patterns_are_written_as_python_writes_them(protocol: int):
    flags = [0, re.IGNORECASE, re.MULTILINE | re.DOTALL, re.ASCII, re.VERBOSE | re.IGNORECASE | re.ASCII]
    patterns = [re.compile(f"a{index}'+", flag) for index, flag in enumerate(flags)]
    assert view(patterns, protocol) == [str(pattern) for pattern in patterns]
    assert view([re.compile(b"x", re.LOCALE), re.compile("y" * 300)], protocol) == [
        str(re.compile(b"x", re.LOCALE)),
        str(re.compile("y" * 300)),
    ]


def test_ints_that_python_will_not_write_are_still_written():
    assert view(10**5000) == "1" + "0" * 5000
    assert view(-(10**5000)) == "-1" + "0" * 5000
    assert view(1 << 10_000_000) == {"__class__": "builtins.int", "bits": 10_000_001}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_cycle_ends_at_its_inner_occurrence(protocol: int):
    inner: list[object] = [1]
    inner.append({"self": inner})
    pair: tuple[list[object]] = ([],)
    pair[0].append(pair)
    assert view([inner, inner], protocol) == [[1, {"self": {"__cycle__": True}}]] * 2
    assert view(pair, protocol) == [[{"__cycle__": True}]]


def test_zones_of_other_libraries():
    packed = b"\x07\xe8\x07\x01\x00\x00\x00\x00\x00\x00"
    pytz = (
        b"\x80\x04cdatetime\ndatetime\n(C\x0a"
        + packed
        + b"cpytz\n_p\n(\x8c\x06Europe\x4d\x20\x1cK\x00\x8c\x04CESTtRtR."
    )
    other = b"\x80\x04cdatetime\ndatetime\n(C\x0a" + packed + b"cmine\nZone\n)RtR."
    assert to_json(decode(pytz)) == "2024-07-01T00:00:00+02:00"
    assert to_json(decode(other)) == {
        "__class__": "datetime.datetime",
        "args": ["2024-07-01T00:00:00", {"__class__": "mine.Zone"}],
    }


def test_the_second_of_two_equal_times_is_told_apart():
    # Protocols below 4 do not keep which of the two it was.
    assert view(datetime.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1)) == "2024-10-27T02:30:00+01:00"
    assert view(datetime.time(2, 30, fold=1)) == "02:30:00"


# From Python 3.13 on.
@pytest.mark.filterwarnings("ignore:The 'u' type code is deprecated:DeprecationWarning")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_array_of_characters(protocol: int):
    assert view(array.array("u", "hé"), protocol) == ["h", "é"]  # pyright: ignore[reportDeprecated] pickles outlive it


def test_decimals_with_many_digits_are_written_as_they_are():
    assert view(Decimal("1" * 5000 + ".5")) == "1" * 5000 + ".5"


def test_a_zone_that_is_not_known_is_never_looked_up():
    outside = b"\x80\x04cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\n\x8c\x09_unpickletR(\x8c\x0b../../a/b/cK\x01tR."
    assert to_json(decode(outside)) == {"__class__": "zoneinfo.ZoneInfo._unpickle", "args": ["../../a/b/c", 1]}


def test_what_stands_for_globals_and_instances():
    thing = decode(b"\x80\x04cmine\nThing\n.")
    made = decode(b"\x80\x04cmine\nThing\nK\x01\x85R}\x8c\x01aK\x02sb.")
    assert isinstance(thing, Global)
    assert isinstance(made, Instance)
    assert (thing.name, made.name, made.args, made.state, made.new) == (
        "mine.Thing",
        "mine.Thing",
        (1,),
        {"a": 2},
        False,
    )


def test_known_classes_are_shown_by_their_own_function():
    pickled = b"\x80\x04](cmine\nThing\n\x94)R}\x8c\x01aK\x02sbh\x00)Re."
    known = {"mine.Thing": lambda instance: instance.state["a"]}  # pyright: ignore
    # The second has no state: what fails costs one value its reading.
    assert to_json(decode(pickled, known=known)) == [2, {"__class__": "mine.Thing"}]  # pyright: ignore
    again = {"mine.Thing": lambda instance: {"it": instance}}  # pyright: ignore
    assert to_json(decode(pickled, known=again)) == [  # pyright: ignore
        {"it": {"__cycle__": True}},
        {"it": {"__cycle__": True}},
    ]
