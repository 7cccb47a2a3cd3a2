"""Pickles that grow by repetition."""

from collections.abc import Callable

from .assembler import (
    BUILD,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
    MARK,
    MEMOIZE,
    NONE,
    POP,
    REDUCE,
    Family,
    Part,
    attack,
    blob,
    called,
    frozen,
    integer,
    listed,
    mapped,
    named,
    new,
    pair,
    real,
    recalled,
    text,
)

_DOUBLINGS = 60
_MILLION = 10**6


def _doubled(start: bytes, twice: Callable[[bytes], bytes], first: int = 0, times: int = _DOUBLINGS) -> bytes:
    """A value made of two of the one before, and so on; each is memoized, from the index `first` on."""
    steps = (twice(recalled(first + step)) + MEMOIZE for step in range(times))
    return start + MEMOIZE + b"".join(steps)


def _list_of_two(value: bytes) -> bytes:
    return listed(value, value)


def _tuple_of_two(value: bytes) -> bytes:
    return value + value + b"\x86"


def _dict_of_two(value: bytes) -> bytes:
    return mapped((text("a"), value), (text("b"), value))


def _set_of_two(value: bytes) -> bytes:
    return frozen(value, frozen(value))


def _call_of_two(value: bytes) -> bytes:
    return called(named("x:y"), value, value)


def _state_of_two(value: bytes) -> bytes:
    return new(named("x:Y")) + _dict_of_two(value) + BUILD


def _repeated(what: bytes, times: int, times_again: int = 1) -> bytes:
    """[[…] * n] * m of a value."""
    one = what + MEMOIZE + POP + EMPTY_LIST + MEMOIZE + MARK + recalled(0) * times + b"e"
    return one if times_again == 1 else one + POP + EMPTY_LIST + MARK + recalled(1) * times_again + b"e"


_LAUGHS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "lists": (EMPTY_LIST, _list_of_two),
    "tuples": (EMPTY_TUPLE, _tuple_of_two),
    "dicts": (EMPTY_DICT, _dict_of_two),
    "frozensets": (frozen(integer(1)), _set_of_two),
    "calls": (NONE, _call_of_two),
    "states": (NONE, _state_of_two),
    "keys": (EMPTY_TUPLE, lambda value: mapped((_tuple_of_two(value), value), (value, value))),
    "namedtuples": (EMPTY_TUPLE, lambda value: new(named("x:Y"), value, value)),
    "deques": (NONE, lambda value: called(named("collections:deque")) + MARK + value + value + b"e"),
    "Counters": (NONE, lambda value: called(named("collections:Counter"), _dict_of_two(value))),
    "ChainMaps": (
        EMPTY_DICT,
        lambda value: (
            new(named("collections:ChainMap"))
            + mapped((text("maps"), listed(mapped((text("a"), value)), mapped((text("b"), value)))))
            + BUILD
        ),
    ),
    "partials": (
        NONE,
        lambda value: (
            called(named("functools:partial"), value) + pair(value, value + b"\x85", EMPTY_DICT, NONE) + BUILD
        ),
    ),
    "exceptions": (NONE, lambda value: called(named("builtins:ValueError"), value, value)),
    "ranges in lists": (called(named("builtins:range"), integer(0), integer(10**6), integer(1)), _list_of_two),
    "UserLists": (
        NONE,
        lambda value: new(named("collections:UserList")) + mapped((text("data"), listed(value, value))) + BUILD,
    ),
    "slices": (NONE, lambda value: called(named("builtins:slice"), value, value, value)),
    "dates with zones": (
        NONE,
        lambda value: called(
            named("datetime:datetime"),
            blob(b"\x07\xe8\x07\x01\x00\x00\x00\x00\x00\x00"),
            called(named("x:y"), value, value),
        ),
    ),
}


def _called_again(callee: bytes, args: bytes) -> tuple[Part, ...]:
    """A hundred thousand calls with the same arguments."""
    return callee, MEMOIZE, args, MEMOIZE, MARK, (recalled(0) + recalled(1) + REDUCE, 10**5), b"l"


LAUGHS: Family = {
    **{f"{name} of twice the one before": attack(_doubled(*made), ends="TooLarge") for name, made in _LAUGHS.items()},
    **{
        f"{name} of twice the one before, as a key": attack(
            _doubled(*made), EMPTY_DICT, recalled(_DOUBLINGS), NONE, b"s", ends="TooLarge"
        )
        for name, made in _LAUGHS.items()
    },
}
REPEATS: Family = {
    "[[…]*n]*n of None": attack(_repeated(NONE, 50_000, 50_000), ends="TooLarge"),
    "[[…]*n]*n of a text": attack(_repeated(text("a" * 1000), 30_000, 30_000), ends="TooLarge"),
    "[[…]*n]*n of a date": attack(
        _repeated(called(named("datetime:date"), blob(b"\x07\xe8\x01\x02")), 2000, 2000), ends="TooLarge"
    ),
    "[[…]*n]*n of a Decimal": attack(
        _repeated(called(named("decimal:Decimal"), text("1" * 900)), 999, 999), ends="TooLarge"
    ),
    "[[…]*n]*n of an instance": attack(_repeated(new(named("x:Y")), 2000, 2000), ends="TooLarge"),
    "[[…]*n]*n of a global": attack(_repeated(named("x:Y"), 2000, 2000), ends="TooLarge"),
    "[[…]*n]*n of an int of 30,000 digits": attack(_repeated(integer(1 << 99_000), 2000, 2000), ends="TooLarge"),
    "[[…]*n]*n of bytes": attack(_repeated(blob(bytes(10_000)), 2000, 2000), ends="TooLarge"),
    "one list in many lists": attack(_repeated(listed(NONE), 90_000)),
    "one list in a million lists": attack(_repeated(listed(NONE), _MILLION), ends="TooLarge"),
    "10^9 as a range": attack(called(named("builtins:range"), integer(0), integer(10**9), integer(1)), ends="TooLarge"),
    "10^18 as a range": attack(
        called(named("builtins:range"), integer(-(10**18)), integer(10**18), integer(1)), ends="TooLarge"
    ),
    "10^30 as a range": attack(called(named("builtins:range"), integer(0), integer(10**30), integer(1))),
    "a range of steps of 0": attack(called(named("builtins:range"), integer(0), integer(9), integer(0))),
    "a range in a set": attack(
        frozen(called(named("builtins:range"), integer(0), integer(10**9), integer(1))), ends="TooLarge"
    ),
    "a range as a key": attack(mapped((called(named("builtins:range"), integer(0), integer(10**9), integer(1)), NONE))),
    "10^9 as a repeat": attack(called(named("itertools:repeat"), NONE, integer(10**9))),
    "10^9 as a product": attack(called(named("operator:mul"), listed(NONE), integer(10**9))),
    "a bytearray by its length": attack(called(named("builtins:bytearray"), integer(10**10))),
    "sets without end": attack((b"\x8f", 2_000_000), ends="TooLarge"),
    "dicts without end": attack(MARK, (b"}", 6_000_000), b"l", ends="TooLarge"),
    "frozensets without end": attack(MARK, (b"(\x91", 2_000_000), b"l", ends="TooLarge"),
    "instances without end": attack(
        MARK, named("x:y"), MEMOIZE, (recalled(0) + b")R", 2_000_000), b"l", ends="TooLarge"
    ),
    "globals without end": attack(MARK, (b"cx\ny\n", 2_000_000), b"l", ends="TooLarge"),
    "keys without end": attack(b"}", MARK, (b"]N", 2_000_000), b"u", ends="TooLarge"),
    "floats without end": attack(MARK, (real(0.5), 3_500_000), b"l", ends="TooLarge"),
    "ints without end": attack(MARK, (b"J\x00\x00\x00\x7f", 6_000_000), b"l", ends="TooLarge"),
    "bytearrays of one bytes": attack(
        *_called_again(named("builtins:bytearray"), blob(bytes(_MILLION)) + b"\x85"),
        ends="TooLarge",
    ),
    "bytearrays of one text": attack(
        *_called_again(named("builtins:bytearray"), text("a" * _MILLION) + text("latin-1") + b"\x86"),
        ends="TooLarge",
    ),
    "bytes of one text": attack(
        *_called_again(named("_codecs:encode"), text("a" * _MILLION) + text("latin1") + b"\x86"),
        ends="TooLarge",
    ),
    "frozensets of one list": attack(
        *_called_again(named("builtins:frozenset"), listed(*[NONE] * 10**5) + b"\x85"),
        ends="TooLarge",
    ),
    "instances of one dict": attack(
        *_called_again(
            named("copyreg:_reconstructor"),
            named("x:Y") + named("builtins:dict") + mapped(*((integer(n), NONE) for n in range(10**5))) + b"\x87",
        ),
        ends="TooLarge",
    ),
    "objects of one tuple": attack(
        *_called_again(named("copyreg:__newobj__"), pair(named("x:Y"), *[NONE] * 10**5)),
        ends="TooLarge",
    ),
    "Decimals of one text": attack(
        *_called_again(named("decimal:Decimal"), text("1" * 1000) + b"\x85"),
        ends="TooLarge",
    ),
    "ChainMaps of one map, a million times": attack(
        mapped((text("a"), NONE)),
        MEMOIZE + POP + EMPTY_LIST + MEMOIZE + MARK,
        (recalled(0), 999_000),
        b"e" + POP,
        new(named("collections:ChainMap")) + mapped((text("maps"), recalled(1))) + BUILD,
        MEMOIZE + EMPTY_LIST + MARK,
        (recalled(2), 1500),
        b"e",
        ends="TooLarge",
    ),
    "names that grow": attack(
        named("a:b"),
        MEMOIZE,
        *(called(named("builtins:getattr"), recalled(step), text("c")) + MEMOIZE for step in range(300)),
    ),
}
