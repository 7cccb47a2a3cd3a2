"""Lines of logs as they are stored, against Metaflow's own parser."""

import importlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metaflow_graphql.providers import mflog

_METAFLOW: Any = importlib.import_module("metaflow.mflog.mflog")  # it has no types


def metaflows(line: bytes) -> tuple[str | None, bytes]:
    found = _METAFLOW.parse(line)
    return (found.utc_tstamp.isoformat(timespec="microseconds"), found.msg) if found else (None, line)


PARSED = {
    b"[MFLOG|0|2026-11-23T22:28:15.504277Z|runtime|id]text": ("2026-11-23T22:28:15.504277", b"text"),
    b"[![MFLOG|0|2026-11-23T22:28:15.504277Z|task|id]a]b\r": ("2026-11-23T22:28:15.504277", b"a]b\r"),
    b"[MFLOG|0|2026-11-23T22:28:15.5Z|task|1795471882414000000]": ("2026-11-23T22:28:15.500000", b""),
    b"[MFLOG|0|2026-1-2T3:4:5.5Z|task|id]x": ("2026-01-02T03:04:05.500000", b"x"),
    b"[MFLOG|0|2026-11-23T22:28:15Z|task|id]no fraction": None,
    b"[MFLOG|0|2026-13-23T22:28:15.504277Z|task|id]no month": None,
    b"[MFLOG|1|2026-11-23T22:28:15.504277Z|task|id]version": None,
    b"[MFLOG|0|2026-11-23T22:28:15.504277Z|task|no end": None,
    b"[MFLOG|0|2026-11-23T22:28:15.504277Z||]x": None,
    b"[MFLOG|0|\xff\xffZ|task|id]x": None,
    b" [MFLOG|0|2026-11-23T22:28:15.504277Z|task|id]x": None,
    b"": None,
}


@pytest.mark.parametrize("written", PARSED)
def test_a_line_is_what_metaflow_takes_it_for(written: bytes) -> None:
    assert mflog.parsed(written) == metaflows(written) == (PARSED[written] or (None, written))


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from([b"[MFLOG|0|", b"[!", b"2026-11-23T22:28:15.504277", b"Z", b"|", b"]", b"a"])).map(
        b"".join
    )
)
def test_any_line_is_what_metaflow_takes_it_for(written: bytes) -> None:
    assert mflog.parsed(written) == metaflows(written)


def test_a_line_that_would_take_a_regular_expression_hours_takes_no_time() -> None:
    written = b"[MFLOG|0|" + b"Z|" * 500_000
    assert mflog.parsed(written) == (None, written)
