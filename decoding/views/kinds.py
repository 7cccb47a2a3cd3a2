"""Instances by what they are: sequences, mappings, what extends a plain type, or named parts."""

from collections.abc import Callable, Sequence
from typing import cast

from ..arrays.dtypes import dtype_of
from ..errors import TooLarge
from ..plain.packed import Packed
from ..stand_ins import Global, Instance, named, read

Pairs = list[tuple[object, object]]
Fields = dict[str, object]

# How array.array writes its numbers: struct's letters, by the machine format code of its pickles.
_ARRAY_CODES = ("B", "b", *(f"{order}{code}" for code in "HhIiQqfd" for order in "<>"))
_CHAINED = 1_000_000  # keys of all maps together: the same large one may stand in a ChainMap many times
_UTF = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_LETTERS = 8 * 1024 * 1024  # bytes of text in an array


def sequence(instance: Instance) -> Sequence[object] | None:
    """The members of a deque or an array, and of a user's own list; None of what is no sequence."""
    found = read(_SEQUENCES, instance)
    return instance.items if found is None else found


def mapping(instance: Instance) -> Pairs | None:
    """The keys and values of a Counter, an OrderedDict… and of a user's own dict; None of what is no mapping."""
    found = read(_MAPPINGS, instance)
    return instance.pairs if found is None else found


def extends_its_argument(instance: Instance) -> bool:
    """Whether it is of a class that extends str, int, float, bytes or tuple, or an enum of the standard library."""
    if len(instance.args) != 1 or instance.kwargs:
        return False
    if instance.new:
        return type(instance.args[0]) in _EXTENDED
    return instance.name in _ENUMS


def is_missing(instance: Instance | Global) -> bool:
    """Whether it stands for a value that is not there."""
    return instance.name in _MISSING


def fields(instance: Instance) -> Fields:
    """The parts of any other object: `args`, `kwargs`, and what its state names."""
    found = read(_FIELDS, instance)
    if found is not None:
        return found
    if instance.callee.module.partition(".")[0] in _FOREIGN and instance.callee.attribute.lower().endswith(_LAYOUTS):
        return {}
    given: Fields = {"args": instance.args} if instance.args else {}
    if instance.kwargs:
        given["kwargs"] = instance.kwargs
    return given | _state(instance)


def _state(instance: Instance) -> Fields:
    state = instance.state
    if isinstance(state, tuple):
        return _slots(cast(tuple[object, ...], state))
    if isinstance(state, dict):
        return named(cast(object, state)) or ({"state": cast(object, state)} if state else {})
    if isinstance(state, list) and not instance.args:
        return {"args": cast(object, state)}  # of a frozen dataclass with slots: its values, in the order of its fields
    return {} if state is None else {"state": state}


def _slots(state: tuple[object, ...]) -> Fields:
    """What a class with __slots__ has for state: its __dict__, or None, and the dict of its slots, or None."""
    parts = [{} if part is None else named(part) for part in state]
    if len(parts) != 2 or None in parts:
        return {"state": state}
    return {key: value for part in parts for key, value in (part or {}).items()}


def _array(instance: Instance) -> Sequence[object] | None:
    match instance.args:
        case (str(), int(code), bytes(data)) if 0 <= code < len(_ARRAY_CODES):
            return Packed(_ARRAY_CODES[code], data)
        case (str(), int(code), bytes(data)) if len(_ARRAY_CODES) <= code < len(_ARRAY_CODES) + len(_UTF):
            if len(data) > _LETTERS:
                raise TooLarge(f"The value has {len(data)} bytes of text in one array.")
            return data.decode(_UTF[code - len(_ARRAY_CODES)], "surrogatepass")
        case (str(), list()):
            return list(cast(list[object], instance.args[1]))
        case _:
            return None


def _deque(instance: Instance) -> list[object] | None:
    match instance.args:
        case (list(),) | (list(), _):
            return cast(list[object], instance.args[0]) + (instance.items or [])
        case () | ((),) | ((), _):
            return instance.items or []
        case _:
            return None


def _only_argument(instance: Instance) -> list[object] | None:
    match instance.args:
        case (list() | tuple(),):
            return list(cast(list[object], instance.args[0]))
        case _:
            return None


def _set_pairs(instance: Instance) -> Pairs | None:
    """What was set by key, or else the dict, or its pairs, that it is made from."""
    match instance.args:
        case (dict(),):
            return [*cast(dict[object, object], instance.args[0]).items(), *(instance.pairs or [])]
        case (list(),):
            return [(pair[0], pair[1]) for pair in cast(list[list[object]], instance.args[0])]
        case _:
            return instance.pairs or []


def _default_pairs(instance: Instance) -> Pairs | None:
    return instance.pairs or []


def _chained(instance: Instance) -> Pairs | None:
    maps = (named(instance.state) or {}).get("maps")
    each = cast(list[object], maps) if isinstance(maps, list) else []
    plain = [cast(dict[object, object], one) for one in each if isinstance(one, dict)]
    if not plain or len(plain) < len(each) or sum(map(len, plain)) > _CHAINED:
        return None
    merged: dict[object, object] = {}
    for one in reversed(plain):
        merged.update(one)
    return list(merged.items())


def _partial(instance: Instance) -> Fields | None:
    match cast(tuple[object, ...], instance.state):
        case (func, tuple(), dict(), _):
            _, args, kwargs, _ = cast(tuple[object, tuple[object, ...], dict[object, object], object], instance.state)
            return {"args": [func, *args], **({"kwargs": kwargs} if kwargs else {})}
        case _:
            return None


def _ndarray(instance: Instance) -> Fields | None:
    """What is known of an array that cannot be: its shape, and the code of its dtype."""
    match cast(tuple[object, ...], instance.state):
        case (_, tuple(), Instance(args=(str(code), *_)), *_):
            return {"shape": cast(tuple[object, ...], instance.state)[1], "dtype": code}
        case _:
            return None


def _dtype(instance: Instance) -> Fields:
    found = dtype_of(instance)
    return {} if found is None else {"name": found.name}


_SEQUENCES: dict[str, Callable[[Instance], Sequence[object] | None]] = {
    "collections.deque": _deque,
    "array.array": _array,
    "torch.Size": _only_argument,
}
_MAPPINGS: dict[str, Callable[[Instance], Pairs | None]] = {
    "collections.OrderedDict": _set_pairs,
    "collections.Counter": _set_pairs,
    "collections.defaultdict": _default_pairs,
    "collections.ChainMap": _chained,
}
_FIELDS: dict[str, Callable[[Instance], Fields | None]] = {
    "functools.partial": _partial,
    "numpy.dtype": _dtype,
    **dict.fromkeys(("numpy.ndarray", "numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray", "numpy.matrix"), _ndarray),
}
_MISSING = frozenset(
    {
        "numpy.ma.core.MaskedConstant",
        *("pandas.NA", "pandas._libs.missing.NA", "pandas.NaT", "pandas._libs.tslibs.nattype.NaT"),
        *("pandas.api.typing.NaTType", "pandas._libs.tslibs.nattype.NaTType"),
    }
)
_EXTENDED = (str, int, float, bytes, tuple)
_ENUMS = frozenset({"http.HTTPStatus", "http.HTTPMethod", "re.RegexFlag", "signal.Signals", "socket.AddressFamily"})
# What ends so in these libraries is pickled as it lies in memory, which says nothing to a reader.
_FOREIGN = frozenset({"numpy", "pandas", "polars", "pyarrow"})
_LAYOUTS = (
    *("array", "batch", "block", "buffer", "categorical", "expr", "frame", "index", "manager", "matrix", "scalar"),
    *("series", "table", "_reconstruct"),
)
