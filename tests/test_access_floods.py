"""What is in the audit log of floods and of large requests: it can't be filled, and no change of a run is left out."""

import asyncio
import json
import os
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from guarded import TOKEN, ask, bearer, rule, token_table, written
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.access.control import AccessControl
from metaflow_graphql.server.app import application
from metaflow_graphql.server.audit import floods
from metaflow_graphql.server.audit.entries import Entry
from metaflow_graphql.server.audit.floods import Floods, Line
from metaflow_graphql.server.audit.log import AuditLog
from metaflow_graphql.server.senders import Sender
from principals import put_run_of, put_task
from serving import served

ALICE = {"name": "alice", "by": "token", "issuer": None}
# What they change is thus in the provider `made`, without its being named.
TAGGING = rule("everyone = true", 'metadata = ["made"]', 'namespaces = ["user:alice"]', 'may = ["tags"]')
LOG = 'step(name: "start") { task { logUrl(stream: STDOUT) } }'
ADD = "mutation($run: String!, $tags: [String!]!) { addTags(pathspec: $run, tags: $tags) { run { pathspec } } }"
EMOJI = "\N{GRINNING FACE}" * 200


FEW = 5


@pytest.fixture
def few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many in a minute, for one who is known."""
    monkeypatch.setattr(floods, "LINES_OF_KNOWN", FEW)


@pytest.fixture
def run(tmp_path: Path) -> str:
    made = put_run_of(tmp_path, 1, "alice")
    put_task(tmp_path, made, attempt="0", ds_root=str(tmp_path / ".metaflow"))
    return f"Made/{made}"


@contextmanager
def opened(root: Path) -> Generator[httpx.Client]:
    path = written(root, token_table("alice", TOKEN) + TAGGING + "[rates]\nprincipal = 100_000\naddress = 100_000\n")
    providers = {name: LocalProvider(name, root) for name in ("another", "made")}
    gateway, access = Gateway(providers, "another"), AccessControl(path, [*providers])
    with served(application(schema, gateway, access=access), proxy_headers=False, lifespan="on") as client:
        yield client


def asked(client: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    body = {"query": query, "variables": variables}
    return client.post("/graphql", json=body, headers=bearer(TOKEN)).json()


def lines(root: Path) -> list[dict[str, Any]]:
    """Once the gateway has ended."""
    return [json.loads(line) for line in (root / "audit.jsonl").read_text().splitlines()]


@pytest.mark.usefixtures("run", "few_lines")
def test_what_is_refused_at_fields_is_counted_as_other_refusals_are(tmp_path: Path) -> None:
    with opened(tmp_path) as client:
        for _ in range(FEW):
            ask(client, f"{{ runs {{ nodes {{ {LOG} }} }} }}", TOKEN)
        for _ in range(3):
            ask(client, f"{{ runs {{ nodes {{ {LOG} }} }} }}", TOKEN)
            ask(client, "{ runs(first: 100000000) { totalCount } }", TOKEN)
    *told, counted = lines(tmp_path)
    assert [(line["outcome"], line["at"], line["status"]) for line in told] == [
        ("FORBIDDEN", ["runs.nodes.0.step.task.logUrl"], 200)
    ] * FEW
    assert (counted["address"], counted["principal"], counted["more"]) == (
        None,
        ALICE,
        {"FORBIDDEN": 3, "LIMIT_EXCEEDED": 3},
    )


@pytest.mark.usefixtures("few_lines")
def test_a_mutation_that_changes_nothing_is_counted_and_one_that_changes_something_told(
    tmp_path: Path, run: str
) -> None:
    with opened(tmp_path) as client:
        for _ in range(FEW + 1):
            asked(client, ADD, run="Made/1", tags=["new"])
        asked(client, ADD, run=run, tags=[5])
        asked(client, ADD, run=run, tags=["new"])
    *_, changed, counted = lines(tmp_path)
    assert changed["mutations"] == [
        {"field": "addTags", "run": run, "metadata": "made", "tags": ["new"], "outcome": "OK"}
    ]
    assert counted["more"] == {"NOT_FOUND": 1, "BAD_USER_INPUT": 1}


@pytest.mark.usefixtures("few_lines")
def test_a_mutation_of_which_something_else_is_refused_has_changed_something(tmp_path: Path, run: str) -> None:
    query = f'mutation($run: String!) {{ addTags(pathspec: $run, tags: ["new"]) {{ run {{ {LOG} }} }} }}'
    with opened(tmp_path) as client:
        for _ in range(FEW + 1):
            asked(client, query, run=run)
    found = [(line["outcome"], line["at"], line["mutations"][0]["outcome"]) for line in lines(tmp_path)]
    assert found == [("FORBIDDEN", ["addTags.run.step.task.logUrl"], "OK")] * (FEW + 1)


@pytest.mark.parametrize(
    ("query", "tags", "told"),
    [
        (
            'mutation($run: String!) { addTags(pathspec: $run, tags: "alone") { run { id } } }',
            None,
            {"tags": ["alone"]},
        ),
        (ADD, "alone", {"tags": ["alone"]}),
        (ADD, [f"t{n}" for n in range(20)], {"tags": [f"t{n}" for n in range(20)]}),
        (ADD, [f"t{n}" for n in range(23)], {"tags": [f"t{n}" for n in range(20)], "moreTags": 3}),
    ],
)
def test_tags_are_told_as_they_are_taken(
    tmp_path: Path, run: str, query: str, tags: object, told: dict[str, Any]
) -> None:
    with opened(tmp_path) as client:
        assert "errors" not in asked(client, query, run=run, tags=tags)
    (line,) = lines(tmp_path)
    assert line["mutations"] == [{"field": "addTags", "run": run, "metadata": "made", "outcome": "OK"} | told]


def test_a_line_of_many_mutations_is_bounded_and_has_those_that_changed_something(tmp_path: Path, run: str) -> None:
    much = " ".join(f"a{n}: addTags(pathspec: $long, tags: $tags) {{ run {{ id }} }}" for n in range(40))
    query = f"""mutation($run: String!, $long: String!, $tags: [String!]!) {{
        {much} addTags(pathspec: $run, tags: ["last"]) {{ run {{ id }} }} }}"""
    with opened(tmp_path) as client:
        asked(client, query, run=run, long=EMOJI, tags=[EMOJI] * 20)
    (line,) = lines(tmp_path)
    last = {"field": "addTags", "run": run, "metadata": "made", "tags": ["last"], "outcome": "OK"}
    first: dict[str, Any] = {
        "field": "addTags",
        "run": EMOJI,
        "metadata": "made",
        "tags": [],
        "outcome": "INVALID_PATHSPEC",
    }
    assert line["mutations"] == [*([first | {"moreTags": 20}] * 6), last]
    assert (line["moreMutations"], len(json.dumps(line)) < 18_000) == (34, True)


def test_what_an_answer_of_errors_is_about_is_known_before_its_end() -> None:
    entry = Entry("0", Sender("here", "here"))
    begun = time.thread_time()
    for number in range(200_000):
        entry.outcomes.meet({"path": ["runs", number], "extensions": {"code": "FORBIDDEN" if number else "NOT_FOUND"}})
    met = time.thread_time()
    line = entry.line({"method": "POST", "path": "/graphql"}, 200)
    assert time.thread_time() - met < (met - begun) / 20
    assert line
    assert (line["outcome"], line["at"]) == ("FORBIDDEN", [f"runs.{number}" for number in range(1, 6)])


def test_lines_that_wait_are_bounded_by_their_bytes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    log = AuditLog()
    for _ in range(20):
        log.write({"more": "x" * 2**20}, tmp_path / "pipe")
    os.set_blocking(reader, True)
    read = b""
    while read.count(b"\n") < 7:
        read += os.read(reader, 2**20)
    log.write({"after": True}, tmp_path / "pipe")
    while b'"after"' not in read:
        read += os.read(reader, 2**20)
    log.close()
    os.close(reader)
    assert sum(json.loads(line)["lost"] for line in read.splitlines() if line.startswith(b'{"lost"')) == 13


def flooded(*requests: tuple[dict[str, Any] | None, str]) -> list[Line]:
    """What is written of refusals: of whom, from which network."""
    written: list[Line] = []

    async def told() -> None:
        told_of = Floods(written.append)
        for principal, network in requests:
            told_of.tell({"time": "", "principal": principal, "outcome": "FORBIDDEN"}, network)
        told_of.close()

    asyncio.run(told())
    return written


def counted(written: Sequence[Line]) -> list[tuple[str | None, dict[str, Any] | None, dict[str, int]]]:
    return [(line["address"], line["principal"], line["more"]) for line in written if "more" in line]


def test_who_is_known_has_more_lines_in_a_minute_than_a_network_of_strangers() -> None:
    written = flooded(*[(ALICE, "there")] * 1_001, *[(None, "here")] * 102)
    assert len(written) == 1_000 + 100 + 2
    assert counted(written) == [(None, ALICE, {"FORBIDDEN": 1}), ("here", None, {"FORBIDDEN": 2})]


def test_strangers_do_not_take_the_places_of_those_who_are_known() -> None:
    strangers = [(None, f"network {number}") for number in range(1_000 + 100)]
    written = flooded(*strangers, (ALICE, "here"))
    assert (written[-1]["principal"], counted(written)) == (ALICE, [])


def test_one_who_is_known_has_one_place_wherever_they_ask_from() -> None:
    everywhere = [(ALICE, f"network {number}") for number in range(1_100)]
    bob = ALICE | {"name": "bob"}
    written = flooded(*everywhere, (bob, "here"))
    assert [line["principal"] for line in written[:1_001]] == [*([ALICE] * 1_000), bob]
    assert counted(written) == [(None, ALICE, {"FORBIDDEN": 100})]


def test_those_who_are_known_and_too_many_are_counted_together() -> None:
    everyone = [(ALICE | {"name": f"name {number}"}, "here") for number in range(1_000 + 1_000 + 2)]
    assert counted(flooded(*everyone)) == [("others who are known", None, {"FORBIDDEN": 2})]
