"""The tests' own metadata service answers as the real one did, exchange by exchange."""

import json
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple, cast

import pytest

from service import Fault, Served, Store, fill, serving
from service.options import Kind
from service.recordings import Exchange, exchanges, recorded_store

READ = (
    *("admin", "flows", "runs", "runs-paged-filtered", "steps", "tasks", "filtered-tasks", "metadata", "metadata-run"),
    *("artifacts", "artifacts-bulk", "gateway-auth", "database-down", "older-releases", "capability-probe"),
    "ui-backend-metadata",
)
UI_PREFIX = "/api/metadata"
HEADERS = ("Content-Type", "METADATA_SERVICE_VERSION", "X-Limit", "X-Next-Cursor", "Allow", "x-amzn-ErrorType")
# When the heartbeat of a run that failed was not yet old.
SOON_AFTER = {"status of a failed run": 1795473300000}


class Told(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


@contextmanager
def recorded_service(**options: Any) -> Generator[Served]:
    with closing(recorded_store()) as store, serving(store, **options) as served:
        yield served


@pytest.fixture(scope="module")
def service() -> Generator[Served]:
    with recorded_service() as served:
        yield served


@pytest.fixture(scope="module")
def copy_of_ui() -> Generator[Served]:
    with recorded_service(prefix=UI_PREFIX, read_only=True) as served:
        yield served


@pytest.mark.parametrize(
    "one", [pytest.param(one, id=f"{file}: {one.name}") for file in READ for one in exchanges(file)]
)
def test_a_reading_request_is_answered_as_it_was(one: Exchange, service: Served, copy_of_ui: Served) -> None:
    served = copy_of_ui if one.path.startswith(UI_PREFIX) else service
    served.options.release = _release(one)
    served.options.api_key = "s3cret" if one.file == "gateway-auth" else None
    served.options.database_down = one.file == "database-down" and "after it is back" not in one.name
    clock = served.store.clock
    if one.name in SOON_AFTER:
        served.store.clock = lambda: SOON_AFTER[one.name]
    try:
        assert asked(served, one) == recorded(one)
    finally:
        served.store.clock = clock


def test_tags_are_mutated_as_they_were() -> None:
    with recorded_service() as served:
        for one in exchanges("tags"):
            served.options.conflicts = 1 if one.status == 409 else 0
            assert (one.name, asked(served, one)) == (one.name, recorded(one))


def test_a_run_is_written_as_it_was() -> None:
    with recorded_service() as served:
        for one in exchanges("writes"):
            if one.path.endswith("/steps/middle/tasks/44/metadata") and not served.store.task_key(9, "middle", 44):
                _write_what_was_left_out(served)
            if '"ts_epoch"' in json.dumps(one.told):
                served.store.clock = partial(int, one.told["ts_epoch"])
            assert (one.name, asked(served, one)) == (one.name, recorded(one))


def _write_what_was_left_out(served: Served) -> None:
    """The recording has one exchange of each kind: other steps and tasks of the run were made like the first."""
    for number, step in enumerate(("start", "middle", "end"), 43):
        served.store.add_step(9, step, {})
        assert served.store.add_task(9, step, None, {"system_tags": ["metaflow_version:2.19.39"]}) == number


def _release(one: Exchange) -> str:
    named = one.name.split(":")[0].removeprefix("v")
    return named if one.file in ("older-releases", "capability-probe") and "copy" not in named else "head"


def asked(service: Served, one: Exchange) -> Told:
    """The answer of our service to the recorded request."""
    host = service.url.removeprefix("http://").split("/")[0]
    with closing(HTTPConnection(host, timeout=10)) as connection:
        connection.request(one.method, one.path, one.body, one.headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        return told(one, answer.status, dict(answer.headers), text if one.text else json.loads(text))


def recorded(one: Exchange) -> Told:
    return told(one, one.status, one.reply_headers, one.told)


def told(one: Exchange, status: int, headers: dict[str, str], body: Any) -> Told:
    """What is compared of an answer: where the real one has no order, it has one here."""
    kept = {name: headers[name] for name in HEADERS if name in headers}
    body = comparable(body)
    if isinstance(body, list) and not ordered(one, headers):
        rows = cast("list[Any]", body)
        attempts = [row.get("attempt_id") for row in rows]
        body = {"attempts": attempts, "rows": sorted(rows, key=json.dumps)}
    return Told(status, kept, body)


def ordered(one: Exchange, headers: dict[str, str]) -> bool:
    """Whether the order of a list is defined: of pages, steps, and the metadata of a task."""
    of_task = "/tasks/" in one.path and "/metadata" in one.path
    return of_task or "X-Limit" in headers or "/steps?" in f"{one.path}?" or "/filtered_tasks" in one.path


def comparable(body: Any) -> Any:
    """Without what is a real server's own: places in its code and SQL. Tags have no order."""
    if isinstance(body, list):
        return [comparable(item) for item in cast("list[Any]", body)]
    if isinstance(body, str) and body.startswith('{"err_msg": {'):
        refusal: dict[str, Any] = json.loads(body)["err_msg"]
        return {**refusal, "pgerror": refusal["pgerror"] and refusal["pgerror"].split("\n")[0]}
    if not isinstance(body, dict):
        return body
    told = {**cast("dict[str, Any]", body)}
    if "traceback" in told:
        told["traceback"] = told["traceback"].splitlines()[0]
    for name in ("tags", "system_tags"):
        if told.get(name):
            told[name] = sorted(told[name])
    return told


# What no recording shows: the service's options, and its made history.


def got(service: Served, path: str, method: str = "GET", body: object = None) -> Told:
    return asked(service, Exchange("", "", method, path, {}, json.dumps(body), 0, {}, None, False))


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("error", "500 ['detail', 'status', 'title', 'traceback', 'type']"),
        ("database", "500 ERROR:  could not serialize access due to concurrent update"),
        ("unavailable", "JSONDecodeError"),
        ("html", "JSONDecodeError"),
        ("half", "JSONDecodeError"),
        ("dropped", "RemoteDisconnected"),
        ("truncated", "IncompleteRead"),
        ("slow", "200 LinearFlow"),
        ("late", "200 LinearFlow"),
    ],
)
def test_a_fault_comes_to_every_second_request_of_its_route(kind: Kind, seen: str) -> None:
    with recorded_service(faults=[Fault(kind, every=2, route="/runs/{run}", seconds=0.1)]) as served:
        path = "/flows/LinearFlow/runs/1"
        found = [_seen(served, path) for _ in range(2)]
        assert (_seen(served, "/flows/LinearFlow"), found) == ("200 LinearFlow", ["200 LinearFlow", seen])


def _seen(served: Served, path: str) -> str:
    try:
        told = got(served, path)
    except (HTTPException, ValueError) as error:
        return type(error).__name__
    except ConnectionResetError:  # the end overtook what was still on its way
        return "IncompleteRead"
    if "flow_id" in told.body:
        return f"{told.status} {told.body['flow_id']}"
    return f"{told.status} {told.body.get('pgerror') or sorted(told.body)}"


def test_a_fault_is_over_after_its_times() -> None:
    with recorded_service(faults=[Fault("error", times=2)]) as served:
        assert [got(served, "/flows").status for _ in range(4)] == [500, 500, 200, 200]


def test_delays_pass_at_the_same_time_and_the_costs_of_rows_one_after_the_other() -> None:
    def seconds(**options: float) -> float:
        with recorded_service(**options) as served, ThreadPoolExecutor(4) as pool:
            began = time.monotonic()
            told = [*pool.map(partial(got, served), ["/flows/LinearFlow/runs"] * 4)]
            assert [one.status for one in told] == [200] * 4
            return time.monotonic() - began

    assert 0.3 <= seconds(delay=0.3) < 4 * 0.3
    # Four answers of three rows.
    assert seconds(row_cost=0.05) >= 4 * 3 * 0.05


def test_of_simultaneous_mutations_some_conflict_and_none_is_lost() -> None:
    path = "/flows/LinearFlow/runs/1/tag/mutate"
    with recorded_service(conflicts=0.2) as served, ThreadPoolExecutor(20) as pool:

        def tag(number: int) -> list[int]:
            statuses: list[int] = []
            while 200 not in statuses:
                statuses.append(got(served, path, "PATCH", {"tags_to_add": [f"tag:{number}"]}).status)
            return statuses

        statuses = [status for of_one in pool.map(tag, range(20)) for status in of_one]
        assert set(statuses) == {200, 409}
        assert set(got(served, "/flows/LinearFlow/runs/1").body["tags"]) == {f"tag:{number}" for number in range(20)}


def test_requests_are_counted_by_route_in_the_process_and_over_http() -> None:
    with recorded_service() as served:
        for path in ("/flows/LinearFlow/runs?_limit=1", "/flows/CrashFlow/runs", "/nothing"):
            asked(served, exchanges("admin")[6]._replace(path=path, text=True))
        counted = {"GET /flows/{flow}/runs": 2, "GET ": 1}
        log = ["GET /flows/LinearFlow/runs?_limit=1", "GET /flows/CrashFlow/runs", "GET /nothing"]
        assert (dict(served.requests), got(served, "/_test/requests").body) == (
            counted,
            {"requests": counted, "log": log},
        )
        served.reset()
        assert got(served, "/_test/requests").body == {"requests": {}, "log": []}


def test_a_heartbeat_counts_after_ten_seconds() -> None:
    with recorded_service() as served:
        path = "/flows/LinearFlow/runs/1"
        assert [got(served, f"{path}/heartbeat", "POST", {}).status for _ in range(2)] == [200, 404]
        assert got(served, path).body["last_heartbeat_ts"] == served.store.clock() // 1000


def test_an_attempt_ok_that_is_no_boolean_fails_the_whole_list() -> None:
    with recorded_service() as served:
        datum: dict[str, object] = {
            "field_name": "attempt_ok",
            "value": "perhaps",
            "type": "",
            "user_name": "alice",
            "tags": [],
        }
        assert got(served, "/flows/LinearFlow/runs/1/steps/end/tasks/4/metadata", "POST", [datum]).status == 200
        asked_for = ("status=completed", "_limit=5", "status=completed&ts_epoch:gt=1795473075862")
        assert [got(served, f"/flows/LinearFlow/runs?{query}").status for query in asked_for] == [500, 200, 200]


def test_a_made_history_is_as_large_as_real_ones_and_told_by_its_states() -> None:
    with closing(Store()) as store, serving(store) as served:
        made = fill(store, flows=3, runs=200, running=2)
        listed = [got(served, f"/flows/{flow}/runs?_limit=500&status=completed,failed,running") for flow in made.flows]
        runs = [row for told in listed for row in told.body]
        assert Counter(row["status"] for row in runs) == Counter(made.kinds)
        assert [len(told.body) for told in listed] == [100, 50, 50]
        first = next(number for number, kind in zip(made.runs, made.kinds, strict=True) if kind == "completed")
        flow = next(flow for flow in made.flows if store.run_key(flow, first))
        rows = {
            name: len(store.rows(f"SELECT * FROM {name}_view WHERE run_key = ?", first))
            for name in ("step", "task", "metadata", "artifact")
        }
        assert rows == {"step": 5, "task": 7, "metadata": 110, "artifact": 101}
        assert got(served, f"/flows/{flow}/runs/{first}/metadata").body["attempts"] == [None] * 110
