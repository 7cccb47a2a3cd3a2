"""An artifact of every kind of value, each on one of the branches."""

import array
import collections
import datetime as dt
import decimal
import fractions
import functools
import ipaddress
import pathlib
import re
import types
import uuid
import zoneinfo
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import shapes
from metaflow import Config, FlowSpec, current, step
from metaflow.client import DataArtifact, Flow, Run, Step, Task


class OwnColor(Enum):
    BLUE = "blue"


class OwnPoint(NamedTuple):
    x: int
    y: int


@dataclass
class OwnMetric:
    name: str
    value: float


class OwnPlain:
    def __init__(self):
        self.a = 1


class OwnFault(Exception):
    pass


def own_function():
    return 1


class ValuesFlow(FlowSpec):
    settings = Config("settings", default_value={"a": {"b": [1, 2]}})

    @step
    def start(self):
        self.next(self.plain, self.library, self.imported, self.own)

    @step
    def plain(self):
        """Values that need no global."""
        self.none = None
        self.true = True
        self.false = False
        self.zero = 0
        self.negative = -1
        self.int_largest_safe = 2**53 - 1
        self.int_first_unsafe = 2**53
        self.int_smallest_safe = -(2**53 - 1)
        self.int_first_unsafe_negative = -(2**53)
        self.int_huge = 10**40
        self.int_giant = 7**2000
        self.float_plain = 0.1
        self.float_whole = 1.0
        self.float_negative_zero = -0.0
        self.float_small = 5e-324
        self.float_large = 1.7976931348623157e308
        self.nan = float("nan")
        self.infinity = float("inf")
        self.negative_infinity = float("-inf")
        self.text = "plain text"
        self.text_empty = ""
        self.text_unicode = "äöü 漢字 🎉 \u2028 \x00 \x7f"
        self.text_surrogate = "before \ud800 after"
        self.text_long = "0123456789" * 1000
        self.bytes_plain = b"\x00\xffbytes"
        self.bytes_empty = b""
        self.list_empty = []
        self.list_mixed = [1, 2.5, "three", None, True, [4, [5]], {"six": 6}]
        self.list_special = [float("nan"), 10**40, b"x", "\udfff", (1, 2), {3}]
        self.list_long = list(range(3000))
        self.tuple_empty = ()
        self.tuple_one = (1,)
        self.tuple_mixed = (1, "b", (2, 3))
        self.set_empty = set()
        self.set_numbers = {3, 1, 2}
        self.set_texts = {"b", "a"}
        self.set_mixed = {1, "a", None}
        self.set_of_tuples = {(2, "b"), (1, "a")}
        self.frozenset_numbers = frozenset({30, 10, 20})
        self.dict_empty = {}
        self.dict_texts = {"z": 1, "a": {"nested": [1, {"deep": None}]}}
        self.dict_numbers = {1: "one", 2: "two"}
        self.dict_mixed_apart = {1: "int", "b": "text", None: "none", 2.5: "float"}
        self.dict_mixed_same = {1: "int", "1": "text"}
        self.dict_tuples = {(1, 2): "pair", (3, 4): "another"}
        self.dict_special_keys = {"__class__": "not one", "": "empty", "__proto__": 1}
        self.dict_nan_keys = {float("nan"): 1, "nan": 2}
        self.dict_surrogate_key = {"\ud800": 1}
        self.dict_bytes_keys = {b"a": 1}
        self.nested_deeply = functools.reduce(lambda inner, _: [inner], range(60), "bottom")
        shared = [1, 2]
        self.shared = {"first": shared, "second": shared}
        cycle_list = [1]
        cycle_list.append(cycle_list)
        self.cycle_list = cycle_list
        cycle_dict = {"name": "outer"}
        cycle_dict["self"] = {"inner": cycle_dict}
        self.cycle_dict = cycle_dict
        inner: list = []
        self.cycle_through_tuple = (1, inner)
        inner.append(self.cycle_through_tuple)
        self.table = [{"name": "a", "value": 1}, {"name": "b", "value": 2.5, "more": None}]
        self.next(self.join)

    @step
    def library(self):
        """Values of Python's standard library."""
        berlin = zoneinfo.ZoneInfo("Europe/Berlin")
        offset = dt.timezone(dt.timedelta(hours=-5, minutes=-30))
        self.bytearray_plain = bytearray(b"\x00bytes")
        self.complex_number = 1 + 2j
        self.complex_nan = complex(float("nan"), -0.0)
        self.range_plain = range(2, 10, 3)
        self.slice_plain = slice(1, None, 2)
        self.ellipsis = ...
        self.not_implemented = NotImplemented
        self.datetime_naive = dt.datetime(2024, 2, 29, 12, 30, 15, 123456)  # noqa: DTZ001  (naive ones exist)
        self.datetime_whole = dt.datetime(2024, 2, 29)  # noqa: DTZ001
        self.datetime_utc = dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.UTC)
        self.datetime_offset = dt.datetime(2024, 2, 29, 12, 30, tzinfo=offset)
        self.datetime_zone = dt.datetime(2024, 7, 1, 12, 30, tzinfo=berlin)
        self.datetime_fold = dt.datetime(2024, 10, 27, 2, 30, tzinfo=berlin, fold=1)
        self.datetime_first = dt.datetime.min  # noqa: DTZ901  (naive, too)
        self.datetime_last = dt.datetime.max  # noqa: DTZ901
        self.date_plain = dt.date(2024, 2, 29)
        self.time_naive = dt.time(23, 59, 59, 999999)
        self.time_whole = dt.time(7)
        self.time_utc = dt.time(12, 30, tzinfo=dt.UTC)
        self.time_zone = dt.time(12, 30, tzinfo=berlin)
        self.timedelta_zero = dt.timedelta()
        self.timedelta_days = dt.timedelta(days=3)
        self.timedelta_mixed = dt.timedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=500000)
        self.timedelta_negative = dt.timedelta(days=-1, seconds=1)
        self.timedelta_micro = dt.timedelta(microseconds=1)
        self.timezone_utc = dt.UTC
        self.timezone_offset = offset
        self.timezone_named = dt.timezone(dt.timedelta(hours=1), "CET")
        self.zone = berlin
        self.decimal_plain = decimal.Decimal("1.10")
        self.decimal_nan = decimal.Decimal("NaN")
        self.decimal_exponent = decimal.Decimal("1E+30")
        self.fraction_plain = fractions.Fraction(1, 3)
        self.uuid_plain = uuid.UUID("12345678-1234-5678-1234-567812345678")
        self.path_posix = pathlib.PurePosixPath("/a/b/../c.txt")
        self.path_concrete = pathlib.Path("relative/file.txt")
        self.path_windows = pathlib.PureWindowsPath("C:/a/b")
        self.pattern = re.compile(r"a+(?P<name>b)", re.IGNORECASE)
        self.pattern_bytes = re.compile(rb"\d")
        self.ordered = collections.OrderedDict([("z", 1), ("a", 2)])
        self.defaulting = collections.defaultdict(list, {"a": [1]})
        self.defaulting_numbers = collections.defaultdict(int, {1: 2})
        self.counter = collections.Counter("abracadabra")
        self.deque_plain = collections.deque([1, 2, 3])
        self.deque_bounded = collections.deque([1, 2, 3], maxlen=2)
        self.chain_map = collections.ChainMap({"a": 1}, {"b": 2})
        self.array_ints = array.array("i", [1, -2, 3])
        self.array_floats = array.array("d", [0.5, float("nan")])
        self.array_text = array.array("u", "abc")
        self.namespace = types.SimpleNamespace(a=1, b=[2])
        self.partial = functools.partial(int, "11", base=2)
        self.ip4 = ipaddress.IPv4Address("192.0.2.1")
        self.ip6 = ipaddress.IPv6Address("2001:db8::1")
        self.network = ipaddress.IPv4Network("192.0.2.0/24")
        self.interface = ipaddress.IPv4Interface("192.0.2.1/24")
        self.builtin_function = len
        self.builtin_class = dict
        self.library_function = re.compile
        self.bound_method = "text".upper
        self.error_value = ValueError("a message", 2)
        self.error_key = KeyError("missing")
        self.error_os = FileNotFoundError(2, "No such file", "/nowhere")
        self.error_decode = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        self.error_group = ExceptionGroup("several", [ValueError(1), KeyError("two")])
        self.error_in_list = [ZeroDivisionError("division by zero")]
        self.next(self.join)

    @step
    def imported(self):
        """Values of classes that readers can import."""
        self.enum_text = shapes.Color.RED
        self.enum_tuple = shapes.Color.GREEN
        self.enum_int = shapes.Level.HIGH
        self.enum_str = shapes.Mood.GLAD
        self.flag_one = shapes.Right.READ
        self.flag_two = shapes.Right.READ | shapes.Right.WRITE
        self.enums_within = {"colors": [shapes.Color.RED, shapes.Color.RED]}
        self.enum_keys = {shapes.Color.RED: 1}
        self.enum_keys_same = {shapes.Level.LOW: 1, shapes.Level.HIGH: 2}
        self.point = shapes.Point(1, 2.5)
        self.pair = shapes.Pair("a", [1])
        self.points = [shapes.Point(1, 2.0), shapes.Point(3, 4.0)]
        self.metric = shapes.Metric("loss", [0.5, 0.25], {"unit": shapes.Mood.GLAD})
        self.metric_slotted = shapes.SlottedMetric("loss", 0.5)
        self.metric_frozen = shapes.FrozenMetric("loss", 0.5)
        self.metric_frozen_slotted = shapes.FrozenSlottedMetric("loss", 0.5)
        self.metrics = [shapes.Metric("a", [1.0]), shapes.Metric("b", [2.0])]
        self.plain = shapes.Plain(1, shapes.Plain("inner"))
        self.plain_nested_class = shapes.Plain.Nested(1)
        plain_cycle = shapes.Plain(1)
        plain_cycle.b = [plain_cycle]
        self.plain_cycle = plain_cycle
        self.empty = shapes.Empty()
        self.slotted = shapes.Slotted(1, 2)
        self.slotted_with_dict = shapes.SlottedWithDict(1, 2, "three")
        self.with_state = shapes.WithState(1)
        self.with_arguments = shapes.WithArguments(1, key="value")
        self.reduced = shapes.Reduced(1, "b")
        self.text_dict = shapes.TextDict(a=1)
        self.dict_with_state = shapes.DictWithState(a=1)
        self.number_list = shapes.NumberList([1, 2])
        self.word = shapes.Word("text")
        self.count = shapes.Count(5)
        self.ratio = shapes.Ratio(0.5)
        self.couple = shapes.Couple((1, 2))
        self.tags = shapes.Tags({"b", "a"})
        self.ordered = shapes.Ordered(z=1, a=2)
        self.defaulting = shapes.Defaulting(list, {"a": [1]})
        self.wrapped = shapes.Wrapped(a=1)
        self.fault = shapes.Fault("went wrong", 42)
        self.silent = shapes.Silent()
        self.function = shapes.double
        self.klass = shapes.Plain
        self.method = shapes.Plain(1).__init__
        self.config_value = self.settings.a
        self.config_whole = self.settings
        task = Task(current.pathspec, _namespace_check=False)
        self.client_task = task
        self.client_step = Step(f"{current.flow_name}/{current.run_id}/{current.step_name}", _namespace_check=False)
        self.client_run = Run(f"{current.flow_name}/{current.run_id}", _namespace_check=False)
        self.client_flow = Flow(current.flow_name, _namespace_check=False)
        parameters = Step(f"{current.flow_name}/{current.run_id}/_parameters", _namespace_check=False).task.pathspec
        self.client_artifact = DataArtifact(f"{parameters}/name", _namespace_check=False)
        self.client_metadata = task.metadata[:1]
        self.next(self.join)

    @step
    def own(self):
        """Values of classes of this file, which readers cannot import."""
        self.own_color = OwnColor.BLUE
        self.own_point = OwnPoint(1, 2)
        self.own_metric = OwnMetric("loss", 0.5)
        self.own_plain = OwnPlain()
        self.own_fault = OwnFault("own")
        self.own_function = own_function
        self.own_class = OwnPlain
        self.own_within = {"list": [OwnColor.BLUE, OwnPoint(3, 4)]}
        self.readable = "beside those that the client cannot read"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ValuesFlow()
