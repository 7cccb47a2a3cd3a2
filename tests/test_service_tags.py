"""Changing tags over a metadata service: by Metaflow's rules, one at a time, and none is lost."""

import asyncio
import json
from collections.abc import Generator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from in_process import errors_of
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.providers.service.client import Client
from metaflow_graphql.providers.service.provider import ServiceProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.errors import Faults
from metaflow_graphql.server.operations import Operation, Operations
from over_service import Gate, asking, data_of, opened, requests
from service import Served, Store, serving
from service.recordings import recorded_store
from upstreams import in_a_loop, upstream

RUN = "LinearFlow/1"
NAMED = "LinearFlow/argo-linearflow-0f226d"
OWN = ["experiment:baseline", "quality:low"]  # What LinearFlow/1 has at first.

ADD = """mutation ($run: String!, $tags: [String!]!, $namespace: String) {
    addTags(pathspec: $run, tags: $tags, namespace: $namespace) { run { pathspec userTags } } }"""
REMOVE = """mutation ($run: String!, $tags: [String!]!) {
    removeTags(pathspec: $run, tags: $tags) { run { pathspec userTags tags } } }"""
REPLACE = """mutation ($run: String!, $remove: [String!]!, $add: [String!]!) {
    replaceTags(pathspec: $run, remove: $remove, add: $add) { run { userTags steps { userTags } } } }"""
MUTABLE = "{ metadataProviders { name canMutateTags } }"


@pytest.fixture
def served() -> Generator[Served]:
    with closing(recorded_store()) as store, serving(store) as service:
        tag(service, RUN, OWN)
        yield service


@pytest.fixture
def gate(served: Served) -> Generator[Gate]:
    with opened(served.url) as gate:
        yield gate


def tag(served: Served, run: str, tags: list[str]) -> None:
    with served.store.writing() as connection:
        flow, _, number = run.partition("/")
        values = (json.dumps(tags), flow, number)
        connection.execute("UPDATE runs SET tags = ? WHERE flow_id = ? AND ifnull(run_id, '' || run_key) = ?", values)


def tags(served: Served, run: str = RUN) -> list[str]:
    """Those in the store, sorted."""
    flow, _, number = run.partition("/")
    row = served.store.row("SELECT tags FROM run_view WHERE flow_id = ? AND '' || run_number = ?", flow, number)
    assert row
    return sorted(json.loads(row["tags"]))


def test_tags_are_added_and_removed(served: Served, gate: Gate) -> None:
    run = gate.data(ADD, run=RUN, tags=["new", "a,b", "null", "x" * 500])["addTags"]["run"]
    assert run == {"pathspec": RUN, "userTags": sorted([*OWN, "new", "a,b", "null", "x" * 500])}
    assert tags(served) == run["userTags"]
    run = gate.data(REMOVE, run=RUN, tags=["x" * 500, "null", "absent"])["removeTags"]["run"]
    assert run["userTags"] == tags(served) == sorted([*OWN, "new", "a,b"])
    assert set(run["userTags"]) < set(run["tags"])


def test_what_is_removed_and_added_stays(served: Served, gate: Gate) -> None:
    run = gate.data(REPLACE, run=RUN, remove=[*OWN, "both"], add=["both"])["replaceTags"]["run"]
    assert run == {"userTags": ["both"], "steps": [{"userTags": ["both"]}] * 3}
    assert tags(served) == ["both"]


def test_both_names_of_a_run_are_of_one(served: Served, gate: Gate) -> None:
    tag(served, NAMED, [])
    assert gate.data(ADD, run="LinearFlow/8", tags=["a"])["addTags"]["run"] == {"pathspec": NAMED, "userTags": ["a"]}
    assert gate.data(ADD, run=NAMED, tags=["b"])["addTags"]["run"] == {"pathspec": NAMED, "userTags": ["a", "b"]}


def test_a_change_costs_what_its_steps_cost(served: Served, gate: Gate) -> None:
    gate.data(MUTABLE)
    served.reset()
    gate.data(ADD, run=RUN, tags=["new"])
    assert requests(served) == {"run": 2, "tag mutation": 1}


@pytest.mark.parametrize("rejected", [[], [""], ["x" * 501], ["fine", ""], ["a\0b"]])
def test_what_metaflow_rejects_is_not_sent(served: Served, gate: Gate, rejected: list[str]) -> None:
    gate.data(MUTABLE)
    served.reset()
    for mutation, field in ((ADD, "addTags"), (REMOVE, "removeTags")):
        assert errors_of(gate.answer(mutation, run=RUN, tags=rejected)) == [("INVALID_TAG", [field])]
    assert requests(served) == {}
    assert tags(served) == OWN


def test_system_tags_stay(served: Served, gate: Gate) -> None:
    (system,) = (tag for tag in system_tags(served) if tag.startswith("user:"))
    assert errors_of(gate.answer(REMOVE, run=RUN, tags=[OWN[0], system])) == [("SYSTEM_TAG", ["removeTags"])]
    assert tags(served) == OWN
    assert gate.data(ADD, run=RUN, tags=[system])["addTags"]["run"]["userTags"] == OWN


def system_tags(served: Served) -> list[str]:
    (row,) = served.store.rows("SELECT system_tags FROM run_view WHERE flow_id = 'LinearFlow' AND run_key = 1")
    return json.loads(row["system_tags"])


@pytest.mark.parametrize("run", ["LinearFlow/1000", "Absent/1", "LinearFlow/99999999999", "LinearFlow/%31"])
def test_a_run_that_is_not_there_has_no_tags(gate: Gate, run: str) -> None:
    assert errors_of(gate.answer(ADD, run=run, tags=["x"])) == [("NOT_FOUND", ["addTags"])]


def test_a_run_outside_of_the_namespace_keeps_its_tags(served: Served, gate: Gate) -> None:
    answer = gate.answer(ADD, run=RUN, tags=["x"], namespace="user:nobody")
    assert errors_of(answer) == [("NAMESPACE_MISMATCH", ["addTags"])]
    assert tags(served) == OWN
    assert gate.data(ADD, run=RUN, tags=["x"], namespace=OWN[0])["addTags"]["run"]["userTags"] == [*OWN, "x"]


@pytest.mark.parametrize("options", [{"release": "2.2.4"}, {"release": "2.0.5"}, {"read_only": True}], ids=str)
def test_some_services_change_no_tags(options: dict[str, Any]) -> None:
    with closing(recorded_store()) as store, serving(store, **options) as served, opened(served.url) as gate:
        before = tags(served)
        assert mutable(gate) is False
        assert errors_of(gate.answer(ADD, run=RUN, tags=["x"])) == [("READ_ONLY_PROVIDER", ["addTags"])]
        assert tags(served) == before


@pytest.mark.parametrize("release", ["2.3.0", "2.5.1", "9477778", "head"])
def test_others_do(release: str) -> None:
    with closing(recorded_store()) as store, serving(store, release=release) as served, opened(served.url) as gate:
        assert mutable(gate) is True
        assert "x" in gate.data(ADD, run=RUN, tags=["x"])["addTags"]["run"]["userTags"]


def mutable(gate: Gate) -> bool:
    (told,) = gate.data(MUTABLE)["metadataProviders"]
    return told["canMutateTags"]


def test_names_of_providers_cost_no_request(served: Served, gate: Gate) -> None:
    assert gate.data("{ metadataProviders { name } }") == {"metadataProviders": [{"name": "default"}]}
    assert requests(served) == {}


@in_a_loop
async def test_a_service_that_is_down_costs_no_other_provider_its_answer(tmp_path: Path) -> None:
    async with upstream(unavailable) as url:
        down, local = (
            ServiceProvider("down", Client(url, name="down"), LocalDatastore(None)),
            LocalProvider("local", tmp_path),
        )
        gateway = Gateway({"down": down, "local": local}, "local")
        try:
            operation = Operation(MUTABLE, None)
            answer = await asyncio.create_task(Operations(schema, gateway).answer(operation, Faults()))
        finally:
            await gateway.close()
    assert data_of(answer)["metadataProviders"] == [
        {"name": "down", "canMutateTags": False},
        {"name": "local", "canMutateTags": True},
    ]


async def unavailable(_request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=503)


@in_a_loop
async def test_changes_of_one_gateway_do_not_conflict() -> None:
    with closing(recorded_store()) as store, serving(store, mutation_seconds=0.005) as served:
        tag(served, RUN, [])
        async with asking(served.url) as gateway:
            changes = (gateway.answer(ADD, run=RUN, tags=[f"tag-{number}"]) for number in range(20))
            assert all("errors" not in answer for answer in await asyncio.gather(*changes))
        assert tags(served) == sorted(f"tag-{number}" for number in range(20))
        # And one to learn whether tags can be changed.
        assert requests(served)["tag mutation"] == 21


def test_conflicts_are_tried_again(served: Served, gate: Gate) -> None:
    served.options.conflicts = 0.5
    for number in range(10):
        gate.data(ADD, run=RUN, tags=[str(number)])
    assert tags(served) == sorted([*OWN, *map(str, range(10))])
    assert requests(served)["tag mutation"] > 11


def test_conflicts_without_end_are_told(served: Served, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metaflow_graphql.providers.service.tags._PAUSE", 0)
    served.options.conflicts = 1
    assert errors_of(gate.answer(ADD, run=RUN, tags=["x"])) == [("TAG_CONFLICT", ["addTags"])]
    # What was asked first is whether tags can be changed at all.
    assert requests(served) == {"run": 2, "tag mutation": 11}
    assert tags(served) == OWN


@in_a_loop
async def test_a_connection_that_breaks_after_the_change_costs_nothing() -> None:
    with closing(recorded_store()) as store, serving(store) as served:
        tag(served, RUN, OWN)
        broken: list[str] = []

        async def unreliable(request: web.BaseRequest) -> web.StreamResponse:
            body, url = await request.read(), URL(served.url + request.raw_path, encoded=True)
            async with aiohttp.request(request.method, url, data=body) as got:
                answer = web.Response(status=got.status, body=await got.read())
            if request.method == "PATCH" and "/-/" not in request.raw_path and not broken:
                broken.append(request.raw_path)
                assert request.transport
                request.transport.close()
            return answer

        async with upstream(unreliable) as url, asking(url) as gateway:
            found = data_of(await gateway.answer(ADD, run=RUN, tags=["x"]))
        assert (found["addTags"]["run"]["userTags"], len(broken)) == ([*OWN, "x"], 1)
        assert tags(served) == [*OWN, "x"]


@in_a_loop
async def test_of_a_thousand_changes_at_once_none_is_lost() -> None:
    with closing(Store()) as store, serving(store, conflicts=0.01, mutation_seconds=0.0005) as served:
        store.insert("flows", flow_id="Flow", ts_epoch=1)
        of_run = {"user_name": "alice", "tags": "[]", "system_tags": '["user:alice"]', "ts_epoch": 1}
        runs = [f"Flow/{store.insert('runs', flow_id='Flow', **of_run)}" for _ in range(20)]
        async with AsyncExitStack() as stack:
            gateways = [await stack.enter_async_context(asking(served.url)) for _ in range(2)]

            async def change(number: int) -> None:
                run, own = runs[number % len(runs)], f"tag-{number}"
                answer = data_of(await gateways[number // 20 % 2].answer(ADD, run=run, tags=[own]))
                # Whoever changed it sees the change.
                assert own in answer["addTags"]["run"]["userTags"]

            await asyncio.gather(*map(change, range(1_000)))
        assert [tags(served, run) for run in runs] == [
            sorted(f"tag-{number}" for number in range(of_run, 1_000, len(runs))) for of_run in range(len(runs))
        ]
        # Each was asked for before, and whether it may be changed once of each gateway.
        assert requests(served)["tag mutation"] >= 1_002
