"""Writes <environment>.jsonl.xz: pickles made by other versions and libraries, with the views expected of them.

Run by the Python of that environment: see README.md.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import lzma
import pickle
import platform
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
# Metaflow writes protocol 4; every so manieth value is also written at these.
OTHER_PROTOCOLS = {2: 5, 5: 7}
LIBRARIES = ("numpy", "pandas", "pyarrow", "polars", "torch", "scipy", "sklearn", "lightgbm")


def written(name: str, value: Any, protocol: int, views: Any) -> str:
    line = {
        "name": name,
        "protocol": protocol,
        "type": views.type_name(value),
        "table": views.table_view(value),
        "data": views.json_view(value),
        "pickle": pickle.dumps(value, protocol).decode("latin-1"),
    }
    return json.dumps(line, allow_nan=False, ensure_ascii=False)


def lines(values: dict[str, Callable[[], Any]], views: Any) -> list[str]:
    made: list[str] = []
    for name, make in values.items():
        try:
            value = make()
        except Exception as error:  # what this version does not have
            print(f"left out: {name}: {type(error).__name__}: {str(error)[:100]}")
            continue
        made.append(written(name, value, 4, views))
        for protocol, each in OTHER_PROTOCOLS.items():
            if len(made) % each == 0 and protocol <= pickle.HIGHEST_PROTOCOL:
                made.append(written(name, value, protocol, views))
    return made


def versions() -> str:
    found: dict[str, str] = {"python": platform.python_version()}
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):
            found[library] = importlib.import_module(library).__version__
    return json.dumps({"versions": found})


def main(environment: str, *modules: str) -> None:
    warnings.simplefilter("ignore")
    made = [versions()]
    for module in modules:
        of = importlib.import_module(module)
        views = importlib.import_module(getattr(of, "VIEWS", "pandas_view"))
        made += lines(of.values(), views)
    (HERE / f"{environment}.jsonl.xz").write_bytes(lzma.compress("\n".join(made).encode()))
    print(f"{environment}: {len(made) - 1} pickles")


if __name__ == "__main__":
    main(*sys.argv[1:])
