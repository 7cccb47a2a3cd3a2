"""The logs of tasks as the API tells them: of real runs, and of trees made by hand."""

import asyncio
import base64
import json
import os
import shutil
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import TypeVar

import pytest

from gateways import Gateway
from local_trees import EPOCH_MS, provider, put
from made_logs import LINES, TASK, Made, line, made_in, texts
from metaflow_graphql.providers import log_pages
from metaflow_graphql.providers.base import Key
from metaflow_graphql.providers.errors import ArtifactUnreadable
from metaflow_graphql.providers.records import LogStream
from metaflow_graphql.resolvers import context, logs
from metaflow_graphql.resolvers.context import context_for
from running import Runs

T = TypeVar("T")


@pytest.fixture
def made(tmp_path: Path) -> Generator[Made]:
    with made_in(tmp_path) as task:
        yield task


# Real runs


def test_lines_are_what_a_task_wrote(gateway: Gateway, runs: Runs) -> None:
    lines = "{ nodes { number stream text } totalCount }"
    fields = f"stdout stderr all: loglines {lines} errors: loglines(stream: STDERR) {lines}"
    query = f'{{ task(pathspec: "{runs["linear"].pathspec}/start/1") {{ {fields} }} }}'
    both = [
        {"number": 1, "stream": "STDOUT", "text": "start writes to stdout"},
        {"number": 1, "stream": "STDERR", "text": "start writes to stderr"},
    ]
    found = gateway.data(query)["task"]
    assert sorted(found["all"]["nodes"], key=lambda node: node["stream"], reverse=True) == both
    assert found["errors"] == {"nodes": both[1:], "totalCount": 1}
    assert (found["stdout"], found["stderr"]) == ("start writes to stdout\n", "start writes to stderr\n")


def test_a_blank_line_is_a_line(gateway: Gateway, runs: Runs) -> None:
    query = f'{{ task(pathspec: "{runs["linear"].pathspec}/middle/2") {{ stdout loglines {{ nodes {{ text }} }} }} }}'
    found = gateway.data(query)["task"]
    assert texts(found["loglines"]) == ["first line", "", "third line, after a blank one: äöü 🎉"]
    assert found["stdout"] == "first line\n\nthird line, after a blank one: äöü 🎉\n"


def test_a_log_is_that_of_the_attempt(gateway: Gateway, runs: Runs) -> None:
    step = f"{runs['retry_succeeds'].pathspec}/flaky"
    found = gateway.data(f'{{ step(pathspec: "{step}") {{ task {{ stdout attempts {{ stdout stderr }} }} }} }}')
    task = found["step"]["task"]
    assert [task["stdout"], *(seen["stdout"] for seen in task["attempts"])] == [
        "attempt 1\n",
        "attempt 0\n",
        "attempt 1\n",
    ]
    assert "ValueError: attempt 0 fails" in task["attempts"][0]["stderr"]


def test_a_cloned_task_has_no_log(gateway: Gateway, runs: Runs) -> None:
    step = f'step(pathspec: "{runs["resumed"].pathspec}/start")'
    found = gateway.data(f"{{ {step} {{ task {{ originPathspec stdout stdoutSize loglines {{ totalCount }} }} }} }}")
    task = found["step"]["task"]
    assert task.pop("originPathspec").startswith(runs["resume_origin"].pathspec)
    assert task == {"stdout": "", "stdoutSize": 0, "loglines": {"totalCount": 0}}


def test_the_last_lines_of_many_tasks_are_read_together(made: Made) -> None:
    for number in range(50):
        shutil.copytree(made.task, made.task.with_name(str(number + 2)))
    made.starts()
    for folder in made.task.parent.iterdir():
        if folder.name not in ("1", "_meta"):
            shutil.copytree(made.task / "_meta", folder / "_meta", dirs_exist_ok=True)
            put(folder / "_meta" / "_self.json", {"ts_epoch": EPOCH_MS})
            (folder / "0.runtime_stdout.log").write_bytes(b"".join(line(tick, "text") for tick in range(200)))
    query = (
        '{ step(pathspec: "Made/1/start") { tasks(first: 50) { nodes { loglines(last: 50) { nodes { text } } } } } }'
    )
    assert made.gateway.usage(query)["calls"] == {
        "steps": 1,
        "tasks_of": 1,
        "metadata_of": 1,
        "file_statuses": 1,
        "file_parts": 1,
    }


# Lines of one log


def test_lines_of_both_streams_and_sources_are_merged_by_time(made: Made) -> None:
    made.starts()
    made.log("0.runtime_stderr.log", line(1, "b"), line(3, "g"))
    made.log("0.task_stdout.log", line(1, "a", "task"), line(2, "d", "task"))
    made.log("0.runtime_stdout.log", line(2, "c"), b"without a prefix\n", line(4, "h"))
    made.log("0.task_stderr.log", line(2, "f", "task"))
    page = made.page("")
    assert [(node["stream"][3:], node["number"], node["text"]) for node in page["nodes"]] == [
        ("OUT", 1, "a"),
        ("ERR", 1, "b"),
        ("OUT", 2, "c"),
        ("OUT", 3, "without a prefix"),
        ("OUT", 4, "d"),
        ("ERR", 2, "f"),
        ("ERR", 3, "g"),
        ("OUT", 5, "h"),
    ]
    assert page["nodes"][0]["timestamp"] == "2026-11-23T22:28:15.000001Z"
    assert page["nodes"][3]["timestamp"] is None
    assert page["totalCount"] == 8
    assert made.asked("stdout stderr") == {"stdout": "a\nc\nwithout a prefix\nd\nh\n", "stderr": "b\nf\ng\n"}


def test_a_line_is_told_as_it_was_written(made: Made) -> None:
    made.starts()
    odd = [b"[!" + line(1, "marked"), line(2, "returned\r"), line(3, "")[:-1] + b"\xff\n", b"[MFLOG|0|x]y\n"]
    file = made.log("0.runtime_stdout.log", *odd, line(4, "no newline")[:-1])
    found = ["marked", "returned\r", "\ufffd", "[MFLOG|0|x]y", "no newline"]
    assert texts(made.page("")) == found
    assert made.asked("stdout stdoutSize stderr") == {
        "stdout": "".join(f"{text}\n" for text in found),
        "stdoutSize": file.stat().st_size,
        "stderr": "",
    }


def test_an_empty_file_is_an_empty_log(made: Made) -> None:
    made.starts()
    made.log("0.runtime_stdout.log")
    assert made.asked("stdout stdoutSize loglines { totalCount }") == {
        "stdout": "",
        "stdoutSize": 0,
        "loglines": {"totalCount": 0},
    }


def test_a_page_says_what_surrounds_it(made: Made) -> None:
    made.starts()
    made.log("0.runtime_stdout.log", *(line(tick, str(tick)) for tick in range(10)))
    first = made.page("first: 4")
    end = first["pageInfo"]["endCursor"]
    assert end == first["edges"][-1]["cursor"]
    second = made.page(f'first: 4, after: "{end}"')
    last = made.page("last: 3")
    before = made.page(f'last: 3, before: "{last["pageInfo"]["startCursor"]}"')
    between = made.page(f'first: 9, after: "{end}", before: "{last["pageInfo"]["startCursor"]}"')
    told = [
        (texts(page), page["nodes"][0]["number"], page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"])
        for page in (first, second, last, before, between)
    ]
    assert told == [
        (["0", "1", "2", "3"], 1, True, False),
        (["4", "5", "6", "7"], 5, True, True),
        # Read from the end: but the block reached the beginning, and so are numbers known.
        (["7", "8", "9"], None, False, True),
        (["4", "5", "6"], None, True, True),
        (["4", "5", "6"], 5, False, True),
    ]
    assert [page["totalCount"] for page in (first, second, last, before, made.page("last: 10"))] == [None] * 4 + [10]
    assert [node["number"] for node in made.page("last: 10")["nodes"]] == list(range(1, 11))


def test_grep_tells_the_lines_that_contain_a_text(made: Made) -> None:
    made.starts()
    made.log("0.runtime_stdout.log", *(line(tick, text) for tick, text in enumerate(["a [b", "A [B", "MFLOG", "ä [b"])))
    found = made.page('grep: "[b"')
    assert [(node["number"], node["text"]) for node in found["nodes"]] == [(1, "a [b"), (4, "ä [b")]
    assert found["totalCount"] == 2
    assert texts(made.page('grep: "MFLOG"')) == ["MFLOG"]
    assert texts(made.page('grep: ""')) == ["a [b", "A [B", "MFLOG", "ä [b"]
    assert texts(made.page('grep: "\\n"')) == []
    assert made.page('grep: "[b", last: 1')["nodes"][0]["text"] == "ä [b"


# Logs that grow


def test_a_cursor_goes_on_where_the_log_ended(made: Made) -> None:
    """Before the task starts, while its log grows, and when another source appears that wrote before."""
    seen: list[tuple[int, str]] = []
    cursor: str | None = None

    def poll() -> None:
        nonlocal cursor
        page = made.page(f'after: "{cursor}"' if cursor else "")
        seen.extend((node["number"], node["text"]) for node in page["nodes"])
        assert page["pageInfo"]["hasNextPage"] is False
        cursor = page["pageInfo"]["endCursor"]

    poll()
    made.starts()
    poll()
    made.log("0.task_stdout.log", line(5, "a"), line(6, "b"))
    poll()
    poll()
    made.log("0.task_stdout.log", line(7, "c")[:-1])
    poll()
    made.log("0.task_stdout.log", b"\n", line(8, "d"))
    made.log("0.runtime_stdout.log", line(1, "earlier"))
    poll()
    assert seen == [(1, "a"), (2, "b"), (3, "c"), (4, "earlier"), (5, "d")]


def test_a_cursor_of_a_search_goes_on_behind_all_that_was_searched(made: Made) -> None:
    made.starts()
    made.log("0.runtime_stdout.log", line(1, "found"), line(2, "other"))
    cursor = made.page('grep: "found"')["pageInfo"]["endCursor"]
    assert texts(made.page(f'after: "{cursor}"')) == []
    made.log("0.runtime_stdout.log", line(3, "found again"))
    assert texts(made.page(f'grep: "found", after: "{cursor}"')) == ["found again"]


def cursor_of(*numbers: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(numbers).encode()).decode()


BAD_CURSORS = {
    "negative": (0, 1, 0, 0, 0, -5, 0, 0, 0),
    "negative size": (0, 1, 0, -1, 0, 0, 0, 0, 0),
    "other streams": (0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    "too few files": (0, 1, 0, 0, 0, 0, 0),
    "no such file": (0, 1, 2, 0, 0, 0, 0, 0, 0),
    "huge": (0, 1, 0, 0, 0, 2**70, 0, 0, 0),
    "another attempt": (1, 1, 0, 0, 0, 0, 0, 0, 0),
    "empty": (),
    "text": ("a",),
}


@pytest.mark.parametrize("name", BAD_CURSORS)
def test_a_cursor_of_something_else_is_refused(made: Made, name: str) -> None:
    made.starts()
    made.log("0.runtime_stdout.log", line(1, "a"))
    for argument in ("after", "before"):
        fields = f'loglines(stream: STDOUT, {argument}: "{cursor_of(*BAD_CURSORS[name])}") {{ totalCount }}'
        assert [code for code, _ in made.errors(fields)] == ["BAD_USER_INPUT"]


def test_a_cursor_beyond_the_end_or_within_a_line_does_no_harm(made: Made) -> None:
    made.starts()
    made.log("0.runtime_stdout.log", line(1, "first"), line(2, "second"))
    beyond = cursor_of(0, 1, 0, 0, 0, 10**9, -1, 10**15, -1)
    within = cursor_of(0, 1, 0, 0, 0, len(line(1, "first")) - 3, 7, 0, -1)
    assert texts(made.page(f'stream: STDOUT, after: "{beyond}"')) == []
    assert texts(made.page(f'stream: STDOUT, last: 5, before: "{beyond}"')) == ["first", "second"]
    assert texts(made.page(f'stream: STDOUT, after: "{within}"')) == ["st", "second"]
    assert texts(made.page(f'stream: STDOUT, after: "{beyond}", before: "{within}"')) == []


def test_the_log_of_another_attempt_is_another_log(made: Made) -> None:
    made.starts(0)
    made.log("0.runtime_stdout.log", line(1, "of 0"))
    cursor = made.page("")["pageInfo"]["endCursor"]
    made.starts(1)
    made.log("1.runtime_stdout.log", line(1, "of 1"))
    ((code, message),) = made.errors(f'loglines(after: "{cursor}") {{ totalCount }}')
    assert (code, "attempt 0 of Made/1/start/1" in message) == ("BAD_USER_INPUT", True)
    query = f'{{ task(pathspec: "{TASK}", attempt: 0) {{ {LINES.format(f"after: {json.dumps(cursor)}")} }} }}'
    assert texts(made.gateway.data(query)["task"]["loglines"]) == []
    assert made.asked("stdout") == {"stdout": "of 1\n"}


# Limits


def test_a_page_has_a_thousand_lines_at_the_most(made: Made) -> None:
    made.starts()
    made.log("0.runtime_stdout.log", *(line(tick, "") for tick in range(1001)))
    for argument in ("first", "last"):
        page = made.page(f"{argument}: 1000")
        assert (len(page["nodes"]), page["totalCount"]) == (1000, None)
        ((code, message),) = made.errors(f"loglines({argument}: 1001) {{ totalCount }}")
        assert (code, "1000 objects at most (logPageSize" in message) == ("LIMIT_EXCEEDED", True)
    assert len(made.page("")["nodes"]) == 50
    assert [code for code, _ in made.errors("loglines(first: 1, last: 1) { totalCount }")] == ["BAD_USER_INPUT"]
    limits = made.gateway.data("{ serverInfo { limits { name value } } }")["serverInfo"]["limits"]
    assert {"name": "logPageSize", "value": 1000} in limits
    assert {"name": "logBytes", "value": 16 * 2**20} in limits


def test_a_log_that_is_too_large_to_be_given_whole_is_given_in_pages(made: Made) -> None:
    made.starts()
    file = made.log("0.runtime_stdout.log")
    os.truncate(file, 16 * 2**20 + 1)
    made.log("0.runtime_stdout.log", b"\n", line(1, "last"))
    ((code, message),) = made.errors("stdout")
    assert (code, "logBytes" in message, "loglines" in message) == ("LIMIT_EXCEEDED", True, True)
    assert made.asked("stdoutSize")["stdoutSize"] == file.stat().st_size
    assert texts(made.page("last: 1")) == ["last"]


# The byte route's way


def asked_of(root: Path, ask: Callable[[Key, context.Context], Awaitable[T]]) -> T:
    local = provider(root)

    async def asked() -> T:
        return await ask(Key("default", TASK), context_for(context.Gateway({"default": local}, "default"), None))

    try:
        return asyncio.run(asked())
    finally:
        asyncio.run(local.close())


async def text_of(task: Key, of: context.Context) -> bytes:
    return b"".join([chunk async for chunk in logs.text_chunks(task, LogStream.STDOUT, of)])


async def version_of(task: Key, of: context.Context) -> str | None:
    return await logs.log_version(task, LogStream.STDOUT, of)


def test_the_bytes_of_a_log_are_its_text_however_long(made: Made) -> None:
    made.starts()
    lines = [line(tick % 1_000_000, f"ä line {tick}") for tick in range(200_000)]
    made.log("0.runtime_stdout.log", *lines, b"\xff")
    text = "".join(f"ä line {tick}\n" for tick in range(200_000))
    assert asked_of(made.root, text_of) == f"{text}\ufffd\n".encode()


def test_a_version_changes_with_the_log(made: Made) -> None:
    versions = [asked_of(made.root, version_of)]
    made.starts()
    versions.append(asked_of(made.root, version_of))
    for source in ("runtime", "task", "task"):
        made.log(f"0.{source}_stdout.log", line(1, "a"))
        versions.append(asked_of(made.root, version_of))
    made.log("0.runtime_stderr.log", line(1, "of the other stream"))
    assert versions[:2] == [None, None]
    assert len(set(versions[2:])) == 3
    assert asked_of(made.root, version_of) == versions[-1]
    made.event("ds-root", "s3://bucket/metaflow")
    with pytest.raises(ArtifactUnreadable, match=TASK):
        asked_of(made.root, version_of)


def test_of_a_task_without_a_log_there_are_no_bytes(made: Made) -> None:
    assert asked_of(made.root, text_of) == b""


def test_a_text_of_more_lines_than_an_answer_may_have_is_refused(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made.starts()
    made.log("0.task_stdout.log", b"\n" * 20)
    assert made.asked("stdout") == {"stdout": "\n" * 20}
    monkeypatch.setattr(log_pages, "LINES_AN_ANSWER", 10)
    message = (
        "The logs of this answer have more than 10 lines (logLines in serverInfo.limits): that of Made/1/start/1 is "
        "not given whole. Ask for its loglines, or for its logUrl."
    )
    assert made.errors("stdout") == [("LIMIT_EXCEEDED", message)]
