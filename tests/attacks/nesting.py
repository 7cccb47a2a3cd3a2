"""Pickles nested without end, within themselves, or of members that share a hash."""

from collections.abc import Callable, Iterable

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
    Attack,
    Family,
    Outcome,
    attack,
    blob,
    called,
    frozen,
    integer,
    listed,
    mapped,
    members,
    named,
    new,
    pair,
    real,
    recalled,
    text,
    whole,
)

_MILLION = 10**6
_OWN_HASH = 2**61 - 1  # CPython's hash of an int is its rest by this

_DEEP: dict[str, tuple[bytes, bytes, bytes, int, Outcome]] = {
    # what opens a level, what stands innermost, what closes a level, how many levels
    "lists": (b"]", NONE, b"a", _MILLION, "TooLarge"),
    "lists by a mark": (MARK, b"", b"l", _MILLION, "TooLarge"),
    "tuples": (b"", EMPTY_TUPLE, b"\x85", _MILLION, "TooLarge"),
    "tuples of two": (NONE, NONE, b"\x86", _MILLION, "TooLarge"),
    "tuples by a mark": (MARK, b"", b"t", _MILLION, "TooLarge"),
    "dicts": (b"}K\x01", NONE, b"s", _MILLION, "TooLarge"),
    "dicts by text": (b"}\x8c\x01a", NONE, b"s", _MILLION, "TooLarge"),
    "sets": (b"\x8f" + MARK, NONE, b"\x90", 200_000, "TooLarge"),
    "frozensets": (MARK, NONE, b"\x91", _MILLION, "TooLarge"),
    "keys": (b"}", NONE, NONE + b"s", 500_000, "TooLarge"),
    "keys of tuples": (b"}", NONE, b"\x85" + NONE + b"s", 200_000, "TooLarge"),
    "calls": (named("x:y"), NONE, b"\x85R", 40_000, "TooLarge"),
    "calls of what was called": (b"", named("x:y"), b")R", 30_000, "value"),
    "states": (new(named("x:Y")), NONE, BUILD, 40_000, "TooLarge"),
    "fields": (new(named("x:Y")) + b"}" + text("a"), NONE, b"s" + BUILD, 40_000, "TooLarge"),
    "users' lists": (new(named("x:Y")), NONE, b"a", 40_000, "TooLarge"),
    "users' dicts": (new(named("x:Y")) + text("a"), NONE, b"s", 40_000, "TooLarge"),
    "deques": (called(named("collections:deque")), NONE, b"a", 40_000, "TooLarge"),
    "slices": (named("builtins:slice") + NONE + NONE, NONE, b"\x87R", 40_000, "TooLarge"),
    "partials": (named("functools:partial"), named("x:y"), b"\x85R", 40_000, "TooLarge"),
    "exceptions": (named("builtins:ValueError"), NONE, b"\x85R", 40_000, "TooLarge"),
    "dates in zones": (
        named("datetime:datetime") + blob(b"\x07\xe8\x07\x01\x00\x00\x00\x00\x00\x00"),
        NONE,
        b"\x86R",
        40_000,
        "TooLarge",
    ),
    "frozensets by a call": (named("builtins:frozenset") + b"]", NONE, b"a\x85R", 40_000, "TooLarge"),
    "enums": (named("http:HTTPStatus"), integer(404), b"\x85R", 40_000, "TooLarge"),
    "numbers of a class": (named("x:Y"), integer(1), b"\x85\x81", 40_000, "TooLarge"),
    "attributes": (named("builtins:getattr"), named("x:y"), text("z") + b"\x86R", 40_000, "TooLarge"),
    "as deep as is shown": (b"", EMPTY_LIST, b"\x85", 199, "value"),
    "deeper by one than is shown": (b"", EMPTY_LIST, b"\x85", 200, "TooLarge"),
}


def _nested(opening: bytes, innermost: bytes, closing: bytes, levels: int) -> bytes:
    return whole(opening * levels, innermost, closing * levels)


NESTING: Family = {
    f"{levels} nested {name}": Attack(lambda parts=(opening, innermost, closing, levels): _nested(*parts), ends)
    for name, (opening, innermost, closing, levels, ends) in _DEEP.items()
}


def _within(empty: bytes, put: Callable[[bytes], bytes]) -> Attack:
    """A value within itself, and once more beside it."""
    return attack(MARK, empty, MEMOIZE, put(recalled(0)), recalled(0), b"l")


CYCLES: Family = {
    "a list": _within(EMPTY_LIST, lambda it: it + b"a"),
    "a list, many times": _within(EMPTY_LIST, lambda it: MARK + it * 50_000 + b"e"),
    "a dict": _within(EMPTY_DICT, lambda it: text("a") + it + b"s"),
    "a dict as its own key": _within(EMPTY_DICT, lambda it: it + NONE + b"s"),
    "a dict as key and value": _within(EMPTY_DICT, lambda it: it + it + b"s"),
    "a set": _within(b"\x8f", lambda it: MARK + it + b"\x90"),
    "a tuple by a list": attack(EMPTY_LIST, MEMOIZE, b"\x85", MEMOIZE, recalled(0), recalled(1), b"a0"),
    "a tuple by a list, as a key": attack(
        b"}", EMPTY_LIST, MEMOIZE, b"\x85", MEMOIZE, recalled(0), recalled(1), b"a0", NONE, b"s"
    ),
    "a tuple by a list, in a set": attack(
        b"\x8f", MARK, EMPTY_LIST, MEMOIZE, b"\x85", MEMOIZE, recalled(0), recalled(1), b"a0\x90"
    ),
    "a frozenset by a list": attack(EMPTY_LIST, MEMOIZE, MARK, recalled(0), b"\x91", b"a"),
    "an object's state": _within(new(named("x:Y")), lambda it: it + BUILD),
    "an object's field": _within(new(named("x:Y")), lambda it: mapped((text("me"), it)) + BUILD),
    "an object's slot": _within(new(named("x:Y")), lambda it: pair(NONE, mapped((text("me"), it))) + BUILD),
    "an object's items": _within(new(named("x:Y")), lambda it: MARK + it + it + b"e"),
    "an object's pairs": _within(new(named("x:Y")), lambda it: MARK + it + it + b"u"),
    "a deque": _within(called(named("collections:deque")), lambda it: it + b"a"),
    "an OrderedDict": _within(called(named("collections:OrderedDict")), lambda it: text("a") + it + b"s"),
    "an OrderedDict as its own key": _within(called(named("collections:OrderedDict")), lambda it: it + NONE + b"s"),
    "a ChainMap of itself": _within(
        new(named("collections:ChainMap")), lambda it: mapped((text("maps"), listed(it))) + BUILD
    ),
    "a ChainMap of its own state": attack(
        new(named("collections:ChainMap")), EMPTY_DICT, MEMOIZE, text("maps"), listed(recalled(0)), b"s", BUILD
    ),
    "a partial": _within(
        called(named("functools:partial"), NONE), lambda it: pair(it, it + b"\x85", EMPTY_DICT, NONE) + BUILD
    ),
    "a partial of __new__": attack(
        called(named("functools:partial"), NONE),
        MEMOIZE,
        pair(called(named("builtins:getattr"), named("x:Y"), text("__new__")), recalled(0) + b"\x85", EMPTY_DICT, NONE),
        BUILD,
        EMPTY_TUPLE,
        REDUCE,
    ),
    "a namedtuple by a list": attack(EMPTY_LIST, MEMOIZE, new(named("x:Y"), recalled(0)), b"a"),
    "an UUID": _within(new(named("uuid:UUID")), lambda it: mapped((text("int"), it)) + BUILD),
    "a network": _within(
        new(named("ipaddress:IPv4Network")),
        lambda it: mapped((text("network_address"), it), (text("_prefixlen"), integer(8))) + BUILD,
    ),
    "keywords of themselves": attack(named("x:Y"), EMPTY_TUPLE, EMPTY_DICT, MEMOIZE, text("a"), recalled(0), b"s\x92"),
    "arguments by a list": attack(
        named("x:y"), EMPTY_LIST, MEMOIZE, b"\x85", MEMOIZE, recalled(0), recalled(1), b"a0", REDUCE
    ),
    "an exception with itself for cause": _within(
        called(named("builtins:ValueError")), lambda it: mapped((text("__cause__"), it)) + BUILD
    ),
    "a hundred lists, each in all": attack(
        *(EMPTY_LIST + MEMOIZE + POP for _ in range(100)),
        *(recalled(n) + MARK + b"".join(map(recalled, range(100))) + b"e" + POP for n in range(100)),
        recalled(0),
        ends="TooLarge",
    ),
}


def _ints(many: int) -> Iterable[bytes]:
    """Whose hashes are all the same."""
    return (b"\x8a\x0b" + (n * _OWN_HASH).to_bytes(11, "little") for n in range(1, many))


def _negative_ints(many: int) -> Iterable[bytes]:
    return (b"\x8a\x0b" + (-n * _OWN_HASH).to_bytes(11, "little", signed=True) for n in range(1, many))


def _floats() -> Iterable[bytes]:
    """Powers of two share their hashes by the remainder of the exponent by 61."""
    return (real(2.0**exponent) for exponent in range(-1074, 1024))


def _tuples(many: int) -> Iterable[bytes]:
    return (number + b"\x85" for number in _ints(many))


_COLLIDING: dict[str, Callable[[], Iterable[bytes]]] = {
    "ints": lambda: _ints(40_000),
    "negative ints": lambda: _negative_ints(40_000),
    "floats": _floats,
    "tuples of ints": lambda: _tuples(40_000),
    "tuples of tuples of ints": lambda: (each + b"\x85" for each in _tuples(20_000)),
    "frozensets of ints": lambda: (MARK + number + b"\x91" for number in _ints(20_000)),
    "NaN": lambda: [real(float("nan"))] * 40_000,
    "ints of few low bits": lambda: (integer(n << 40) for n in range(40_000)),
    "minus one and minus two": lambda: [integer(-1), integer(-2)] * 20_000,
    "Decimals": lambda: (called(named("decimal:Decimal"), text(str(n * _OWN_HASH))) for n in range(3000)),
    "Fractions": lambda: (called(named("fractions:Fraction"), integer(n * _OWN_HASH), integer(1)) for n in range(3000)),
    "lists": lambda: [EMPTY_LIST] * 40_000,
    "dicts": lambda: [EMPTY_DICT] * 40_000,
    "objects": lambda: [new(named("x:Y"))] * 10_000,
    "True and 1 and 1.0": lambda: [b"\x88", integer(1), real(1.0)] * 20_000,
    "texts": lambda: (text(str(n)) for n in range(40_000)),
}
HASHES: Family = {
    **{f"a set of {name}": Attack(lambda each=each: whole(members(*each()))) for name, each in _COLLIDING.items()},
    **{f"a frozenset of {name}": Attack(lambda each=each: whole(frozen(*each()))) for name, each in _COLLIDING.items()},
    **{
        f"a dict of {name}": Attack(lambda each=each: whole(b"}(", NONE.join(each()), NONE, b"u"))
        for name, each in _COLLIDING.items()
    },
    "tuples that share their first million members": attack(
        MARK,
        NONE * _MILLION,
        b"t",
        MEMOIZE,
        MARK,
        *(recalled(0) + integer(n) + b"\x86" for n in range(1000)),
        b"\x91",
        ends="TooLarge",
    ),
    "long texts that differ at the end": attack(members(*(text("a" * 9999 + chr(n + 65)) for n in range(200)))),
    "texts in tuples that differ at the end": attack(
        text("a" * 10**5), MEMOIZE, MARK, *(recalled(0) + integer(n) + b"\x86" for n in range(30)), b"\x91"
    ),
    "many keys of one list": attack(EMPTY_LIST, MEMOIZE, b"}", MARK, (b"h\x00" + NONE) * 40_000, b"u"),
}
