"""Which files a log consists of: those of before mflog, those elsewhere, and those that are damaged."""

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from in_process import errors_of
from made_logs import TASK, Made, line, made_in


@pytest.fixture
def made(tmp_path: Path) -> Generator[Made]:
    with made_in(tmp_path) as task:
        yield task


# Logs as they were before mflog


def put_legacy(made: Made, location: str, attempt: int = 0) -> None:
    for stream in ("stdout", "stderr"):
        found = {"ds_type": "local", "location": f"{location}/{attempt}.{stream}.log", "attempt": attempt}
        made.event(f"log_location_{stream}", json.dumps(found), attempt)


def test_a_log_without_times_is_told_in_the_order_of_its_files(made: Made) -> None:
    made.starts()
    put_legacy(made, f"/elsewhere/.metaflow/{TASK}")
    made.log("0.stdout.log", b"one\n", line(1, "is text here"), b"three")
    made.log("0.stderr.log", b"four\n")
    out = f"one\n{line(1, 'is text here').decode()}three\n"
    assert made.asked("stdout stdoutSize stderr") == {"stdout": out, "stdoutSize": len(out) - 1, "stderr": "four\n"}
    for arguments in ("first: 10", "last: 10"):
        nodes = made.page(arguments)["nodes"]
        assert [(node["number"], node["timestamp"]) for node in nodes] == [(1, None), (2, None), (3, None), (1, None)]
        assert [node["text"] for node in nodes] == [*out.split("\n")[:-1], "four"]


def test_of_a_location_only_the_root_and_the_attempt_count(made: Made) -> None:
    made.starts(0)
    made.starts(1)
    put_legacy(made, "/elsewhere/../../etc/Other/2/x/y", attempt=1)
    made.log("1.stdout.log", b"of attempt 1\n")
    assert made.asked("stdout") == {"stdout": "of attempt 1\n"}


@pytest.mark.parametrize("location", ["{}", "[", '{"location": "x", "attempt": 0}', '{"location": 1}', "null"])
def test_a_location_that_can_not_be_read_costs_its_stream(made: Made, location: str) -> None:
    made.starts()
    made.event("log_location_stdout", location)
    made.log("0.runtime_stderr.log", line(1, "err"))
    ((code, message),) = made.errors("stdout stderr")
    assert (code, TASK in message) == ("CORRUPT_METADATA", True)
    assert made.asked("stderr") == {"stderr": "err\n"}


# Damage


ALL = "stdout stdoutSize stderr loglines { nodes { text } } out: loglines(stream: STDOUT) { nodes { text } }"


@pytest.mark.parametrize("how", ["folder", "link out", "link to nowhere", "pipe"])
def test_what_is_no_file_of_the_tree_is_no_log(made: Made, how: str) -> None:
    made.starts()
    made.log("0.runtime_stderr.log", line(1, "err"))
    (made.root / "outside").write_bytes(line(1, "secret"))
    log = made.task / "0.runtime_stdout.log"
    match how:
        case "folder":
            log.mkdir()
        case "pipe":
            os.mkfifo(log)
        case _:
            log.symlink_to(made.root / "outside" if how == "link out" else "/nowhere")
    lines, nothing = {"nodes": [{"text": "err"}]}, {"nodes": list[str]()}
    found = {"stdout": "", "stdoutSize": 0, "stderr": "err\n", "loglines": lines, "out": nothing}
    assert made.asked(ALL) == found


def test_a_file_that_can_not_be_read_is_left_out_of_the_lines_and_costs_its_own_fields(made: Made) -> None:
    made.starts()
    made.log("0.runtime_stderr.log", line(1, "err"))
    location = {"location": f"s3://bucket/metaflow/{TASK}/0.stdout.log", "attempt": 0}
    made.event("log_location_stdout", json.dumps(location))
    answer = made.gateway.answer(f'{{ task(pathspec: "{TASK}") {{ {ALL} }} }}')
    paths = ["loglines", "out", "stdout", "stdoutSize"]
    assert errors_of(answer) == [("ARTIFACT_UNREADABLE", ["task", path]) for path in paths]
    lines = {"nodes": [{"text": "err"}]}
    found = {"stdout": None, "stdoutSize": None, "stderr": "err\n", "loglines": lines, "out": None}
    assert answer["data"]["task"] == found
    assert [TASK in error["message"] for error in answer["errors"]] == [True] * 4


def test_a_log_in_another_kind_of_datastore_is_not_looked_for_here(made: Made) -> None:
    made.starts()
    made.event("ds-root", "s3://bucket/metaflow")
    made.log("0.runtime_stdout.log", line(1, "not this"))
    codes = [code for code, _ in made.errors("stdout stderrSize loglines { nodes { text } }")]
    assert codes == ["ARTIFACT_UNREADABLE"] * 3


def test_damaged_metadata_cost_the_log(made: Made) -> None:
    made.starts()
    made.log("0.runtime_stdout.log", line(1, "a"))
    (root,) = (made.task / "_meta").glob("sysmeta_ds-root_*")
    root.write_text("{")
    assert [code for code, _ in made.errors("stdout taskId")] == ["CORRUPT_METADATA"]


@pytest.mark.parametrize("attempt", ["../../x", "-1", "999999999999", "٣"])
def test_an_attempt_that_is_no_number_leads_nowhere(made: Made, attempt: str) -> None:
    made.starts()
    made.event("attempt", attempt)
    assert [code for code, _ in made.errors("stdout")] == ["CORRUPT_METADATA"]
