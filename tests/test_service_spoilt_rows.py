"""A row of a metadata service that can't be read costs no more than itself, wherever it is listed."""

import asyncio
import json
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from in_process import errors_of
from over_service import Asking, add_run, asking
from service import Store, serving
from upstreams import upstream

START = 1_795_000_000_000
RELEASES = ("2.5.1", "9477778", "head")
Spoil = Callable[[dict[str, Any]], Any]


class Spoiler:
    """Passes requests on to a service, and changes rows of the lists whose routes end so."""

    def __init__(self, url: str, route: str, spoil: Spoil) -> None:
        self._url = url
        self._route = route
        self._spoil = spoil

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        async with aiohttp.request(request.method, URL(self._url + request.raw_path, encoded=True)) as got:
            body = await got.read()
            headers = {name: value for name, value in got.headers.items() if name.startswith("X-")}
        if request.path.endswith(self._route) and got.status == 200:
            body = json.dumps([self._spoil(row) for row in json.loads(body)]).encode()
        return web.Response(status=got.status, body=body, headers=headers)


@contextmanager
def made(steps: dict[str, list[bool | None]], *, runs: int = 1, **more: Any) -> Generator[Store]:
    """A store with some runs of `Flow`."""
    with closing(Store()) as store:
        for at in range(runs):
            _ = add_run(store, "Flow", steps, START + at, **more)
        yield store


def asked(store: Store, release: str, route: str, spoil: Spoil, question: Callable[[Asking], Any]) -> Any:
    """What a gateway answers over such a service."""

    async def ask(url: str) -> Any:
        async with upstream(Spoiler(url, route, spoil)) as spoilt, asking(spoilt) as gateway:
            return await question(gateway)

    with serving(store, release=release) as served:
        return asyncio.run(ask(served.url))


def told(answer: dict[str, Any]) -> list[Any]:
    """Code, path and message of each error."""
    errors = zip(errors_of(answer), answer.get("errors", ()), strict=True)
    return [(*error, whole["message"]) for error, whole in errors]


PAGE = """query ($after: String) { flow(name: "Flow") { runs(first: 2, after: $after) {
    nodes { runId } pageInfo { hasNextPage endCursor } } } }"""


async def walked(gateway: Asking) -> tuple[list[str], list[Any]]:
    """The ids of all runs, page by page, and the errors of these pages."""
    found: list[str] = []
    errors: list[Any] = []
    after, more = None, True
    while more:
        answer = await gateway.answer(PAGE, after=after)
        page = answer["data"]["flow"]["runs"]
        found += [node["runId"] for node in page["nodes"]]
        errors += told(answer)
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found, errors


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("spoilt", [{"tags": 5}, {"tags": 5, "run_number": "a/b"}, {"ts_epoch": "x"}, None])
@pytest.mark.parametrize("run", [1, 4, 7])
def test_a_run_that_can_not_be_read_costs_its_own_entry(release: str, spoilt: dict[str, Any] | None, run: int) -> None:
    def spoil(row: dict[str, Any]) -> Any:
        return row if row["run_number"] != run else spoilt and row | spoilt

    with made({"start": [True]}, runs=7) as store:
        found, errors = asked(store, release, "/runs", spoil, walked)
    assert found == [str(number) for number in range(7, 0, -1) if number != run]
    which = f"Flow/{run}" if spoilt == {"tags": 5} else "a run of Flow"
    message = f"The metadata service's row of {which} can't be read: it has not the form of a run."
    assert errors == [("CORRUPT_METADATA", ["flow", "runs"], message)]


def test_where_runs_are_filtered_one_that_can_not_be_read_is_none_of_them() -> None:
    query = """{ tagged: runs(filter: {tags: ["user:alice"]}) { nodes { runId } }
        of: runs(filter: {users: ["alice"]}) { nodes { runId } }
        begun: runs(filter: {runIdPrefix: "2"}) { nodes { runId } } }"""
    with made({"start": [True]}, runs=3) as store:
        answer = asked(
            store,
            "2.5.1",
            "/runs",
            lambda row: row | {"tags": row["run_number"] % 2 or None},
            lambda g: g.answer(query),
        )
    assert answer["data"] == {name: {"nodes": [{"runId": "2"}]} for name in ("tagged", "of", "begun")}
    assert told(answer) == []


TASKS = """{ run(pathspec: "Flow/1") { step(name: "body") {
    tasks { nodes { taskId createdAt artifacts { name } } } } } }"""


@pytest.mark.parametrize("release", RELEASES)
def test_a_task_whose_row_can_not_be_read_costs_its_time(release: str) -> None:
    with made({"start": [True], "body": [True] * 4}, artifacts=("x",)) as store:
        answer = asked(
            store,
            release,
            "/tasks",
            lambda row: row | {"ts_epoch": None if row["task_id"] == 4 else START},
            answer_of(TASKS),
        )
    nodes = answer["data"]["run"]["step"]["tasks"]["nodes"]
    time = "2026-11-18T11:06:40.000Z"
    assert [(node["taskId"], node["createdAt"]) for node in nodes] == [
        ("6", time),
        ("5", time),
        ("3", time),
        ("4", None),
    ]
    message = "The metadata service's row of Flow/1/body/4 can't be read: it tells no time."
    path = ["run", "step", "tasks", "nodes", 3, "createdAt"]
    assert told(answer) == [("CORRUPT_METADATA", path, message)]


ARTIFACTS = """{ run(pathspec: "Flow/1") { steps { name tasks { nodes { taskId artifacts { name sha } } } } } }"""
ONE = """{ x: artifact(pathspec: "Flow/1/body/4/x") { sha } y: artifact(pathspec: "Flow/1/body/4/y") { sha } }"""


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("spoilt", [{"sha": None}, {"ts_epoch": "x"}, {"location": 5}])
def test_an_artifact_whose_row_can_not_be_read_costs_itself(release: str, spoilt: dict[str, Any]) -> None:
    def spoil(row: dict[str, Any]) -> Any:
        return row | spoilt if (row["task_id"], row["name"]) == (4, "x") else row

    with made({"start": [True], "body": [True] * 4}, artifacts=("x", "y")) as store:
        answer = asked(store, release, "/artifacts", spoil, answer_of(ARTIFACTS))
        one = asked(store, release, "/artifacts", spoil, answer_of(ONE))
    steps = {step["name"]: step["tasks"]["nodes"] for step in answer["data"]["run"]["steps"]}
    assert {task["taskId"]: [one["name"] for one in task["artifacts"]] for task in steps["body"]} == {
        "6": ["x", "y"],
        "5": ["x", "y"],
        "4": ["y"],
        "3": ["x", "y"],
    }
    message = "The metadata service's row of Flow/1/body/4/x can't be read: it has not the form of an artifact."
    at = [step["name"] for step in answer["data"]["run"]["steps"]].index("body")
    assert told(answer) == [("CORRUPT_METADATA", ["run", "steps", at, "tasks", "nodes", 2, "artifacts"], message)]
    assert one["data"]["y"] == {"sha": f"{4:040x}"}
    assert told(one)[0][1] == ["x"]
    assert len(told(one)) == 1


def answer_of(query: str) -> Callable[[Asking], Any]:
    return lambda gateway: gateway.answer(query)
