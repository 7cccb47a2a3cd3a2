"""Values of polars, by name."""

from __future__ import annotations

import datetime
import importlib
from collections.abc import Callable
from typing import Any

pl: Any = importlib.import_module("polars")
VIEWS = "polars_view"
DAY = datetime.datetime(2020, 1, 2, 3, 4, 5)  # noqa: DTZ001


def frame() -> Any:
    return pl.DataFrame({"n": [1, None, 3], "s": ["a", None, "longer than twelve bytes"], "f": [0.5, None, -1.0]})


def values() -> dict[str, Callable[[], Any]]:
    return {
        "polars_frame": frame,
        "polars_frame_empty": lambda: frame().head(0),
        "polars_frame_lists": lambda: pl.DataFrame({"l": [[1, 2], None, []], "d": [{"a": 1}, {"a": 2}, None]}),
        "polars_frame_times": lambda: pl.DataFrame({"d": [DAY.date(), None], "t": [DAY, None], "b": [True, None]}),
        "polars_frame_categories": lambda: pl.DataFrame({"c": pl.Series(["u", None, "v"], dtype=pl.Categorical)}),
        "polars_series": lambda: pl.Series("s", [1, 2, None]),
        "polars_lazy": lambda: frame().lazy(),
    }
