"""What a principal sees of his own runs without the rights to more: FORBIDDEN at each field that would show it."""

import base64
import json
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import pytest

import two_teams
from conftest import BUILDS
from gateways import Gateway
from in_process import errors_of
from metaflow_graphql.providers.grants import Principal, Right
from metaflow_graphql.providers.guarded.permissions import matches
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.pages import encode
from metaflow_graphql.resolvers.signatures import Signatures
from principals import ALL_RIGHTS, asked_by, of_team, shared
from running import Runs
from walking import Pool, Walk, difference, read, text_of, walk

NAMES = Pool(
    strings=("start", "secret", "items", "given", "notes", "otter_named", "_graph_info", "_foreach_stack", "hide")
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Generator[Runs]:
    """Of team otter alone."""
    with two_teams.local(BUILDS, tmp_path_factory.mktemp("rights") / "runs") as teams:
        teams.remove(name for name in two_teams.SCENARIOS if name not in ("otter", "otter_failed"))
        yield teams.runs


@pytest.fixture(scope="module")
def walked(runs: Runs) -> Callable[[Principal], Walk]:
    """What a principal sees, walked once."""
    return cache(partial(walk_of, runs))


def walk_of(runs: Runs, principal: Principal) -> Walk:
    with asked_by(principal, {"default": LocalProvider("default", runs.root)}) as gateway:
        found = walk(lambda query, variables: gateway.answer(query, variables=variables), NAMES)
        read(found, gateway.client, every_url(runs, gateway))
    return found


def every_url(runs: Runs, gateway: Gateway) -> list[str]:
    """Of all that the run keeps, whether a query answers it or not."""
    task = f"/files/{{}}/default/{runs['otter'].pathspec}/start/1"
    cards = "query ($task: String!) { task(pathspec: $task) { cards { hash } } }"
    hashes = gateway.data(cards, task=f"{runs['otter'].pathspec}/start/1")["task"]["cards"]
    names = ("secret", "table", "items", "notes", "given", "otter_named", "_graph_info")
    return [
        *(f"{task.format('artifact')}/{name}" for name in names),
        *(f"{task.format('log')}/{stream}" for stream in ("stdout", "stderr")),
        *(f"{task.format('card')}/{card['hash']}" for card in hashes),
        task.format("code"),
        f"/files/code/default/{runs['otter'].pathspec}/join/4",
    ]


def marks(found: Walk) -> set[str]:
    """What the flow marks as a value, a log or code."""
    return set(re.findall(r"otter-value-[a-z]+|otter-log [a-z]+|code-docstring", text_of(found)))


_KEPT = ("given", "notes", "table", "secret", "named", "item", "card", "exception", "failure")
VALUES = {f"otter-value-{name}" for name in _KEPT}
LOGS = {"otter-log to", "otter-log the", "otter-log at"}
ENDINGS = ("_task_ok", "_success")  # how a task ended, which its status tells too
# A traceback is written to the log, too.
LOGGED = {"otter-value-failure"}
CODE = {"code-docstring"}


@pytest.mark.parametrize(
    ("rights", "shown", "kinds"),
    [
        (set[Right](), set[str](), set[str]()),
        ({Right.TAGS}, set[str](), set[str]()),
        ({Right.VALUES}, VALUES, {"artifact", "card"}),
        ({Right.CARDS}, {"otter-value-card"}, {"card"}),
        ({Right.LOGS}, LOGS | LOGGED, {"log"}),
        ({Right.CODE}, CODE, {"code"}),
        (ALL_RIGHTS, VALUES | LOGS | CODE, {"artifact", "card", "log", "code"}),
    ],
)
def test_a_right_shows_what_it_is_about_and_nothing_else(
    walked: Callable[..., Walk], rights: set[Right], shown: set[str], kinds: set[str]
) -> None:
    found = walked(of_team("otter", frozenset(rights)))
    assert marks(found) == shown
    assert {url.partition("/files/")[2].partition("/")[0] for url in found.urls} == kinds


HIDDEN = ("secret", "item*", "given", "notes")


def test_hidden_names_hide_their_values_wherever_they_stand(walked: Callable[..., Walk]) -> None:
    found = walked(of_team("otter", ALL_RIGHTS - {Right.CARDS}, hidden_names=HIDDEN))
    hidden = {f"otter-value-{name}" for name in ("secret", "item", "given", "notes", "card")}
    assert marks(found) == (VALUES | LOGS | CODE) - hidden
    assert not any("/files/card/" in url for url in found.urls)


def test_cards_are_shown_beside_hidden_names_where_a_grant_says_so(runs: Runs) -> None:
    query = "query ($task: String!) { task(pathspec: $task) { cards { type html data url } } }"
    pathspec = f"{runs['otter'].pathspec}/start/1"
    answers: list[dict[str, Any]] = []
    for rights in (ALL_RIGHTS, ALL_RIGHTS - {Right.CARDS}):
        principal = of_team("otter", rights, hidden_names=("secret",))
        with asked_by(principal, {"default": LocalProvider("default", runs.root)}) as gateway:
            answers.append(gateway.answer(query, variables={"task": pathspec}))
    shown, hidden = (answer["data"]["task"]["cards"] for answer in answers)
    assert errors_of(answers[0]) == []
    assert "otter-value-card" in shown[0]["html"]
    assert hidden == [{"type": "blank", "html": None, "data": None, "url": None}]
    place = ["task", "cards", 0]
    assert errors_of(answers[1]) == [("FORBIDDEN", [*place, field]) for field in ("data", "html", "url")]
    assert {error["message"] for error in answers[1]["errors"]} == {
        f"You are not granted to see cards of {runs['otter'].pathspec}."
    }


def hashes(runs: Runs) -> dict[str, set[str]]:
    """Of all artifacts, by their names."""
    found: dict[str, set[str]] = {}
    for path in runs.datastore.glob("*/*/*/*/_meta/*_artifact_*.json"):
        record = json.loads(path.read_text())
        found.setdefault(record["name"], set()).add(record["sha"])
    return found


@pytest.mark.parametrize(("rights", "hidden"), [(frozenset[Right](), ()), (ALL_RIGHTS - {Right.CARDS}, HIDDEN)])
def test_the_hash_of_a_value_that_may_not_be_read_stands_nowhere(
    walked: Callable[..., Walk], runs: Runs, rights: frozenset[Right], hidden: tuple[str, ...]
) -> None:
    text = text_of(walked(of_team("otter", rights, hidden_names=hidden)))
    readable, secret = set[str](), set[str]()
    for name, of in hashes(runs).items():
        is_hidden = Right.VALUES not in rights or matches(name, hidden)
        (secret if is_hidden and name not in ENDINGS else readable).update(of)
    assert len(secret - readable) > 3
    assert [sha for sha in secret - readable if sha in text] == []
    assert any(sha in text for sha in readable) is (Right.VALUES in rights)


def test_other_values_that_may_not_be_read_would_change_no_answer(walked: Callable[..., Walk], runs: Runs) -> None:
    nobody = of_team("otter", frozenset())
    before = walked(nobody)
    with other_values(runs):
        after = walk_of(runs, nobody)
    assert difference(before.answers, after.answers) is None
    assert difference(before.files, after.files) is None


@contextmanager
def other_values(runs: Runs) -> Generator[None]:
    """In the place of all that flows kept, numbers, in other places."""
    kept = {path: path.read_text() for path in runs.datastore.glob("*/*/*/*/_meta/*_artifact_[!_]*.json")}
    kept |= {path: path.read_text() for path in runs.datastore.glob("*/*/*/*/*.data.json")}
    for path, text in kept.items():
        record = json.loads(text)
        for name in [name for name in record.get("objects", {}) if not name.startswith("_")]:
            record["objects"][name] = "7" * 40
            record["info"][name] |= {"size": 7, "type": "<class 'int'>"}
        path.write_text(json.dumps(record | ({"sha": "7" * 40} if "sha" in record else {})))
    assert len(kept) > 20
    yield
    for path, text in kept.items():
        path.write_text(text)


def test_where_code_lies_is_told_to_who_may_read_it_alone(walked: Callable[..., Walk], runs: Runs) -> None:
    events = runs.datastore.glob("*/*/*/*/_meta/*code-package*.json")
    packages = {json.loads(json.loads(path.read_text())["value"])["sha"] for path in events}
    assert packages
    texts = [text_of(walked(of_team("otter", rights))) for rights in (ALL_RIGHTS, frozenset({Right.VALUES}))]
    assert [{sha for sha in packages if sha in text} for text in texts] == [packages, set()]


def test_hidden_lines_are_left_out_of_logs(walked: Callable[..., Walk]) -> None:
    found = walked(of_team("otter", hidden_lines=("to hide$", "^otter-log the last")))
    assert "otter-log to hide" not in text_of(found)
    assert marks(found) == (VALUES | LOGS | CODE) - {"otter-log the"}


LINES = """query ($task: String!, $first: Int, $after: String, $last: Int, $before: String) { task(pathspec: $task) {
    loglines(stream: STDOUT, first: $first, after: $after, last: $last, before: $before) {
        nodes { text } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } } }"""
SHOWN = ["otter-log to read", "otter-log the last"]


@pytest.fixture(scope="module")
def hiding(runs: Runs) -> Generator[Gateway]:
    principal = of_team("otter", hidden_names=("secret",), hidden_lines=("to hide",))
    with asked_by(principal, {"default": LocalProvider("default", runs.root)}, Signatures(b"k" * 32, 900)) as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("size", "cursor", "end"), [("first", "after", "endCursor"), ("last", "before", "startCursor")]
)
def test_pages_of_logs_go_on_behind_hidden_lines(hiding: Gateway, runs: Runs, size: str, cursor: str, end: str) -> None:
    found: list[str] = []
    more: dict[str, str | None] = {}
    for _ in range(20):
        lines = hiding.data(LINES, task=f"{runs['otter'].pathspec}/start/1", **{size: 1}, **more)["task"]["loglines"]
        texts = [line["text"] for line in lines["nodes"]]
        found = [*found, *texts] if size == "first" else [*texts, *found]
        if not lines["pageInfo"]["hasNextPage" if size == "first" else "hasPreviousPage"]:
            break
        more = {cursor: lines["pageInfo"][end]}
    assert [text for text in found if text.startswith("otter")] == SHOWN


def test_no_cursor_made_by_hand_shows_a_part_of_a_hidden_line(hiding: Gateway, runs: Runs) -> None:
    def lines(**bounds: Any) -> dict[str, Any]:
        return hiding.data(LINES, task=f"{runs['otter'].pathspec}/start/1", **bounds)["task"]["loglines"]

    whole = lines(first=100)
    shown = {line["text"] for line in whole["nodes"]}
    cursor = json.loads(base64.urlsafe_b64decode(whole["pageInfo"]["endCursor"] + "=="))
    seen: set[str] = set()
    for offset in range(0, 2 * max(cursor[5:]), 3):
        by_hand = encode(*cursor[:3], 0, 0, *(offset if number > 0 else number for number in cursor[5:]))
        for size, bound in (("first", "after"), ("last", "after"), ("first", "before"), ("last", "before")):
            seen |= {line["text"] for line in lines(**{size: 100, bound: by_hand})["nodes"]}
    assert seen == shown


def test_the_url_of_a_log_leaves_hidden_lines_out_too(runs: Runs) -> None:
    principal = of_team("otter", hidden_lines=("to hide",))
    query = "query ($task: String!) { task(pathspec: $task) { logUrl(stream: STDOUT) } }"
    with shared({"default": LocalProvider("default", runs.root)}, Signatures(b"k" * 32, 900)) as asked:
        url = asked(principal).data(query, task=f"{runs['otter'].pathspec}/start/1")["task"]["logUrl"]
        lines = asked(None).client.get(url).text.splitlines()
    assert [line for line in lines if line.startswith("otter")] == SHOWN


def test_a_hidden_value_costs_itself_alone(hiding: Gateway, runs: Runs) -> None:
    query = """query ($task: String!) { task(pathspec: $task) { secret: artifact(name: "secret") { name data }
        data { names values(names: ["secret", "table"]) entries(names: ["secret", "table"]) { name value } } } }"""
    pathspec = f"{runs['otter'].pathspec}/start/1"
    answer = hiding.answer(query, variables={"task": pathspec})
    table = [{"column": "otter-value-table", "number": number} for number in (1, 2)]
    task = answer["data"]["task"]
    assert task["secret"]["name"] == "secret"
    assert task["secret"]["data"] is None
    assert task["data"]["values"] == {"table": table}
    assert task["data"]["entries"] == [{"name": "secret", "value": None}, {"name": "table", "value": table}]
    forbidden = "FORBIDDEN"
    assert errors_of(answer) == [
        (forbidden, ["task", "data", "entries", 0, "value"]),
        (forbidden, ["task", "data", "values"]),
        (forbidden, ["task", "secret", "data"]),
    ]
    assert {error["message"] for error in answer["errors"]} == {f"The value of {pathspec}/secret is hidden from you."}


def test_what_is_computed_from_a_hidden_value_is_hidden_too(hiding: Gateway, runs: Runs) -> None:
    query = """query ($task: String!) { task(pathspec: $task) {
        secret: artifact(name: "secret") { name attempt contentType size type location preview url table { rowCount } }
        hash: artifact(name: "secret") { sha } table: artifact(name: "table") { sha size type } } }"""
    pathspec = f"{runs['otter'].pathspec}/start/1"
    answer = hiding.answer(query, variables={"task": pathspec})
    task = answer["data"]["task"]
    hidden = dict.fromkeys(("size", "type", "preview", "url", "table"))
    shown = {"name": "secret", "attempt": 0, "contentType": "pickle-v4", "location": None}
    assert task["secret"] == shown | hidden
    assert task["hash"] == {"sha": ""}
    assert [type(value) for value in task["table"].values()] == [str, int, str]
    assert errors_of(answer) == [("FORBIDDEN", ["task", "secret", field]) for field in sorted(hidden)]
    assert {error["message"] for error in answer["errors"]} == {f"The value of {pathspec}/secret is hidden from you."}


def test_everything_else_is_answered_beside_what_is_forbidden(runs: Runs) -> None:
    query = """query ($run: String!) { run(pathspec: $run) { status graph { startStep doc nodes { name doc
        decorators { name attributes } } } parameters { name value } failedTask { status exception { message }
        stdout stdoutSize stderrSize metadataDict }
        step(name: "body") { task { index foreachStack { step index value } } } } }"""
    with asked_by(of_team("otter", frozenset()), {"default": LocalProvider("default", runs.root)}) as gateway:
        answer = gateway.answer(query, variables={"run": runs["otter_failed"].pathspec})
    run = answer["data"]["run"]
    assert run["status"] == "FAILED"
    assert [node["name"] for node in run["graph"]["nodes"]] == ["start", "body", "join", "end"]
    assert [node["decorators"] for node in run["graph"]["nodes"]][1] == [{"name": "catch", "attributes": {}}]
    assert [parameter["name"] for parameter in run["parameters"]] == ["given", "notes"]
    assert run["failedTask"]["metadataDict"]["attempt_ok"] == "False"
    assert run["step"]["task"] == {"index": 1, "foreachStack": [{"step": "body", "index": 1, "value": None}]}
    assert {code for code, _ in errors_of(answer)} == {"FORBIDDEN"}
    assert {tuple(name for name in path if isinstance(name, str)) for _, path in errors_of(answer)} == {
        ("run", "graph", "doc"),
        ("run", "graph", "nodes", "doc"),
        ("run", "graph", "nodes", "decorators", "attributes"),
        ("run", "parameters", "value"),
        ("run", "failedTask", "exception"),
        *(("run", "failedTask", field) for field in ("stdout", "stdoutSize", "stderrSize")),
        ("run", "step", "task", "foreachStack", "value"),
    }


def test_files_are_forbidden_without_a_right_and_unknown_without_a_run(runs: Runs) -> None:
    providers = {"default": LocalProvider("default", runs.root)}
    with asked_by(of_team("otter", frozenset()), providers) as gateway:
        statuses = [gateway.client.get(url).status_code for url in every_url(runs, gateway)]
    assert set(statuses) == {403}


def test_what_a_principal_sees_is_kept_by_no_cache_unasked(runs: Runs) -> None:
    asked = {"query": f'{{ run(pathspec: "{runs["otter"].pathspec}") {{ id status }} }}'}
    with shared({"default": LocalProvider("default", runs.root)}) as by:
        kept = [by(principal).client.get("/graphql", params=asked).headers for principal in (None, of_team("otter"))]
    assert ["max-age" in headers["cache-control"] for headers in kept] == [True, False]


def test_a_run_of_others_has_no_files(runs: Runs) -> None:
    with asked_by(of_team("otter"), {"default": LocalProvider("default", runs.root)}) as gateway:
        urls = every_url(runs, gateway)
    with asked_by(of_team("zebra"), {"default": LocalProvider("default", runs.root)}) as gateway:
        assert {gateway.client.get(url).status_code for url in urls} == {404}
