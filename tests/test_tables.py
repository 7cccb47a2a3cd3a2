"""DataArtifact.table: the first rows of what is a table, however large it is."""

import gzip
import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Limiting
from gateways import Gateway
from in_process import errors_of, opened
from metaflow_graphql import decoding
from metaflow_graphql.server import limits as server_limits
from running import Runs

TABLE = """query($pathspec: String!, $first: Int) {
  artifact(pathspec: $pathspec) { data table(first: $first) { columns { name type } rows rowCount } }
}"""
ONLY_TABLE = TABLE.replace("data table", "table")


def put(runs: Runs, name: str, value: object) -> Path:
    """Give an artifact of a linear run another value; where its bytes are then stored."""
    record = next(runs.datastore.glob(f"{runs['linear'].pathspec}/middle/2/_meta/0_artifact_{name}.json"))
    pickled = pickle.dumps(value, protocol=4)
    sha = hashlib.sha1(pickled).hexdigest()
    old = hashlib.sha1(pickle.dumps(list(range(10)), protocol=4)).hexdigest()
    record.write_text(record.read_text().replace(old, sha))
    stored = runs.datastore / "LinearFlow" / "data" / sha[:2] / sha
    stored.parent.mkdir(exist_ok=True)
    stored.write_bytes(gzip.compress(pickled, 1))
    Path(f"{stored}_meta").write_text('{"cas_raw": false, "cas_version": 1}')
    return stored


def table_of(gateway: Gateway, runs: Runs, scenario: str, below: str, **variables: Any) -> Any:
    return gateway.data(TABLE, pathspec=f"{runs[scenario].pathspec}/{below}", **variables)["artifact"]["table"]


def test_an_array_is_a_table(gateway: Gateway, runs: Runs) -> None:
    assert table_of(gateway, runs, "arrays", "only/1/matrix") == {
        "columns": [{"name": str(number), "type": "float64"} for number in range(3)],
        "rows": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
        "rowCount": 2,
    }
    assert table_of(gateway, runs, "arrays", "only/1/ints", first=2) == {
        "columns": [{"name": "value", "type": "int64"}],
        "rows": [[0], [1]],
        "rowCount": 6,
    }
    assert table_of(gateway, runs, "arrays", "only/1/structured", first=1) == {
        "columns": [{"name": "n", "type": "int32"}, {"name": "s", "type": "str32"}, {"name": "f", "type": "float64"}],
        "rows": [[1, "a", 0.5]],
        "rowCount": 2,
    }


def test_what_is_no_table_has_none(gateway: Gateway, runs: Runs) -> None:
    assert table_of(gateway, runs, "linear", "middle/2/message") is None
    assert table_of(gateway, runs, "linear", "middle/2/x") is None
    assert table_of(gateway, runs, "parameters", "start/1/notes") is None


@pytest.mark.parametrize(("first", "code"), [(-1, "BAD_USER_INPUT"), (1001, "LIMIT_EXCEEDED")])
def test_no_number_of_rows_but_those_that_are_given(gateway: Gateway, runs: Runs, first: int, code: str) -> None:
    asked = {"pathspec": f"{runs['arrays'].pathspec}/only/1/matrix", "first": first}
    assert errors_of(gateway.answer(TABLE, variables=asked)) == [(code, ["artifact", "table"])]


def test_null_asks_for_as_many_rows_as_nothing(gateway: Gateway, runs: Runs) -> None:
    assert table_of(gateway, runs, "arrays", "only/1/ints", first=None)["rowCount"] == 6
    assert table_of(gateway, runs, "arrays", "only/1/ints", first=0)["rows"] == []


def test_the_rows_of_what_is_too_large_for_data(runs: Runs, tmp_path: Path) -> None:
    copied = runs.copy(tmp_path, "LinearFlow")
    numbers = np.random.default_rng(7).random((50_000, 4))
    put(copied, "numbers", numbers)
    limits = decoding.Limits(bytes=100_000)
    with opened(tmp_path, limits=limits) as gateway:
        asked = {"pathspec": f"{runs['linear'].pathspec}/middle/2/numbers", "first": 3}
        answer = gateway.answer(TABLE, variables=asked)
        assert errors_of(answer) == [("ARTIFACT_TOO_LARGE", ["artifact", "data"])]
        assert answer["data"]["artifact"]["table"] == {
            "columns": [{"name": str(number), "type": "float64"} for number in range(4)],
            "rows": numbers[:3].tolist(),
            "rowCount": 50_000,
        }


def test_a_large_table_is_read_once_for_all_who_ask(runs: Runs, tmp_path: Path) -> None:
    copied = runs.copy(tmp_path, "LinearFlow")
    numbers = np.random.default_rng(7).random((50_000, 2))
    stored = put(copied, "numbers", numbers)
    asked = """query($pathspec: String!) {
      artifact(pathspec: $pathspec) { two: table(first: 2) { rows } one: table(first: 1) { rows rowCount } }
    }"""
    shown = {"two": {"rows": numbers[:2].tolist()}, "one": {"rows": numbers[:1].tolist(), "rowCount": 50_000}}
    with opened(tmp_path, limits=decoding.Limits(bytes=100_000)) as gateway:
        pathspec = f"{runs['linear'].pathspec}/middle/2/numbers"
        assert gateway.data(asked, pathspec=pathspec)["artifact"] == shown
        stored.unlink()
        assert gateway.data(asked, pathspec=pathspec)["artifact"] == shown


def test_rows_of_what_is_too_large_count_as_values_of_the_answer(runs: Runs, tmp_path: Path, limit: Limiting) -> None:
    copied = runs.copy(tmp_path, "LinearFlow")
    put(copied, "numbers", np.random.default_rng(7).random((50_000, 2)))
    limit(server_limits.VALUES_BYTES, 0)
    with opened(tmp_path, limits=decoding.Limits(bytes=100_000)) as gateway:
        asked = {"pathspec": f"{runs['linear'].pathspec}/middle/2/numbers"}
        assert errors_of(gateway.answer(ONLY_TABLE, variables=asked)) == [("LIMIT_EXCEEDED", ["artifact", "table"])]


def test_the_rows_of_what_takes_too_many_steps(runs: Runs, tmp_path: Path) -> None:
    copied = runs.copy(tmp_path, "LinearFlow")
    put(copied, "numbers", np.array([[f"text {number}", None] for number in range(200_000)], dtype=object))
    asked = """query($pathspec: String!) { artifact(pathspec: $pathspec) {
      data preview(length: 9) two: table(first: 2) { rows } one: table(first: 1) { rows rowCount }
    } }"""
    with opened(tmp_path, limits=decoding.Limits(bytes=2_000_000, opcodes=300_000)) as gateway:
        answer = gateway.answer(asked, variables={"pathspec": f"{runs['linear'].pathspec}/middle/2/numbers"})
        assert errors_of(answer) == [("ARTIFACT_TOO_LARGE", ["artifact", "data"])]
        assert {form: answer["data"]["artifact"][form] for form in ("two", "one")} == {
            "two": {"rows": [["text 0", None], ["text 1", None]]},
            "one": {"rows": [["text 0", None]], "rowCount": 200_000},
        }


def test_the_rows_of_a_long_list_of_dicts(runs: Runs, tmp_path: Path) -> None:
    copied = runs.copy(tmp_path, "LinearFlow")
    put(copied, "numbers", [{"text": str(number), "half": number / 2} for number in range(20_000)])
    asked = """query($pathspec: String!) { artifact(pathspec: $pathspec) {
      data table(first: 2) { columns { name } rows rowCount }
    } }"""
    with opened(tmp_path, limits=decoding.Limits(bytes=200_000)) as gateway:
        answer = gateway.answer(asked, variables={"pathspec": f"{runs['linear'].pathspec}/middle/2/numbers"})
        assert errors_of(answer) == [("ARTIFACT_TOO_LARGE", ["artifact", "data"])]
        assert answer["data"]["artifact"]["table"] == {
            "columns": [{"name": "text"}, {"name": "half"}],
            "rows": [["0", 0.0], ["1", 0.5]],
            "rowCount": 20_000,
        }


def test_what_can_be_neither_held_nor_skipped_is_too_large(runs: Runs, tmp_path: Path) -> None:
    copied = runs.copy(tmp_path, "LinearFlow")
    put(copied, "numbers", {"rows": [{"text": str(number)} for number in range(20_000)]})
    with opened(tmp_path, limits=decoding.Limits(bytes=100_000)) as gateway:
        asked = {"pathspec": f"{runs['linear'].pathspec}/middle/2/numbers"}
        assert errors_of(gateway.answer(ONLY_TABLE, variables=asked)) == [("ARTIFACT_TOO_LARGE", ["artifact", "table"])]


def test_damage_that_a_large_table_meets_is_told(runs: Runs, tmp_path: Path) -> None:
    copied = runs.copy(tmp_path, "LinearFlow")
    stored = put(copied, "numbers", np.random.default_rng(7).random((50_000, 4)))
    stored.write_bytes(stored.read_bytes()[:-100_000])
    with opened(tmp_path, limits=decoding.Limits(bytes=100_000)) as gateway:
        asked = {"pathspec": f"{runs['linear'].pathspec}/middle/2/numbers"}
        assert errors_of(gateway.answer(ONLY_TABLE, variables=asked)) == [
            ("ARTIFACT_UNREADABLE", ["artifact", "table"])
        ]
