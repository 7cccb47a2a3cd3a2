"""Values of pyarrow, and of pandas on it, by name."""

from __future__ import annotations

import datetime
import importlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

pa: Any = importlib.import_module("pyarrow")
pd: Any = importlib.import_module("pandas")
VIEWS = "arrow_view"
DAY = datetime.datetime(2020, 1, 2, 3, 4, 5, 678)  # noqa: DTZ001
ARRAYS: dict[str, Callable[[], Any]] = {
    **{
        kind: lambda kind=kind: pa.array([1, None, 3], getattr(pa, kind)())
        for kind in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
    },
    "bool": lambda: pa.array([True, None, False] * 5),
    "null": lambda: pa.array([None, None]),
    "string": lambda: pa.array(["a", None, "żółw ☃", ""]),
    "large_string": lambda: pa.array(["a", None, ""], pa.large_string()),
    "string_view": lambda: pa.array(["a", None, "longer than twelve bytes", ""], pa.string_view()),
    "binary": lambda: pa.array([b"\x00\xff", None]),
    "fixed_binary": lambda: pa.array([b"ab", None], pa.binary(2)),
    "timestamp": lambda: pa.array([DAY, None], pa.timestamp("us")),
    "timestamp_zone": lambda: pa.array([DAY, None], pa.timestamp("ms", "Europe/Berlin")),
    "timestamp_ns": lambda: pa.array([DAY, None], pa.timestamp("ns", "UTC")),
    "date": lambda: pa.array([DAY.date(), None]),
    "date64": lambda: pa.array([DAY.date(), None], pa.date64()),
    "time": lambda: pa.array([DAY.time(), None]),
    "duration": lambda: pa.array([datetime.timedelta(1, 2, 3), None]),
    "decimal": lambda: pa.array([Decimal("1.50"), None, Decimal("-2.25")]),
    "dictionary": lambda: pa.array(["a", None, "b", "a"]).dictionary_encode(),
    "list": lambda: pa.array([[1, None], None, [], [2, 3]]),
    "list_of_lists": lambda: pa.array([[["a"], None], None, [[], ["b", "c"]]]),
    "fixed_list": lambda: pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2)),
    "struct": lambda: pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}]),
    "sliced": lambda: pa.array(["a", "b", None, "d"]).slice(1, 2),
    "sliced_bool": lambda: pa.array([True, False, None, True] * 5).slice(3, 9),
    "sliced_list": lambda: pa.array([[1], [2, 3], None, [4]]).slice(1, 3),
    "chunked": lambda: pa.chunked_array([[1, 2], [], [None, 3]]),
    "chunked_empty": lambda: pa.chunked_array([], pa.int64()),
}


def table() -> Any:
    return pa.table({"n": [1, 2, None], "s": ["a", None, "b"], "l": [[1], None, []], "d": [{"q": 1}, None, {"q": 2}]})


def long_table() -> Any:
    """Each of its buffers, but for that of the flags, takes more than 64 KiB."""
    many = range(20_000)
    return pa.table(
        {"s": [f"{n % 100:06}" for n in many], "n": [n % 100 for n in many], "b": [n % 3 == 0 for n in many]}
    )


def values() -> dict[str, Callable[[], Any]]:
    """Every one of them."""
    made = {f"arrow_{name}": make for name, make in ARRAYS.items()}
    made["arrow_table"] = table
    made["arrow_table_sliced"] = lambda: table().slice(1, 2)
    made["arrow_table_empty"] = lambda: table().slice(0, 0)
    made["arrow_table_chunks"] = lambda: pa.concat_tables([table(), table()])
    made["arrow_long"] = long_table
    made["pandas_long"] = lambda: long_table().to_pandas()
    made["arrow_batch"] = lambda: pa.record_batch({"n": [1, 2]})
    for kind in ("int64", "bool", "string", "timestamp[us]", "double"):
        made[f"pandas_{kind}"] = lambda kind=kind: pd.DataFrame({"v": pd.array([None, None], dtype=f"{kind}[pyarrow]")})
    made["pandas_arrow"] = lambda: table().to_pandas(types_mapper=pd.ArrowDtype)
    made["pandas_categories"] = lambda: table().to_pandas()
    return made
