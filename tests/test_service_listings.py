"""Pages of runs over a metadata service, of every release: as a model over the rows of its store has them."""

import asyncio
import json
from collections.abc import Awaitable, Generator
from contextlib import closing, contextmanager
from functools import partial
from time import thread_time
from typing import Any, NamedTuple, TypeVar

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from in_process import errors_of
from metaflow_graphql.providers import records
from metaflow_graphql.providers.base import Position, RunFilter, RunPage, RunPageKey, RunsKey
from over_service import RELEASES, Gate, add_run, asking, cost, opened, requests
from service import Served, Store, fill, serving
from service.recordings import recorded_store
from upstreams import in_a_loop, said, upstream

T = TypeVar("T")

# Without pages, with pages of runs alone, with all.
DIFFERENT = ("2.5.1", "9477778", "head")
START = 1_795_000_000_000
FLOWS = ("Busy", "Few", "Other", "Without")
TAGS = ("nightly", "a,b", "null", "team:ml", "ä/1", "user:alice")
USERS = ("alice", "bob", "carol")
BUSY_RUNS = 1_300


class Row(NamedTuple):
    """A run, as it is in the store."""

    place: Position
    user: str
    tags: frozenset[str]


@contextmanager
def listed() -> Generator[tuple[Store, list[Row]]]:
    """Runs of which many began in the same millisecond, some by name and by none but a number."""
    with closing(Store()) as store:
        rows: list[Row] = []
        for flow in FLOWS:
            store.insert("flows", flow_id=flow, ts_epoch=START)
        with store.writing():
            for number in range(BUSY_RUNS):
                # Of one millisecond are three, then a whole page and more.
                at = START + (number // 3 if number < 500 else 600 if number < 1_150 else number)
                rows.append(add(store, "Busy", number, at))
            rows += [add(store, ("Few", "Other")[number % 2], number, START + 40 * number) for number in range(24)]
        yield store, rows


def add(store: Store, flow: str, number: int, at: int) -> Row:
    """One more run in the store; what it is like comes of its number."""
    tags = [tag for place, tag in enumerate(TAGS[:-1]) if number % (place + 3) == 0]
    user = USERS[number % 3]
    system = [f"user:{user}", "runtime:dev"] if number % 5 else []
    name = f"argo-{number:x}" if number % 7 == 0 else None
    values = {"tags": json.dumps(tags), "system_tags": json.dumps(system)}
    run = store.insert("runs", flow_id=flow, run_id=name, user_name=user, ts_epoch=at, **values)
    return Row(Position(1000 * at, flow, name or str(run)), user, frozenset((*tags, *system)))


@pytest.fixture(scope="module")
def store_and_rows() -> Generator[tuple[Store, list[Row]]]:
    with listed() as made:
        yield made


def modelled(rows: list[Row], key: RunPageKey) -> tuple[list[str], bool]:
    """The pathspecs of the page, and whether there are more."""
    found = sorted((row for row in rows if _belongs(row, key)), key=lambda row: row.place, reverse=True)
    page = found[max(0, len(found) - key.limit) :] if key.backward else found[: key.limit]
    return [f"{row.place.flow}/{row.place.run_id}" for row in page], len(found) > key.limit


def _belongs(row: Row, key: RunPageKey) -> bool:
    wanted, began = key.runs.filter, row.place.microseconds // 1000
    return (
        (key.after is None or row.place < key.after)
        and (key.before is None or row.place > key.before)
        and (key.runs.namespace is None or key.runs.namespace in row.tags)
        and (wanted.flows is None or row.place.flow in wanted.flows)
        and wanted.tags <= row.tags
        and (wanted.any_tags is None or bool(wanted.any_tags & row.tags))
        and (wanted.users is None or row.user in wanted.users)
        and row.place.run_id.startswith(wanted.run_id_prefix)
        and (wanted.created_from_ms is None or began >= wanted.created_from_ms)
        and (wanted.created_before_ms is None or began < wanted.created_before_ms)
    )


def page_of(gate: Gate, key: RunPageKey) -> RunPage:
    (found,) = gate.run(gate.provider.for_operation().run_pages([key]))
    assert isinstance(found, RunPage), found
    return found


def pathspecs(page: RunPage) -> list[str]:
    return [run.pathspec for run in page.runs if isinstance(run, records.Run)]


def keys(rows: list[Row]) -> st.SearchStrategy[RunPageKey]:
    """Questions about these runs; cursors are of runs that are there, and of ones that no longer are."""
    none = st.none()
    place = st.sampled_from([row.place for row in rows])
    gone = st.sampled_from([row.place._replace(run_id=row.place.run_id + "0") for row in rows])
    tags = st.frozensets(st.sampled_from((*TAGS, "absent")), max_size=2)
    times = st.integers(START - 5, START + BUSY_RUNS + 5)
    filters = st.builds(
        RunFilter,
        flows=none | st.frozensets(st.sampled_from((*FLOWS, "Absent")), max_size=3),
        tags=tags,
        any_tags=none | tags,
        users=none | st.frozensets(st.sampled_from((*USERS, "nobody")), max_size=2),
        run_id_prefix=st.sampled_from(["", "", "1", "argo-", "x"]),
        created_from_ms=none | times,
        created_before_ms=none | times,
    )
    runs = st.builds(partial(RunsKey, "default"), st.sampled_from([None, None, *TAGS]), filters)
    limits = st.sampled_from([1, 2, 3, 10, 100, 499, 500])
    ends = (none | place | gone, none | place | gone)
    return st.builds(RunPageKey, runs, limits, *ends, st.booleans(), none, st.booleans())


@pytest.mark.parametrize("release", RELEASES)
def test_a_page_is_what_its_question_says(store_and_rows: tuple[Store, list[Row]], release: str) -> None:
    store, rows = store_and_rows

    with serving(store, release=release) as served, opened(served.url) as gate:

        @settings(max_examples=20, deadline=None, derandomize=True)
        @given(keys(rows))
        def check(key: RunPageKey) -> None:
            found = page_of(gate, key)
            assert (pathspecs(found), found.more) == modelled(rows, key)

        check()


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("backward", [False, True])
def test_pages_make_up_the_listing(store_and_rows: tuple[Store, list[Row]], release: str, backward: bool) -> None:
    store, rows = store_and_rows
    with serving(store, release=release) as served, opened(served.url) as gate:
        assert walked(gate, 190, backward=backward) == modelled(rows, page_key(10_000))[0]


def walked(gate: Gate, limit: int, *, backward: bool = False) -> list[str]:
    """All runs, page by page."""
    found: list[str] = []
    key = page_key(limit)._replace(backward=backward)
    while True:
        page = page_of(gate, key)
        found = pathspecs(page) + found if backward else found + pathspecs(page)
        if not page.more:
            return found
        key = key._replace(before=page.places[0]) if backward else key._replace(after=page.places[-1])


def page_key(limit: int, **wanted: Any) -> RunPageKey:
    return RunPageKey(RunsKey("default", None, RunFilter(**wanted)), limit)


@pytest.mark.parametrize("release", RELEASES)
def test_runs_that_arrive_do_not_move_a_page(release: str) -> None:
    with listed() as (store, rows), serving(store, release=release) as served, opened(served.url) as gate:
        before = modelled(rows, page_key(1_000, flows=None))[0]
        first = page_of(gate, page_key(10))
        for number in range(100, 120):
            add(store, "Few", number, START + 5_000 + number)
        further = page_of(gate, page_key(10)._replace(after=first.places[-1]))
        assert pathspecs(first) + pathspecs(further) == before[:20]


def test_a_cursor_of_another_age_is_no_fault(store_and_rows: tuple[Store, list[Row]]) -> None:
    store, rows = store_and_rows
    with serving(store) as served, opened(served.url) as gate:
        for far in (-(10**30), 10**30):
            place = Position(far, "Busy", "1")
            for key in (page_key(2)._replace(after=place), page_key(2)._replace(before=place)):
                found = page_of(gate, key)
                assert (pathspecs(found), found.more) == modelled(rows, key)


def test_a_page_near_the_newest_is_not_looked_for_among_all(store_and_rows: tuple[Store, list[Row]]) -> None:
    store, rows = store_and_rows
    newest = sorted((row.place for row in rows if row.place.flow == "Busy"), reverse=True)
    key = page_key(10, flows=frozenset({"Busy"}))._replace(before=newest[12], backward=True)
    for release in ("9477778", "head"):
        with serving(store, release=release) as served, opened(served.url) as gate:
            assert pathspecs(page_of(gate, key)) == modelled(rows, key)[0]
            assert requests(served)["runs"] <= 2


def test_nothing_is_asked_for_what_nothing_can_be(store_and_rows: tuple[Store, list[Row]]) -> None:
    store, _ = store_and_rows
    with serving(store) as served, opened(served.url) as gate:
        for wanted in ({"any_tags": frozenset[str]()}, {"users": frozenset[str]()}, {"flows": frozenset[str]()}):
            assert page_of(gate, page_key(10, **wanted)) == RunPage([], False, ())
        assert requests(served) == {}


NAMESPACED = """query ($namespace: String) { flows(namespace: $namespace) { nodes { name latestRun { pathspec } } } }"""
ONE_FLOW = "query ($flow: String!, $namespace: String) { flow(name: $flow, namespace: $namespace) { name } }"


@pytest.mark.parametrize("release", DIFFERENT)
def test_a_namespace_has_the_flows_of_its_runs(store_and_rows: tuple[Store, list[Row]], release: str) -> None:
    store, rows = store_and_rows
    with serving(store, release=release) as served, opened(served.url) as gate:
        for namespace in ("nightly", "a,b", "null", "user:bob", "absent"):
            latest = {flow: newest_of(rows, flow, namespace) for flow in sorted(FLOWS)}
            assert gate.data(NAMESPACED, namespace=namespace)["flows"]["nodes"] == [
                {"name": flow, "latestRun": {"pathspec": run}} for flow, run in latest.items() if run
            ]
            for flow, run in latest.items():
                answer = gate.answer(ONE_FLOW, flow=flow, namespace=namespace)
                errors = [] if run else [("NAMESPACE_MISMATCH", ["flow"])]
                assert (errors_of(answer), answer["data"]["flow"]) == (errors, {"name": flow} if run else None)
        assert gate.data(NAMESPACED)["flows"]["nodes"] == [
            {"name": flow, "latestRun": run and {"pathspec": run}}
            for flow, run in ((flow, newest_of(rows, flow)) for flow in sorted(FLOWS))
        ]
        assert gate.answer(ONE_FLOW, flow="Absent", namespace="nightly") == {"data": {"flow": None}}


def newest_of(rows: list[Row], flow: str, namespace: str | None = None) -> str | None:
    key = RunPageKey(RunsKey("default", namespace, RunFilter(flows=frozenset({flow}))), 1)
    return next(iter(modelled(rows, key)[0]), None)


def test_without_pages_a_list_of_runs_is_shared_until_one_is_changed() -> None:
    query = """query ($after: String) { flow(name: "LinearFlow") { runs(first: 1, after: $after) {
        nodes { runId userTags } pageInfo { endCursor } } } }"""
    change = 'mutation { addTags(pathspec: "LinearFlow/2", tags: ["new"]) { run { pathspec } } }'
    with closing(recorded_store()) as store, serving(store, release="2.5.1") as served, opened(served.url) as gate:
        runs = gate.data(query)["flow"]["runs"]
        after = runs["pageInfo"]["endCursor"]
        (further,) = gate.data(query, after=after)["flow"]["runs"]["nodes"]
        assert runs["nodes"][0]["runId"] == "argo-linearflow-0f226d"
        assert (further["runId"], requests(served)["runs"]) == ("2", 1)
        gate.data(change)
        (changed,) = gate.data(query, after=after)["flow"]["runs"]["nodes"]
        assert changed == {"runId": "2", "userTags": sorted([*further["userTags"], "new"])}
        assert requests(served)["runs"] == 2


@in_a_loop
async def test_pages_of_a_list_that_is_asked_for_already_are_not_asked_for_again() -> None:
    with listed() as (store, rows), serving(store, release="2.5.1", delay=0.1) as served:
        async with asking(served.url) as gateway:

            async def page(key: RunPageKey) -> tuple[list[str], bool]:
                (found,) = await gateway.provider.for_operation().run_pages([key])
                assert isinstance(found, RunPage)
                return pathspecs(found), found.more

            await page(page_key(1, flows=frozenset({"Few"})))
            served.reset()
            busy = [row.place for row in rows if row.place.flow == "Busy"]
            first = page_key(3, flows=frozenset({"Busy"}))
            pages = [first._replace(after=place, limit=limit) for limit, place in enumerate(busy[::100], 1)]
            found = await asyncio.gather(*map(page, pages))
    assert found == [modelled(rows, key) for key in pages]
    assert requests(served) == {"runs": 1}


@in_a_loop
async def test_a_service_may_learn_to_give_pages_and_forget_it() -> None:
    with listed() as (store, rows), serving(store, release="2.5.1") as old, serving(store) as new:
        served = old

        async def pass_on(request: web.BaseRequest) -> web.Response:
            async with aiohttp.request("GET", URL(served.url + request.raw_path, encoded=True)) as got:
                headers = {name: value for name, value in got.headers.items() if name.startswith("X-")}
                return web.Response(body=await got.read(), headers=headers)

        async with upstream(pass_on) as url, asking(url) as gateway:
            for flow, now in (("Few", old), ("Busy", new), ("Busy", new), ("Other", old), ("Few", new)):
                served = now
                key = page_key(5, flows=frozenset({flow}), tags=frozenset({"nightly"}))._replace(backward=True)
                (found,) = await gateway.provider.for_operation().run_pages([key])
                assert isinstance(found, RunPage)
                assert (pathspecs(found), found.more) == modelled(rows, key)


@in_a_loop
async def test_a_service_may_forget_to_give_pages_in_the_middle_of_them() -> None:
    users = ("one", "two")
    runs: list[dict[str, Any]] = [
        {"flow_id": "Busy", "run_number": number, "ts_epoch": START + number, "user_name": users[number % 2]}
        for number in range(20)
    ]
    asked = 0

    async def answer(_: web.BaseRequest) -> web.Response:
        nonlocal asked
        asked += 1
        paged = {"X-Limit": "7", "X-Next-Cursor": "next"} if asked == 1 else {}
        return web.Response(text=json.dumps(runs[:-8:-1] if paged else runs), headers=paged)

    wanted = page_key(5, flows=frozenset({"Busy"}), users=frozenset({"two"}))
    async with upstream(answer) as url, asking(url) as gateway:
        (found,) = await gateway.provider.for_operation().run_pages([wanted])
    assert isinstance(found, RunPage)
    assert (pathspecs(found), found.more) == ([f"Busy/{number}" for number in (19, 17, 15, 13, 11)], True)


LONG = 110_000


async def longest_step(asked: Awaitable[T]) -> tuple[T, float]:
    """What is answered, and how long (s of the processor) others had to wait for the event loop at the most."""
    longest, over = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        while not over.is_set():
            since = thread_time()
            await asyncio.sleep(0)
            longest = max(longest, thread_time() - since)

    watching = asyncio.create_task(watch())
    try:
        found = await asked
    finally:
        over.set()
        await watching
    return found, longest


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (LONG - 1, LONG - 2)),
        ({"after": Position(1000 * (START + 50_000), "Busy", "50000")}, (49_999, 49_998)),
        ({"backward": True}, (1, 0)),
        ({"backward": True, "before": Position(1000 * (START + 50_000), "Busy", "50000")}, (50_002, 50_001)),
        ({"runs": RunsKey("default", "user:one", RunFilter())}, (7,)),
        ({"runs": RunsKey("default", None, RunFilter(users=frozenset({"two"})))}, (8,)),
        ({"runs": RunsKey("default", None, RunFilter(run_id_prefix="10999"))}, (109_999, 109_998)),
        ({"runs": RunsKey("default", None, RunFilter(created_before_ms=START + 2))}, (1, 0)),
    ],
)
@in_a_loop
async def test_a_page_of_a_very_long_list_keeps_no_one_waiting(
    asked: dict[str, Any], expected: tuple[int, ...]
) -> None:
    runs: list[dict[str, Any]] = [
        {"flow_id": "Busy", "run_number": number, "ts_epoch": START + number} for number in range(LONG)
    ]
    runs[7]["system_tags"] = ["user:one"]
    runs[8]["user_name"] = "two"
    body = json.dumps(runs[50_000:] + runs[:50_000])

    async def answer(request: web.BaseRequest) -> web.Response:
        return said(body)

    wanted = page_key(2)._replace(**asked)
    wanted = wanted._replace(runs=wanted.runs._replace(filter=wanted.runs.filter._replace(flows=frozenset({"Busy"}))))
    async with upstream(answer) as url, asking(url) as gateway:
        for _ in range(2):
            (found,), longest = await longest_step(gateway.provider.for_operation().run_pages([wanted]))
            assert isinstance(found, RunPage)
            assert pathspecs(found) == [f"Busy/{number}" for number in expected]
            # A record of each would take some seconds.
            assert longest < 0.25


SUCCEEDED = "SUCCEEDED"
SAID = {"completed": SUCCEEDED, "failed": "FAILED", "running": "RUNNING"}
BY_STATUS = """query ($statuses: [RunStatus!], $after: String) {
    runs(filter: {statuses: $statuses}, first: 4, after: $after) {
        nodes { pathspec status } pageInfo { hasNextPage endCursor } } }"""


@contextmanager
def of_all_kinds() -> Generator[tuple[Store, dict[str, str]]]:
    """Runs of three flows, and their statuses by pathspec, newest first."""
    with closing(Store()) as store:
        fill(store, flows=3, runs=16, failed=0.3, running=2)
        rows = store.rows("SELECT flow_id || '/' || run_number AS run, status FROM state_view ORDER BY ts_epoch DESC")
        yield store, {row["run"]: SAID[row["status"]] for row in rows}


@pytest.mark.parametrize("release", DIFFERENT)
@pytest.mark.parametrize("statuses", [["SUCCEEDED"], ["RUNNING", "FAILED"], ["SUCCEEDED", "RUNNING"]])
def test_pages_of_a_status_make_up_its_runs(release: str, statuses: list[str]) -> None:
    with of_all_kinds() as (store, said), serving(store, release=release) as served:
        assert walked_of(served, statuses) == [(run, status) for run, status in said.items() if status in statuses]


def walked_of(served: Served, statuses: list[str]) -> list[tuple[str, str]]:
    """The runs of these statuses, page by page; each page is asked of a gateway that knows nothing yet."""
    found: list[tuple[str, str]] = []
    after = None
    while True:
        page = cost(served, BY_STATUS, statuses=statuses, after=after)[0]["runs"]
        found += [(run["pathspec"], run["status"]) for run in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


SUCCEEDED_LAST = """query ($before: String) { runs(filter: {statuses: [SUCCEEDED]}, last: 4, before: $before) {
    nodes { pathspec status } pageInfo { hasPreviousPage startCursor } } }"""


@pytest.mark.parametrize("release", DIFFERENT)
def test_pages_of_a_status_go_backward(release: str) -> None:
    with of_all_kinds() as (store, said), serving(store, release=release) as served:
        found: list[tuple[str, str]] = []
        before, more = None, True
        while more:
            page = cost(served, SUCCEEDED_LAST, before=before)[0]["runs"]
            found = [(run["pathspec"], run["status"]) for run in page["nodes"]] + found
            before, more = page["pageInfo"]["startCursor"], page["pageInfo"]["hasPreviousPage"]
        assert found == [one for one in said.items() if one[1] == SUCCEEDED]


def test_one_outcome_that_is_no_boolean_costs_no_list() -> None:
    with of_all_kinds() as (store, said), serving(store) as served:
        spoil(store)
        # The artifact `_task_ok` tells how it ended.
        assert walked_of(served, ["SUCCEEDED"]) == [
            (run, status) for run, status in said.items() if status == SUCCEEDED
        ]
        with opened(served.url) as gate:
            assert gate.data(LATEST, flow="MadeFlow00") == gate.data(LATEST, flow="MadeFlow00")
            served.reset()
            gate.data("{ runs(first: 1) { nodes { pathspec status } } }")
            # That this flow's runs can't tell their status is remembered.
            assert requests(served)["runs"] == 3


def test_many_such_flows_do_not_make_the_service_look_broken() -> None:
    with closing(Store()) as store, serving(store) as served, opened(served.url) as gate:
        for number in range(12):
            flow = f"Flow{number:02}"
            for _ in range(2):
                add_run(store, flow, {"start": [True], "end": [True]}, START + number)
            spoil(store, flow)
        flows = gate.data("{ flows { nodes { name latestSuccessfulRun { runId } } } }")["flows"]["nodes"]
        expected = {f"Flow{number:02}": {"runId": str(2 * number + 1)} for number in range(12)}
        assert {flow["name"]: flow["latestSuccessfulRun"] for flow in flows} == expected


def spoil(store: Store, flow: str = "MadeFlow00") -> None:
    """Make the outcome of the newest run of the flow one that is no boolean."""
    sql = "SELECT id FROM metadata_view WHERE field_name = ? AND step_name = ? AND flow_id = ? ORDER BY id DESC LIMIT 1"
    row = store.row(sql, "attempt_ok", "end", flow)
    assert row
    with store.writing() as connection:
        connection.execute("UPDATE metadata SET value = 'maybe' WHERE id = ?", (row["id"],))


LATEST = "query ($flow: String!) { flow(name: $flow) { latestSuccessfulRun { pathspec } } }"
OF_FLOW = """query ($flow: String!, $after: String) { flow(name: $flow) {
    runs(filter: {statuses: [SUCCEEDED]}, first: 2, after: $after) {
        nodes { pathspec } pageInfo { hasNextPage endCursor } } } }"""


@pytest.mark.parametrize(
    ("release", "rows_of_metadata"), [*((release, 0) for release in RELEASES), ("2.5.1", 200), ("head", 200)]
)
def test_a_flow_may_end_with_another_step(release: str, rows_of_metadata: int) -> None:
    succeeded, failed = {"start": [True], "finish": [True]}, {"start": [True, False]}
    with closing(Store()) as store, serving(store, release=release) as served:
        outcomes = (succeeded, succeeded, succeeded, *(failed,) * 6)
        made = [
            add_run(store, "Odd", steps, START + 60_000 * at, end_step="finish", rows_of_metadata=rows_of_metadata)
            for at, steps in enumerate(outcomes)
        ]
        assert cost(served, LATEST, flow="Odd")[0] == {"flow": {"latestSuccessfulRun": {"pathspec": made[2]}}}
        first = cost(served, OF_FLOW, flow="Odd")[0]["flow"]["runs"]
        further = cost(served, OF_FLOW, flow="Odd", after=first["pageInfo"]["endCursor"])[0]["flow"]["runs"]
    assert [run["pathspec"] for run in first["nodes"] + further["nodes"]] == [made[2], made[1], made[0]]
    assert (first["pageInfo"]["hasNextPage"], further["pageInfo"]["hasNextPage"]) == (True, False)


def test_a_run_that_was_resumed_does_not_tell_how_its_flow_ends() -> None:
    with closing(Store()) as store, serving(store) as served:
        succeeded = {"start": [True], "finish": [True]}
        made = [add_run(store, "Odd", succeeded, START + 60_000 * at, end_step="finish") for at in range(3)]
        with store.writing() as connection:
            run = int(made[2].split("/")[1])
            of_run = "task_key IN (SELECT task_key FROM tasks WHERE run_key = ?)"
            connection.execute(f"DELETE FROM metadata WHERE field_name LIKE '%_step' AND {of_run}", (run,))
            sql = f"UPDATE metadata SET field_name = 'origin-run-id' WHERE field_name = 'attempt' AND {of_run}"
            connection.execute(sql, (run,))
        assert cost(served, LATEST, flow="Odd")[0] == {"flow": {"latestSuccessfulRun": {"pathspec": made[1]}}}


def test_many_flows_are_listed_on_several_pages() -> None:
    with closing(Store()) as store, serving(store) as served, opened(served.url) as gate:
        names = [f"Flow{number:04}" for number in range(1_100)]
        with store.writing() as connection:
            connection.executemany("INSERT INTO flows VALUES (?, ?)", [(name, START) for name in names])
        assert gate.data("{ flows(last: 2) { nodes { name } totalCount } }") == {
            "flows": {"nodes": [{"name": "Flow1098"}, {"name": "Flow1099"}], "totalCount": 1_100}
        }
        assert requests(served) == {"flows": 3}
