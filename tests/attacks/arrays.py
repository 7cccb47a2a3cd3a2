"""Arrays whose pickles lie about shapes and dtypes."""

from .assembler import (
    BUILD,
    EMPTY_DICT,
    EMPTY_TUPLE,
    MEMOIZE,
    NONE,
    POP,
    TRUE,
    Family,
    Outcome,
    attack,
    blob,
    built,
    called,
    integer,
    listed,
    mapped,
    named,
    new,
    pair,
    recalled,
    text,
)

FALSE = b"\x89"
_NDARRAY, _DTYPE = named("numpy:ndarray"), named("numpy:dtype")
_REBUILD = named("numpy._core.multiarray:_reconstruct")


def dtype_of(code: str, *state: bytes, order: str = "<") -> bytes:
    """A dtype; `state` is (sub-array, names, fields, itemsize, alignment, flags, metadata)."""
    rest = (*state, *(NONE, NONE, NONE, integer(-1), integer(-1), integer(0))[len(state) :])
    return built(called(_DTYPE, text(code), FALSE, TRUE), pair(integer(3), text(order), *rest))


def array(shape: bytes, dtype: bytes, data: bytes, fortran: bytes = FALSE, empty: bytes = b"") -> bytes:
    made = empty or called(_REBUILD, _NDARRAY, pair(integer(0)), blob(b"b"))
    return built(made, pair(integer(1), shape, dtype, fortran, data))


def sized(*sizes: int) -> bytes:
    return pair(*map(integer, sizes))


def _record(names: bytes, fields: bytes, itemsize: int) -> bytes:
    return dtype_of("V8", NONE, names, fields, integer(itemsize), integer(1), integer(16))


def _times(unit: bytes, multiple: int = 1, code: str = "M8") -> bytes:
    metadata = pair(EMPTY_DICT, pair(unit, integer(multiple), integer(1), integer(1)))
    return dtype_of(code, NONE, NONE, NONE, integer(-1), integer(-1), integer(0), metadata)


FLOATS = dtype_of("f8")
DATA = blob(bytes(64))
_SHAPES = {
    "negative": sized(-1),
    "of two negatives": sized(-2, -4),
    "that overflows": sized(2**32, 2**32),
    "that overflows to its bytes": sized(2**61 + 1, 8),
    "of 2^63": sized(2**63),
    "of a megabyte": sized(1 << 8 * 10**6),
    "of 10^9": sized(10**9),
    "of nothing, 10^18 times": sized(10**18, 0),
    "of 10^18 times nothing": sized(0, 10**18),
    "of ten thousand axes": sized(*[1] * 10_000),
    "of sixty-four axes": sized(*[1] * 64),
    "of axes that double": sized(*[2] * 60),
    "of floats": pair(b"G" + bytes(8)),
    "of texts": pair(text("8")),
    "of True": pair(TRUE),
    "of a list": listed(integer(8)),
    "of an int": integer(8),
    "of nothing": NONE,
    "of calls": pair(called(named("os:system"), text("touch ran"))),
    "of none": EMPTY_TUPLE,
    "that is too small": sized(7),
    "that is too large": sized(9),
}
_DTYPES = {
    "of no kind": dtype_of("z8"),
    "of a size of 0": dtype_of("f0"),
    "of an odd size": dtype_of("f7"),
    "of a size of 10^9": dtype_of("S1000000000"),
    "of a size of 10^19": dtype_of("U9999999999999999999"),
    "of an empty text": dtype_of("S0"),
    "of an empty void": dtype_of("V0"),
    "of code": dtype_of("f8'; import os"),
    "of a surrogate": dtype_of("\udcff"),
    "of no code": built(
        called(_DTYPE), pair(integer(3), text("<"), NONE, NONE, NONE, integer(-1), integer(-1), integer(0))
    ),
    "of a number": called(_DTYPE, integer(8), FALSE, TRUE),
    "without a state": called(_DTYPE, text("f8"), FALSE, TRUE),
    "with a state of texts": built(called(_DTYPE, text("f8"), FALSE, TRUE), pair(*[text("x")] * 8)),
    "with a short state": built(called(_DTYPE, text("f8"), FALSE, TRUE), pair(integer(3))),
    "of an odd order": dtype_of("f8", order="?"),
    "that is a global": _DTYPE,
    "that is a call": called(named("os:system"), text("touch ran")),
    "of objects in bytes": dtype_of("O"),
    "of characters beyond Unicode": dtype_of("U16"),
    "within itself": built(
        called(_DTYPE, text("V8"), FALSE, TRUE) + MEMOIZE,
        pair(integer(3), text("<"), pair(recalled(0), sized(1)), NONE, NONE, integer(8), integer(1), integer(0)),
    ),
    "of a sub-array that lies": dtype_of("V8", pair(FLOATS, sized(1000)), NONE, NONE, integer(8)),
    "of a sub-array of 10^18": dtype_of("V8", pair(FLOATS, sized(10**18)), NONE, NONE, integer(8 * 10**18)),
    "of a sub-array of nothing, 10^9 times": dtype_of("V8", pair(FLOATS, sized(10**9, 0)), NONE, NONE, integer(0)),
    "of fields that overlap": _record(
        pair(text("a"), text("b")),
        mapped((text("a"), pair(FLOATS, integer(0))), (text("b"), pair(FLOATS, integer(4)))),
        12,
    ),
    "of fields beyond": _record(pair(text("a")), mapped((text("a"), pair(FLOATS, integer(8)))), 8),
    "of a field before": _record(pair(text("a")), mapped((text("a"), pair(FLOATS, integer(-8)))), 8),
    "of an offset of 2^62": _record(pair(text("a")), mapped((text("a"), pair(FLOATS, integer(2**62)))), 2**62 + 8),
    "of fields that are missing": _record(pair(text("a"), text("b")), mapped((text("a"), pair(FLOATS, integer(0)))), 8),
    "of the same field twice": _record(pair(text("a"), text("a")), mapped((text("a"), pair(FLOATS, integer(0)))), 8),
    "of names that are none": _record(pair(integer(1)), mapped((integer(1), pair(FLOATS, integer(0)))), 8),
    "of a record of nothing": _record(pair(text("a")), mapped((text("a"), pair(FLOATS, integer(0)))), 0),
    "of a hundred thousand fields": _record(
        pair(*(text(str(n)) for n in range(10**5))),
        mapped(*((text(str(n)), pair(FLOATS, integer(8 * n))) for n in range(10**5))),
        8 * 10**5,
    ),
    "of time in parsecs": _times(text("pc")),
    "of time in nothing": _times(NONE),
    "of time in 0 days": _times(text("D"), 0),
    "of time in 10^30 years": _times(text("Y"), 10**30),
    "of time in negative days": _times(text("D"), -1),
    "of time in 2 x 10^9 years": _times(text("Y"), 2**31 - 1),
    "of time in attoseconds": _times(text("as")),
    "of spans in 2 x 10^9 years": _times(text("Y"), 2**31 - 1, "m8"),
    "of spans in attoseconds": _times(text("as"), 1, "m8"),
    "of spans in months": _times(text("M"), 1, "m8"),
}


def _nested_records(levels: int) -> bytes:
    """Each of two fields of the one before."""
    made, size = FLOATS + MEMOIZE + POP, 8
    for level in range(levels):
        fields = mapped(
            (text("a"), pair(recalled(level), integer(0))), (text("b"), pair(recalled(level), integer(size)))
        )
        size *= 2
        made += _record(pair(text("a"), text("b")), fields, size) + MEMOIZE + POP
    return made


_ODD = {
    "objects of itself": attack(
        called(_REBUILD, _NDARRAY, pair(integer(0)), blob(b"b")),
        MEMOIZE,
        pair(integer(1), sized(2), dtype_of("O"), FALSE, listed(recalled(0), recalled(0))),
        BUILD,
    ),
    "objects, fewer than there are": attack(array(sized(5), dtype_of("O"), listed(NONE))),
    "objects, in Fortran order": attack(array(sized(2, 2), dtype_of("O"), listed(NONE, NONE, NONE, TRUE), TRUE)),
    "objects that are no list": attack(array(sized(1), dtype_of("O"), pair(NONE))),
    "bytes for objects": attack(array(sized(8), dtype_of("O"), DATA)),
    "a list for floats": attack(array(sized(8), FLOATS, listed(*[NONE] * 8))),
    "text for bytes": attack(array(sized(8), FLOATS, text("a" * 64))),
    "the order of neither": attack(array(sized(8), FLOATS, DATA, text("K"))),
    "of another class": attack(
        array(sized(8), FLOATS, DATA, empty=called(_REBUILD, named("os:system"), pair(integer(0)), blob(b"b")))
    ),
    "of no class": attack(array(sized(8), FLOATS, DATA, empty=called(_REBUILD, NONE, NONE, NONE))),
    "by its class": attack(built(new(_NDARRAY), pair(integer(1), sized(8), FLOATS, FALSE, DATA))),
    "by a buffer": attack(called(named("numpy._core.numeric:_frombuffer"), DATA, FLOATS, sized(8), text("C"))),
    "by a buffer that lies": attack(
        called(named("numpy._core.numeric:_frombuffer"), DATA, FLOATS, sized(10**9), text("F"))
    ),
    "by a buffer of odd axes": attack(
        called(named("numpy._core.numeric:_frombuffer"), DATA, FLOATS, sized(2, 4), text("K"), sized(0, 0))
    ),
    "by a buffer of axes beyond": attack(
        called(named("numpy._core.numeric:_frombuffer"), DATA, FLOATS, sized(2, 4), text("K"), sized(10**9, -1))
    ),
    "by a buffer of objects": attack(
        called(named("numpy._core.numeric:_frombuffer"), DATA, dtype_of("O"), sized(8), text("C"))
    ),
    "two states": attack(array(sized(8), FLOATS, DATA), pair(integer(1), sized(-1), FLOATS, FALSE, DATA), BUILD),
    "a scalar of too few bytes": attack(called(named("numpy._core.multiarray:scalar"), FLOATS, blob(b"a"))),
    "a scalar of a megabyte": attack(called(named("numpy._core.multiarray:scalar"), FLOATS, blob(bytes(10**6)))),
    "a scalar of no dtype": attack(called(named("numpy._core.multiarray:scalar"), NONE, blob(bytes(8)))),
    "a scalar of an object": attack(
        called(named("numpy._core.multiarray:scalar"), dtype_of("O"), called(named("os:system")))
    ),
    "masked, by a mask that is too short": attack(
        built(
            called(
                named("numpy.ma.core:_mareconstruct"),
                named("numpy.ma:MaskedArray"),
                _NDARRAY,
                pair(integer(0)),
                blob(b"b"),
            ),
            pair(integer(1), sized(8), FLOATS, FALSE, DATA, blob(b"\x01"), NONE),
        )
    ),
    "records in records, twenty deep": attack(_nested_records(20), array(sized(1), recalled(20), blob(bytes(8 << 20)))),
    "records in records, ten deep": attack(
        _nested_records(10), array(sized(99), recalled(10), blob(bytes(99 * 8 << 10))), ends="TooLarge"
    ),
    "one array, in many lists": attack(
        array(sized(100_000), dtype_of("b1"), blob(bytes(100_000))),
        MEMOIZE,
        listed(*[recalled(0)] * 1000),
        ends="TooLarge",
    ),
    "of a million ones": attack(array(sized(10**6), dtype_of("i1"), blob(bytes(10**6))), ends="TooLarge"),
    "of empty rows without end": attack(array(sized(10**12, 0), FLOATS, blob(b"")), ends="TooLarge"),
    "of texts beyond Unicode": attack(array(sized(2), dtype_of("U1"), blob(b"\xff" * 8))),
    "of lone surrogates": attack(array(sized(2), dtype_of("U1"), blob(b"\x00\xd8\x00\x00" * 2))),
    "of times at both ends": attack(
        array(
            sized(3),
            _times(text("D")),
            blob(b"\xff" * 7 + b"\x7f" + bytes(7) + b"\x80" + b"\x01" + bytes(6) + b"\x80"),
        )
    ),
    "of bytes of a memory view": attack(array(sized(8), FLOATS, called(named("builtins:memoryview"), DATA))),
    "of a random generator": attack(
        called(named("numpy.random._pickle:__generator_ctor"), text("PCG64"), named("os:system"))
    ),
    "of strings of any length": attack(
        array(
            sized(2),
            called(named("numpy._core._internal:_convert_to_stringdtype_kwargs"), TRUE, NONE),
            listed(text("a"), integer(1)),
        )
    ),
}
_ENDS: dict[str, Outcome] = {"of nothing, 10^18 times": "TooLarge", "of a hundred thousand fields": "TooLarge"}
ARRAYS: Family = {
    **{f"a shape {name}": attack(array(shape, FLOATS, DATA)) for name, shape in _SHAPES.items()},
    **{
        f"a shape {name}, of no bytes": attack(array(shape, FLOATS, blob(b"")), ends=_ENDS.get(name, "value"))
        for name, shape in _SHAPES.items()
    },
    **{
        f"a dtype {name}": attack(array(sized(8), dtype, DATA), ends=_ENDS.get(name, "value"))
        for name, dtype in _DTYPES.items()
    },
    **{
        f"a scalar of a dtype {name}": attack(
            called(named("numpy._core.multiarray:scalar"), dtype, DATA), ends=_ENDS.get(name, "value")
        )
        for name, dtype in _DTYPES.items()
    },
    **{f"an array {name}": made for name, made in _ODD.items()},
}
