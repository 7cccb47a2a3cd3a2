"""Values of polars, by name."""

from __future__ import annotations

import datetime
import importlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

pl: Any = importlib.import_module("polars")
VIEWS = "polars_view"
DAY = datetime.datetime(2020, 1, 2, 3, 4, 5, 678)  # noqa: DTZ001
SUMMER = datetime.datetime(2020, 7, 2, 3, 4, 5)  # noqa: DTZ001
SPAN = datetime.timedelta(1, 2, 3)
OBJECTS = [{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}]


@dataclass(frozen=True)
class Streamed:
    """A frame that is pickled with another stream than polars writes in pickles, which it reads as well."""

    frame: Any
    options: dict[str, Any]

    def __reduce_ex__(self, _: object) -> Any:
        written = io.BytesIO()
        self.frame.write_ipc_stream(written, **self.options)
        return pl.DataFrame, (), written.getvalue()


def series(kind: str, values: list[Any]) -> Callable[[], Any]:
    """Of a type that this version may not have."""
    return lambda: pl.Series("v", values, getattr(pl, kind))


def frame() -> Any:
    return pl.DataFrame({"n": [1, None, 3], "s": ["a", None, "longer than twelve bytes"], "f": [0.5, None, -1.0]})


def long_frame() -> Any:
    many = range(400)
    texts = [None if n % 7 == 0 else f"number {n}" if n % 2 else f"{n}, a text longer than twelve bytes" for n in many]
    return pl.DataFrame({"n": many, "s": texts, "b": [n % 3 == 0 for n in many]})


def large_frame() -> Any:
    """Of which no more than the first rows are kept where it is read as it comes."""
    numbers = range(2400)
    return pl.DataFrame(
        {
            "text": [None if number % 7 == 3 else f"a text that is longer, {number}" for number in numbers],
            "number": [None if number % 5 == 1 else number for number in numbers],
            "half": [number / 2 for number in numbers],
            "even": [number % 2 == 0 for number in numbers],
            "kind": pl.Series(["new", None, "paid"] * 800, dtype=pl.Categorical),
            "parts": [[number, number + 1] for number in numbers],
            "inner": [{"a": number, "b": str(number)} for number in numbers],
            "when": [DAY + datetime.timedelta(number) for number in numbers],
        }
    )


def nested_frame() -> Any:
    times = {"t": pl.Series([[DAY], None]), "d": [{"day": DAY.date(), "l": [{"x": SPAN}]}, None]}
    return pl.DataFrame({**times, "c": pl.Series([["u", "v"], ["u"]], dtype=pl.List(pl.Categorical))})


def parted(*parts: Any) -> Any:
    return pl.concat(list(parts), rechunk=False)


def categories(*texts: Any) -> Any:
    return pl.DataFrame({"c": pl.Series(list(texts), dtype=pl.Categorical)})


NUMBERS = ("Int8", "Int16", "Int32", "Int64", "Int128", "UInt8", "UInt16", "UInt32", "UInt64", "UInt128")
SERIES: dict[str, Callable[[], Any]] = {
    **{kind: series(kind, [1, None, 100]) for kind in NUMBERS},
    **{f"{kind}_least": series(kind, [-(2 ** (bits - 1))]) for kind, bits in (("Int8", 8), ("Int64", 64))},
    "Int128_least": series("Int128", [-(2**127), 2**127 - 1]),
    "UInt64_most": series("UInt64", [2**64 - 1, 2**53 - 1]),
    **{kind: series(kind, [0.5, None, float("nan"), float("inf")]) for kind in ("Float16", "Float32", "Float64")},
    "bool": lambda: pl.Series("v", [True, None, False] * 5),
    "bool_sliced": lambda: pl.Series("v", [True, None, False] * 20).slice(3, 11),
    "text": lambda: pl.Series("v", ["a", None, "żółw ☃", "", "exactly 12 b", "longer than twelve bytes"]),
    "text_sliced": lambda: pl.Series("v", ["longer than twelve bytes", None, "b"] * 20).slice(2, 11),
    "binary": lambda: pl.Series("v", [b"\x00\xff", None, b"longer than twelve bytes"]),
    "null": lambda: pl.Series("v", [None, None]),
    "date": lambda: pl.Series("v", [DAY.date(), None, datetime.date(1, 1, 1), datetime.date(9999, 12, 31)]),
    "datetime": lambda: pl.Series("v", [DAY, None]),
    **{f"datetime_{unit}": lambda unit=unit: pl.Series("v", [DAY, None], pl.Datetime(unit)) for unit in ("ms", "ns")},
    "datetime_finer": lambda: pl.Series("v", [1, None]).cast(pl.Datetime("ns")),
    "datetime_utc": lambda: pl.Series("v", [DAY, None], pl.Datetime("us", "UTC")),
    "datetime_zone": lambda: pl.Series("v", [DAY, None, SUMMER]).dt.replace_time_zone("Europe/Berlin"),
    "duration": lambda: pl.Series("v", [SPAN, None, -SPAN]),
    "duration_ms": lambda: pl.Series("v", [SPAN, None], pl.Duration("ms")),
    "duration_finer": lambda: pl.Series("v", [1, None]).cast(pl.Duration("ns")),
    "time": lambda: pl.Series("v", [DAY.time(), None, datetime.time()]),
    "time_finer": lambda: pl.Series("v", [1, None]).cast(pl.Time),
    "decimal": lambda: pl.Series("v", [Decimal("1.50"), None, Decimal("-2.25")], pl.Decimal(10, 2)),
    "decimal_long": lambda: pl.Series("v", [Decimal("123456789012345678901234567890.12345678")]),
    "categorical": lambda: pl.Series("v", ["u", None, "v", "u"], pl.Categorical),
    "categorical_lexical": lambda: pl.Series("v", ["u", None, "v", "u"], pl.Categorical("lexical")),
    "categorical_named": lambda: pl.Series("v", ["u", None], pl.Categorical(pl.Categories("a", "b", pl.UInt8))),
    "enum": lambda: pl.Series("v", ["a", None, "it's"], pl.Enum(["b", "a", "it's", "ż"])),
    "enum_of_many": lambda: pl.Series("v", ["7", None], pl.Enum([str(n) for n in range(300)])),
    "list": lambda: pl.Series("v", [[1, None], None, [], [2, 3]]),
    "list_sliced": lambda: pl.Series("v", [[1, None], None, [], [2, 3]]).slice(2, 2),
    "list_of_lists": lambda: pl.Series("v", [[["a"], None], None, [[], ["b", "c"]]]),
    "list_of_objects": lambda: pl.Series("v", [OBJECTS, None, []]),
    "array": lambda: pl.Series("v", [[1, 2], None, [3, None]], pl.Array(pl.Int64, 2)),
    "array_of_arrays": lambda: pl.Series("v", [[[1, 2], [3, 4], [5, 6]]], pl.Array(pl.Array(pl.Int64, 2), 3)),
    "struct": lambda: pl.Series("v", OBJECTS),
    "struct_of_struct": lambda: pl.Series("v", [{"a": {"b": [{"c": DAY}]}}, None]),
    "nameless": lambda: pl.Series([1, 2]),
    "odd_name": lambda: pl.Series("it's \"\n", [1]),
    "empty": lambda: pl.Series("v", [], pl.Float64),
    "empty_texts": lambda: pl.Series("v", [], pl.String),
    "chunked": lambda: pl.concat([pl.Series("v", [1, 2]), pl.Series("v", [None, 3])], rechunk=False),
}
FRAMES: dict[str, Callable[[], Any]] = {
    "": frame,
    "empty": lambda: frame().head(0),
    "nothing": pl.DataFrame,
    "rows_alone": lambda: pl.DataFrame(height=3),
    "lists": lambda: pl.DataFrame({"l": [[1, 2], None, []], "d": [{"a": 1}, {"a": 2}, None]}),
    "times": lambda: pl.DataFrame({"d": [DAY.date(), None], "t": [DAY, None], "b": [True, None]}),
    "categories": lambda: categories("u", None, "v"),
    "nested": nested_frame,
    "long": long_frame,
    "wide": lambda: pl.DataFrame({f"column {n}": [n, None] for n in range(100)}),
    "parts": lambda: parted(frame(), frame().head(0), frame().tail(2)),
    "parts_of_categories": lambda: parted(categories("u", "v"), categories("w", None, "u")),
    "stream": lambda: Streamed(long_frame(), {"compat_level": pl.CompatLevel.oldest()}),
    "stream_parts": lambda: Streamed(parted(frame(), frame().tail(2), frame()), {}),
    **{f"stream_{how}": lambda how=how: Streamed(long_frame(), {"compression": how}) for how in ("lz4", "zstd")},
}


def values() -> dict[str, Callable[[], Any]]:
    """Every one of them."""
    return {
        **{f"polars_{name}": make for name, make in SERIES.items()},
        **{f"polars_frame_{name}".rstrip("_"): make for name, make in FRAMES.items()},
        "polars_series_of_series": lambda: {"a": pl.Series("s", [1, 2, None]), "b": [frame(), frame()]},
        "polars_lazy": lambda: frame().lazy(),
        "polars_large": lambda: parted(large_frame().head(5), large_frame()),
    }
