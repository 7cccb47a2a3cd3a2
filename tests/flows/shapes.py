"""Classes of the values that the flows keep, importable by whoever reads the runs with Metaflow's client."""

from collections import OrderedDict, UserDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from enum import Enum, Flag, IntEnum, StrEnum
from typing import Any, NamedTuple


class Color(Enum):
    RED = "red"
    GREEN = ("a", "tuple")


class Level(IntEnum):
    LOW = 1
    HIGH = 10


class Mood(StrEnum):
    GLAD = "glad"


class Right(Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: float


Pair = namedtuple("Pair", ["first", "second"])


@dataclass
class Metric:
    name: str
    values: list[float]
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class SlottedMetric:
    name: str
    value: float


@dataclass(frozen=True)
class FrozenMetric:
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class FrozenSlottedMetric:
    name: str
    value: float


class Plain:
    def __init__(self, a: Any, b: Any = None) -> None:
        self.a = a
        self.b = b

    class Nested:
        def __init__(self, inner: int) -> None:
            self.inner = inner


class Empty:
    pass


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: int, right: int) -> None:
        self.left = left
        self.right = right


class SlottedWithDict(Slotted):
    def __init__(self, left: int, right: int, extra: str) -> None:
        super().__init__(left, right)
        self.extra = extra


class WithState:
    """Its state is a list, not the dict of its attributes."""

    def __init__(self, a: int) -> None:
        self.a = a

    def __getstate__(self) -> list[Any]:
        return ["version 1", self.a]

    def __setstate__(self, state: list[Any]) -> None:
        self.a = state[1]


class WithArguments:
    """Rebuilt by its constructor's keywords (NEWOBJ_EX)."""

    def __new__(cls, *args: Any, **kwargs: Any) -> "WithArguments":
        made = super().__new__(cls)
        made.args, made.kwargs = args, kwargs
        return made

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return self.args, self.kwargs

    def __getstate__(self) -> None:
        return None


def make_reduced(a: int, b: str) -> "Reduced":
    return Reduced(a, b)


class Reduced:
    """Rebuilt by a function of its module."""

    def __init__(self, a: int, b: str) -> None:
        self.a = a
        self.b = b

    def __reduce__(self) -> tuple[Any, ...]:
        return make_reduced, (self.a, self.b)


class TextDict(dict[str, Any]):
    pass


class DictWithState(dict[str, Any]):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.note = "beside the items"


class NumberList(list[int]):
    pass


class Word(str):
    __slots__ = ()


class Count(int):
    pass


class Ratio(float):
    pass


class Couple(tuple[int, ...]):
    pass


class Tags(set[str]):
    pass


class Ordered(OrderedDict[str, int]):
    pass


class Defaulting(defaultdict[str, list[int]]):
    pass


class Wrapped(UserDict[str, int]):
    pass


class Fault(Exception):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, code)
        self.code = code


class Silent(Exception):
    pass


def double(number: int) -> int:
    return 2 * number
