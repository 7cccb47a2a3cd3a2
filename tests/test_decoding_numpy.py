"""numpy's arrays and scalars: the JSON view out of their pickles against that of the really unpickled objects."""

import pickle
import struct
from time import perf_counter
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from json_view import json_view
from metaflow_graphql.decoding import DecodingError, Limits, TooLarge, decode, preview, to_json, type_name

PROTOCOLS = range(6)
RECORD = np.dtype([("n", "i4"), ("s", "U3", (2,)), ("inner", [("x", ">f8"), ("t", "M8[s]")])])
APART = np.dtype({"names": ["a", "b"], "formats": ["i2", "f8"], "offsets": [4, 16], "itemsize": 32})
TITLED = np.dtype([(("A title", "n"), "i4"), ("m", ">i8")])
CUBE = np.arange(24).reshape(2, 3, 4)

CODES = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "g", "c8", "c16", "G", "?"]
SWAPPED = [">i2", ">i4", ">i8", ">u8", ">f2", ">f4", ">f8", ">c16", ">U3"]
MASK: Any = [(0, 1), (1, 0)]


def itself() -> Any:
    inside = np.empty(2, object)
    inside[0] = inside
    return inside


ARRAYS: dict[str, Any] = {
    **{code: np.array([0, 1, 100]).astype(code) for code in CODES},
    **{code: np.array([0, 1, 100]).astype(code) for code in SWAPPED},
    **{f"M8[{unit}]": np.array(["1969-12-31", "2024-02-29", "NaT"], f"M8[{unit}]") for unit in "YMWDhms"},
    **{f"M8[{unit}]": np.array([-1, 0, 10**9 + 1, 10**9], f"M8[{unit}]") for unit in ("ms", "us", "ns", "ps", "as")},
    **{f"m8[{unit}]": np.array([-90, 0, 3661, "NaT"], f"m8[{unit}]") for unit in "YMWDhms"},
    **{f"m8[{unit}]": np.array([-1, 0, 10**9 + 1], f"m8[{unit}]") for unit in ("ms", "us", "ns")},
    "several of a unit": np.array([5, -5], "M8[25us]"),
    "spans of several of a unit": np.array([5, -5], "m8[15m]"),
    "beyond what JSON holds": np.array([2**63 - 1, -(2**53), 2**53 - 1]),
    "largest": np.array([2**64 - 1], "u8"),
    "not finite": np.array([np.nan, np.inf, -np.inf, -0.0]),
    "not finite long": np.array([np.nan, np.inf, -np.inf, 1e-4950, 1e4000], "g"),
    "texts": np.array(["a", "lönger 🐍", "", "a\0b"]),
    "a lone surrogate": np.array(["\ud800"]),
    "bytes": np.array([b"a", b"b\0c", b""]),
    "raw": np.array([b"a\0", b"bc"], "V2"),
    "no axis": np.array(5),
    "no axis, a date": np.array("2024-02-29", "M8[D]"),
    "empty": np.array([]),
    "empty rows": np.zeros((3, 0, 2)),
    "no rows": np.zeros((0, 3)),
    "cube": CUBE,
    "fortran": np.asfortranarray(CUBE),
    "transposed": CUBE.transpose(2, 0, 1),
    "turned": CUBE.transpose(1, 0, 2),
    "strided": CUBE[:, ::2, ::-1],
    "broadcast": np.broadcast_to(np.arange(3), (2, 3)),
    "fortran texts": np.asfortranarray(CUBE.astype("U3")),
    "records": np.zeros(2, RECORD),
    "aligned records": np.zeros(2, np.dtype(RECORD, align=True)),
    "records with gaps": np.array([(1, 2.5)], APART),
    "titled": np.array([(1, 2)], TITLED),
    "records in a grid": np.asfortranarray(np.zeros((2, 2), RECORD)),
    "records of objects": np.array([(1, [2]), (3, None)], [("a", "i4"), ("b", "O")]),
    "objects": np.array([1, "two", None, [3], {"a": np.float64(0.5)}], object),
    "objects in a grid": np.asfortranarray(np.array([[1, "a"], [None, 2.5]], object)),
    "arrays in arrays": np.array([np.arange(2), np.arange(3)], object),
    "itself": itself(),
    "masked": np.ma.array([1.5, 2, 3], mask=[False, True, False]),
    "masked fortran": np.ma.array(CUBE, mask=CUBE % 3 == 0, order="F"),
    "masked nothing": np.ma.array([1, 2]),
    "masked records": np.ma.array([(1, 2.0), (3, 4.0)], mask=MASK, dtype=[("a", "i4"), ("b", "f8")]),
    "masked objects": np.ma.array(["a", None], mask=[True, False], dtype=object),
    "recarray": np.rec.array([(1, "a")], dtype=[("n", "i4"), ("s", "U1")]),
    "chararray": np.char.array(["a", "b"]),
    "strings of any length": np.array(["a", "longer"], np.dtypes.StringDType()),
    "in a list": [np.arange(2), {"a": np.eye(2)}, np.float32(0.5)],
    "twice the same": [CUBE, CUBE],
}
SCALARS: dict[str, Any] = {
    **{name: np.array([1], code)[0] for name, code in zip("bhilBHILefdgFDG?", "bhilBHILefdgFDG?", strict=True)},
    "nan": np.float64("nan"),
    "text": np.str_("text"),
    "bytes": np.bytes_(b"a\0b"),
    "void": np.void(b"abc"),
    "date": np.datetime64("2024-02-29"),
    "instant": np.datetime64("2024-02-29T12:30:15.123456789"),
    "NaT": np.datetime64("NaT"),
    "span": np.timedelta64(90, "s"),
    "record": np.zeros(1, RECORD)[0],
    "masked": np.ma.masked,
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_is_shown_as_nested_lists(name: str, protocol: int):
    pickled = pickle.dumps(ARRAYS[name], protocol)
    assert to_json(decode(pickled)) == json_view(pickle.loads(pickled))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", SCALARS)
def test_a_scalar_is_shown_as_its_value(name: str, protocol: int):
    value = SCALARS[name]
    pickled = pickle.dumps(value, protocol)
    assert to_json(decode(pickled)) == json_view(value)
    assert type_name(decode(pickled)) == f"{type(value).__module__}.{type(value).__qualname__}"


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_is_shown_as_nested_lists():
    assert to_json(decode(pickle.dumps(np.matrix([[1, 2], [3, 4]])))) == [[1, 2], [3, 4]]


ANY_ARRAY = arrays.arrays(
    arrays.boolean_dtypes() | arrays.integer_dtypes() | arrays.unsigned_integer_dtypes() | arrays.floating_dtypes()
    | arrays.complex_number_dtypes() | arrays.byte_string_dtypes() | arrays.unicode_string_dtypes(),
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(ANY_ARRAY, st.integers(0, 5), st.permutations(range(4)))
def test_any_array_in_any_order_of_its_axes(array: Any, protocol: int, axes: list[int]):
    turned = array.transpose([axis for axis in axes if axis < array.ndim])
    assert to_json(decode(pickle.dumps(turned, protocol))) == json_view(turned)


PREVIEWS: list[tuple[Any, str]] = [
    (np.arange(4).reshape(2, 2), "array([[0, 1], [2, 3]])"),
    (np.array([1, 2], "i4"), "array([1, 2], dtype=int32)"),
    (np.array([0.1, 2, 1e10, np.nan], "f4"), "array([0.1, 2., 1.e+10, nan], dtype=float32)"),
    (np.array(["a", "bb"]), "array(['a', 'bb'], dtype='<U2')"),
    (np.array(["2024-02-29", "NaT"], "M8[D]"), "array(['2024-02-29', 'NaT'], dtype='datetime64[D]')"),
    (np.array([1, None, [2]], object), "array([1, None, [2]], dtype=object)"),
    (np.array([(1, "a")], [("n", "i4"), ("s", "U1")]), "array([(1, 'a')], dtype=[('n', '<i4'), ('s', '<U1')])"),
    (np.ma.array([1, 2], mask=[False, True]), "masked_array([1, --])"),
    (np.array(5), "array(5)"),
    (np.zeros((0, 3)), "array([], shape=(0, 3), dtype=float64)"),
    (np.float64(0.25), "np.float64(0.25)"),
    (np.bool_(True), "np.True_"),
    (np.str_("x"), "np.str_('x')"),
    ({"loss": np.float32(0.5)}, "{'loss': np.float32(0.5)}"),
    (np.dtype("f8"), "dtype(name='float64')"),
]


@pytest.mark.parametrize(("value", "shown"), PREVIEWS)
def test_previews_are_close_to_what_numpy_writes(value: Any, shown: str):
    assert preview(decode(pickle.dumps(value)), 200) == shown


def test_times_that_python_has_no_room_for_are_text():
    days = np.array([3_000_000, -1_000_000, -719_529], "M8[D]")
    assert to_json(decode(pickle.dumps(days))) == ["+10183-09-21", "-0768-02-04", "-0001-12-31"]
    assert to_json(decode(pickle.dumps(np.array([10**18], "M8[us]")))) == ["+33658-09-27T01:46:40"]
    assert to_json(decode(pickle.dumps(np.array([2**40], "m8[h]")))) == ["P45812984490DT16H"]


def test_a_million_numbers_take_a_moment():
    for value in (np.random.default_rng(1).random((1000, 1000)), np.arange(1_000_000)):
        decoded = decode(pickle.dumps(value.T))
        start = perf_counter()
        assert len(to_json(decoded)) == len(value.T)  # pyright: ignore[reportArgumentType]
        assert perf_counter() - start < 2  # 0.1 on a machine that does nothing else
        assert preview(decoded, 10)[-1] == "…"


def test_random_generators_stay_inert_with_their_state():
    shown: Any = to_json(decode(pickle.dumps(np.random.default_rng(1))))
    assert shown["__class__"] == "numpy.random._pickle.__generator_ctor"
    assert shown["args"][0]["state"][0]["bit_generator"] == "PCG64"


def test_other_objects_of_numpy_are_shown_with_their_state():
    assert to_json(decode(pickle.dumps(np.poly1d([1, 2])))) == {
        "__class__": "numpy.poly1d",
        "coeffs": [1, 2],
        "_variable": "x",
    }


def test_limits_hold_before_anything_is_made():
    wide = decode(pickle.dumps(np.zeros(1000, "i1")))
    with pytest.raises(TooLarge):
        to_json(wide, Limits(items=999))
    with pytest.raises(TooLarge):
        to_json(decode(pickle.dumps(np.zeros((10**9, 0)))))
    with pytest.raises(TooLarge):
        to_json(decode(pickle.dumps(np.zeros((1,) * 50))), Limits(depth=49))


def rebuilt(shape: bytes, dtype: bytes, data: bytes, fortran: bytes = b"\x89") -> bytes:
    start = b"\x80\x04cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR(K\x01"
    return start + shape + dtype + fortran + data + b"tb."


def dtype(code: bytes, state: bytes = b"(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t") -> bytes:
    return b"cnumpy\ndtype\n(\x8c" + bytes([len(code)]) + code + b"\x89\x88tR" + state + b"b"


def record(fields: list[tuple[bytes, int]], itemsize: int) -> bytes:
    names = b"(" + b"".join(b"\x8c\x01" + bytes([97 + index]) for index in range(len(fields))) + b"t"
    parts = b"".join(
        b"\x8c\x01" + bytes([97 + index]) + inner + struct.pack("<cic", b"J", offset, b"\x86")
        for index, (inner, offset) in enumerate(fields)
    )
    return dtype(
        b"V1", b"(K\x03\x8c\x01|N" + names + b"}(" + parts + struct.pack("<cci", b"u", b"J", itemsize) + b"K\x01K\x10t"
    )


def shape(*sizes: int) -> bytes:
    return b"(" + b"".join(b"\x8a\x09" + size.to_bytes(9, "little", signed=True) for size in sizes) + b"t"


EIGHT = b"C\x08" + b"\0" * 8
I8 = dtype(b"i8")
HOSTILE = {
    "negative": rebuilt(shape(-1), I8, EIGHT),
    "two negatives": rebuilt(shape(-1, -1), I8, EIGHT),
    "more than there is": rebuilt(shape(2), I8, EIGHT),
    "less than there is": rebuilt(shape(1), dtype(b"i4"), EIGHT),
    "overflowing": rebuilt(shape(2**32, 2**32), I8, EIGHT),
    "overflowing to what is there": rebuilt(shape(2**63 + 1, 2), dtype(b"i4"), EIGHT),
    "too many axes": rebuilt(shape(*[1] * 65), I8, EIGHT),
    "a shape of texts": rebuilt(b"\x8c\x01a\x85", I8, EIGHT),
    "no bytes for each": rebuilt(shape(2**60), dtype(b"V0"), b"C\x00"),
    "an int of three bytes": rebuilt(shape(1), dtype(b"i3"), b"C\x03abc"),
    "no such dtype": rebuilt(shape(1), dtype(b"zz"), EIGHT),
    "an itemsize of a thousand digits": rebuilt(shape(1), dtype(b"V" + b"9" * 200), EIGHT),
    "no dtype": rebuilt(shape(1), b"N", EIGHT),
    "no data": rebuilt(shape(1), I8, b"N"),
    "objects without a list": rebuilt(shape(1), dtype(b"O8"), EIGHT),
    "more objects than a list has": rebuilt(shape(2**40), dtype(b"O8"), b"]"),
    "a negative offset": rebuilt(shape(1), record([(I8, -8)], 8), EIGHT),
    "a field beyond its record": rebuilt(shape(1), record([(I8, 8)], 8), EIGHT),
    "overlapping fields": rebuilt(shape(1), record([(I8, 0), (I8, 0)], 8), EIGHT),
    "an absurd unit": rebuilt(shape(1), dtype(b"M8", b"(K\x04\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00N"
        b"(\x8c\x07foreverK\x01K\x01K\x01t\x86t"), EIGHT),
    "units by the billion": rebuilt(shape(1), dtype(b"M8", b"(K\x04\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00N"
        b"(\x8c\x02nsJ\x00\x00\x00\x80K\x01K\x01t\x86t"), EIGHT),
    "a dtype in itself": rebuilt(shape(1), b"cnumpy\ndtype\n(\x8c\x02V8\x89\x88tR\x94(K\x03\x8c\x01|N\x8c\x01a\x85}"
        b"\x8c\x01ah\x00K\x00\x86sK\x08K\x01K\x10tb", EIGHT),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_an_array_is_told_by_its_class(name: str):
    decoded = decode(HOSTILE[name])
    shown: Any = to_json(decoded)
    assert shown["__class__"] == "numpy.ndarray"
    assert preview(decoded, 30).startswith("ndarray(")


def test_dtypes_within_dtypes_do_not_grow_beyond_measure():
    described, size = I8 + b"\x940", 8
    for level in range(27):
        inner = b"j" + struct.pack("<I", level)
        size *= 2
        described += record([(inner, 0), (inner, size // 2)], size) + b"\x940"
    pickled = b"\x80\x04" + described + b"j" + struct.pack("<I", 27) + b"."
    start = perf_counter()
    try:
        shown = len(str(to_json(decode(pickled)))) + len(preview(decode(pickled), 100))
    except DecodingError:
        shown = 0
    assert shown < 10_000
    assert perf_counter() - start < 2


def test_cut_off_pickles_of_arrays_end_in_a_value_or_an_error():
    whole = pickle.dumps([np.zeros(2, RECORD), np.ma.array([1], mask=[True]), np.datetime64("2024")])
    for end in range(len(whole)):
        try:
            to_json(decode(whole[:end]))
        except DecodingError:
            continue
        raise AssertionError(end)
