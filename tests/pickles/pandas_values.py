"""Values of pandas, by name; what a version of pandas does not have raises when it is made."""

from __future__ import annotations

import datetime
import importlib
from decimal import Decimal
from typing import Any, Callable, Dict  # noqa: UP035  the oldest environments run Python 3.7

import numpy as np

pd: Any = importlib.import_module("pandas")
NAN = float("nan")
DAYS = ["2020-01-01", "2020-07-01 12:30:15.123456", None]
TWO_HOURS = datetime.timezone(datetime.timedelta(hours=2))


def utc_days(zone: Any) -> Any:
    return pd.to_datetime(pd.Series(DAYS), utc=True, format="mixed" if pd.__version__[0] > "1" else None).dt.tz_convert(
        zone
    )


def days(unit: str = "ns") -> Any:
    return pd.Series(np.array([18262, 18400, "NaT"], dtype="datetime64[D]").astype(f"datetime64[{unit}]"))


def mixed() -> Any:
    return pd.DataFrame(
        {"a": [1, 2, 3], "b": ["x", None, "ż☃"], "c": [1.5, NAN, float("inf")], "d": [True, False, True]}
    )


def unconsolidated() -> Any:
    frame = pd.DataFrame({"a": [1, 2]})
    for name in "bcd":
        frame[name] = [3, 4]
    frame["e"] = ["x", "y"]
    return frame


def with_attributes() -> Any:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["source"] = "a file"
    return frame


def with_duplicates() -> Any:
    frame = pd.DataFrame([[1, 2.5, "x"], [3, 4.5, "y"]])
    frame.columns = ["a", "a", "b"]
    return frame


def with_index(index: Any) -> Any:
    return pd.DataFrame({"v": np.arange(len(index))}, index=index)


def with_columns(columns: Any) -> Any:
    frame = pd.DataFrame(np.arange(2.0 * len(columns)).reshape(2, -1))
    frame.columns = columns
    return frame


def column(values: Any) -> Any:
    """Beside plain columns, such that it is a block of its own, and not the first."""
    return pd.DataFrame({"n": np.arange(len(values)), "v": values, "m": np.arange(len(values)) / 2})


def interleaved() -> Any:
    return pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": [3, 4], "d": [2.5, 3.5], "e": [5, 6]})


# Each stands in a Series, as a column of a DataFrame, and as an Index.
ARRAYS: Dict[str, Callable[[], Any]] = {  # noqa: UP006
    "int8": lambda: np.array([-128, 0, 127], dtype="int8"),
    "uint8": lambda: np.array([0, 1, 255], dtype="uint8"),
    "int32": lambda: np.array([-(2**31), 0, 2**31 - 1], dtype="int32"),
    "int64": lambda: np.array([-(2**63), 0, 2**53]),
    "uint64": lambda: np.array([0, 2**63, 2**64 - 1], dtype="uint64"),
    "float16": lambda: np.array([0.5, NAN, -2], dtype="float16"),
    "float32": lambda: np.array([0.1, NAN, -float("inf")], dtype="float32"),
    "float64": lambda: np.array([0.1, NAN, float("inf")]),
    "bool": lambda: np.array([True, False, True]),
    "complex": lambda: np.array([1 + 2j, 0, -1.5j]),
    "text": lambda: np.array(["a", None, "żółw ☃ 🐍"], dtype=object),
    "mixed": lambda: np.array([1, "a", None], dtype=object),
    "numbers": lambda: np.array([10**30, Decimal("1.50"), 2], dtype=object),
    "dates": lambda: np.array([datetime.date(2020, 1, 2), None, NAN], dtype=object),
    "nanoseconds": lambda: pd.to_datetime(pd.Series([1, 10**18, None], dtype="float64").astype(object)),
    "datetimes": days,
    "datetimes_s": lambda: days("s"),
    "datetimes_ms": lambda: days("ms"),
    "datetimes_us": lambda: days("us"),
    "utc": lambda: utc_days("UTC"),
    "berlin": lambda: utc_days("Europe/Berlin"),
    "new_york": lambda: utc_days("America/New_York"),
    "offset": lambda: utc_days(TWO_HOURS),
    "timedeltas": lambda: pd.Series(pd.to_timedelta(["1 days 02:03:04.5", "-1 days", None])),
    "timedelta_ns": lambda: pd.Series(pd.to_timedelta([1, -1, 10**15], unit="ns")),
    "timedelta_s": lambda: pd.Series(np.array([1, -1, 90061], dtype="timedelta64[s]")),
    "months": lambda: pd.PeriodIndex(["2020-01", "2020-02", None], freq="M"),
    "quarters": lambda: pd.PeriodIndex(["2020Q1", "1969Q4"], freq="Q"),
    "quarters_nov": lambda: pd.PeriodIndex(["2020Q1", "1969Q4"], freq="Q-NOV"),
    "weeks": lambda: pd.PeriodIndex(["2020-01-01", "1969-12-25"], freq="W-WED"),
    "period_days": lambda: pd.PeriodIndex(["2020-01-01", "1969-12-25"], freq="D"),
    "period_seconds": lambda: pd.PeriodIndex(["2020-01-01 10:11:12", "1969-12-25"], freq="s"),
    "intervals": lambda: pd.IntervalIndex.from_tuples([(0, 1), (1.5, 3), NAN]),
    "intervals_left": lambda: pd.IntervalIndex.from_breaks([0, 1, 2], closed="left"),
    "intervals_time": lambda: pd.IntervalIndex.from_breaks(pd.to_datetime(["2020-01-01 00:00", "2020-01-02 12:00"])),
    "categories": lambda: pd.Categorical(["b", None, "a", "b"], categories=["b", "a", "c"]),
    "ordered": lambda: pd.Categorical([3, 1, 3], categories=[3, 2, 1], ordered=True),
    "category_days": lambda: pd.Categorical(pd.to_datetime(["2020-01-02", "2020-01-01", "2020-01-02"])),
    "category_intervals": lambda: pd.cut(pd.Series([1, 5, 9]), 2),
    "Int64": lambda: pd.array([1, None, 2**60], dtype="Int64"),
    "UInt8": lambda: pd.array([1, None, 255], dtype="UInt8"),
    "Float64": lambda: pd.array([1.5, None, -2], dtype="Float64"),
    "Float32": lambda: pd.array([0.1, None, -2], dtype="Float32"),
    "boolean": lambda: pd.array([True, None, False], dtype="boolean"),
    "string": lambda: pd.array(["a", None, "ż"], dtype="string"),
    "string_python": lambda: pd.array(["a", None, "ż"], dtype=pd.StringDtype("python")),
    "str_python": lambda: pd.array(["a", None, "ż"], dtype=pd.StringDtype("python", na_value=NAN)),
    "numpy_extension": lambda: pd.array(np.array([1, 2, 3], dtype="int16"), dtype=np.dtype("int16")),
    "sparse": lambda: pd.arrays.SparseArray([0, 0, 5, 0, 7]),
    "sparse_nan": lambda: pd.arrays.SparseArray([NAN, 1.5, NAN]),
    "sparse_blocks": lambda: pd.arrays.SparseArray([0, 1, 2, 0, 0, 3], kind="block"),
}
COLUMNS_ALONE: Dict[str, Callable[[], Any]] = {  # noqa: UP006
    "lists": lambda: pd.Series([[1, [2]], {"a": None}, (NAN, "x")]),
    "timestamps": lambda: pd.Series([pd.Timestamp("2020-01-01", tz="UTC"), pd.NaT, pd.Timedelta("1D")], dtype=object),
    "na": lambda: pd.Series([pd.NA, 1, "a"], dtype=object),
    "frames": lambda: pd.Series([pd.DataFrame({"a": [1]}), None], dtype=object),
    "bytes": lambda: pd.Series([b"\x00\xff", b""], dtype=object),
}
INDEXES: Dict[str, Callable[[], Any]] = {  # noqa: UP006
    "range": lambda: pd.RangeIndex(1, 10, 3, name="r"),
    "range_down": lambda: pd.RangeIndex(3, 0, -1),
    "range_empty": lambda: pd.RangeIndex(5, 1),
    "counting": lambda: pd.Index([0, 1, 2]),
    "counting_named": lambda: pd.Index([0, 1, 2], name="i"),
    "not_counting": lambda: pd.Index([0, 1, 3]),
    "named": lambda: pd.Index(["a", "b"], name="key"),
    "named_by_number": lambda: pd.Index(["a", "b"], name=7),
    "empty": lambda: pd.Index([], dtype=object),
    "days": lambda: pd.date_range("2020-01-01", periods=3, name="day"),
    "days_in_zone": lambda: pd.date_range("2020-03-28", periods=3, tz="Europe/Berlin"),
    "month_ends": lambda: pd.date_range("2020-01-31", periods=2, freq=pd.offsets.MonthEnd()),
    "hours": lambda: pd.timedelta_range("1h", periods=2, freq=pd.offsets.Hour()),
    "levels": lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["letter", None]),
    "levels_unnamed": lambda: pd.MultiIndex.from_tuples([("a", 1.5), ("b", NAN)]),
    "levels_days": lambda: pd.MultiIndex.from_arrays([pd.to_datetime(["2020-01-01", "2020-01-02"]), ["x", "y"]]),
    "levels_category": lambda: pd.MultiIndex.from_arrays([pd.Categorical(["u", "v"]), [True, False]]),
    "tuples": lambda: pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
}
FRAMES: Dict[str, Callable[[], Any]] = {  # noqa: UP006
    "mixed": mixed,
    "interleaved": interleaved,
    "empty": lambda: pd.DataFrame(),
    "no_rows": lambda: mixed().iloc[:0],
    "no_columns": lambda: pd.DataFrame(index=[3, 4]),
    "no_columns_counting": lambda: pd.DataFrame(index=pd.RangeIndex(3)),
    "duplicates": with_duplicates,
    "unconsolidated": unconsolidated,
    "attributes": with_attributes,
    "sliced": lambda: interleaved().iloc[1:, 1:4],
    "every_other": lambda: pd.DataFrame({"a": range(5), "b": range(5)}).iloc[::2],
    "rows_first": lambda: pd.DataFrame(np.arange(6).reshape(2, 3)),
    "fortran": lambda: pd.DataFrame(np.asfortranarray(np.arange(6.0).reshape(2, 3))),
    "big_endian": lambda: pd.DataFrame(np.arange(4, dtype=">i4").reshape(2, 2)),
    "fifty_rows": lambda: pd.DataFrame({"a": np.arange(50), "b": np.arange(50) / 4}),
    "columns_none": lambda: with_columns(pd.Index(["a", None, 3], dtype=object)),
    "columns_numbers": lambda: with_columns([10, 20]),
    "columns_tuples": lambda: with_columns(pd.Index([("a", 1), ("b", 2)], tupleize_cols=False)),
    "columns_levels": lambda: with_columns(pd.MultiIndex.from_tuples([("a", 1), ("b", "x")], names=["p", "q"])),
    "columns_days": lambda: with_columns(pd.to_datetime(["2020-01-01 00:00", "2020-01-02 03:04"])),
    "columns_periods": lambda: with_columns(pd.period_range("2020-01", periods=2, freq="M")),
    "columns_floats": lambda: with_columns([0.5, 1.0]),
    "columns_categories": lambda: with_columns(pd.CategoricalIndex(["u", "v"])),
    "columns_range": lambda: with_columns(pd.RangeIndex(2, 6, 2)),
    "columns_intervals": lambda: with_columns(pd.IntervalIndex.from_breaks([0, 1, 2])),
    "day_blocks": lambda: pd.DataFrame({"a": days(), "b": days(), "c": utc_days("UTC"), "d": utc_days("UTC")}),
    "described": lambda: mixed().describe(),
    "grouped": lambda: mixed().groupby("d").agg({"a": ["sum", "mean"]}),
    "pivoted": lambda: mixed().pivot_table(index="a", columns="d", values="c"),
    "value_counts": lambda: mixed()["d"].value_counts(),
    "nested": lambda: pd.DataFrame({"f": [pd.DataFrame({"a": [1]}), pd.Series([1], name="s")]}),
}
SCALARS: Dict[str, Callable[[], Any]] = {  # noqa: UP006
    "timestamp": lambda: pd.Timestamp("2020-01-02 03:04:05.678"),
    "timestamp_zone": lambda: pd.Timestamp("2020-07-02 03:04:05", tz="Europe/Berlin"),
    "timestamp_offset": lambda: pd.Timestamp("2020-07-02 03:04:05", tz=TWO_HOURS),
    "timestamp_ns": lambda: pd.Timestamp(1577934245000000001),
    "timestamp_ns_utc": lambda: pd.Timestamp(1577934245000000001, tz="UTC"),
    "timestamp_old": lambda: pd.Timestamp("1700-01-01"),
    "timedelta": lambda: pd.Timedelta("1 days 02:03:04.5"),
    "timedelta_ns": lambda: pd.Timedelta(-1, unit="ns"),
    "nat": lambda: pd.NaT,
    "na": lambda: pd.NA,
    "period": lambda: pd.Period("2020-02", freq="M"),
    "period_two_months": lambda: pd.Period("2020-02", freq="2M"),
    "period_year": lambda: pd.Period(year=2020, freq=pd.offsets.YearEnd()),
    "period_hour": lambda: pd.Period("2020-02-03 04", freq=pd.offsets.Hour()),
    "period_ms": lambda: pd.Period("2020-02-03 04:05:06.789", freq=pd.offsets.Milli()),
    "period_ns": lambda: pd.Period("2020-02-03 04:05:06.789", freq=pd.offsets.Nano()),
    "interval": lambda: pd.Interval(0, 1.5, closed="both"),
    "interval_time": lambda: pd.Interval(pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02 12:00:00.5")),
    "interval_span": lambda: pd.Interval(pd.Timedelta("1D"), pd.Timedelta("2D"), closed="neither"),
    "month_ends": lambda: pd.offsets.MonthEnd(2),
    "days": lambda: pd.offsets.Day(3),
    "business_days": lambda: pd.offsets.BDay(normalize=True),
    "weeks": lambda: pd.offsets.Week(weekday=2),
    "business_hours": lambda: pd.offsets.BusinessHour(),
    "dtype_categories": lambda: pd.CategoricalDtype(["a", "b"], ordered=True),
    "dtype_periods": lambda: pd.PeriodDtype("M"),
    "dtype_text": lambda: pd.StringDtype("python"),
    "dtype_Int64": lambda: pd.Int64Dtype(),
    "scalars": lambda: [pd.Timestamp("2020-01-01"), {"a": pd.NaT, "b": pd.NA}, (pd.Period("2020", freq="D"),)],
    "keys": lambda: {pd.Timestamp("2020-01-01 12:00"): 1, pd.Period("2020-01", freq="M"): 2, pd.Interval(0, 1): 3},
    "frames": lambda: {"train": mixed(), "names": pd.Index(["a"]), "s": [pd.Series([1.5], index=["x"], name="y")]},
}


def values() -> Dict[str, Callable[[], Any]]:  # noqa: UP006
    """Every one of them."""
    made = {f"frame_{name}": make for name, make in FRAMES.items()}
    made.update({f"scalar_{name}": make for name, make in SCALARS.items()})
    made.update({f"index_{name}": make for name, make in INDEXES.items()})
    made.update({f"indexed_{name}": lambda make=make: with_index(make()) for name, make in INDEXES.items()})
    made["series_unnamed"] = lambda: pd.Series([1, 2])
    made["series_indexed"] = lambda: pd.Series([1.5, 2], index=["x", "y"], name=("a", 1))
    made["series_levels"] = lambda: pd.Series(range(4), index=INDEXES["levels"](), name="v")
    made["series_sliced"] = lambda: pd.Series(range(5))[1:3]
    made["series_strided"] = lambda: pd.Series(range(5))[::2]
    for name, make in {**ARRAYS, **COLUMNS_ALONE}.items():
        made[f"column_{name}"] = lambda make=make: column(make())
        made[f"series_{name}"] = lambda make=make, name=name: pd.Series(make(), name=name)
    for name, make in ARRAYS.items():
        made[f"index_of_{name}"] = lambda make=make: pd.Index(make())
        made[f"array_{name}"] = lambda make=make: pd.Series(make()).array
    return made
