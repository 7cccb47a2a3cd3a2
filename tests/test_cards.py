"""Cards: found where Metaflow puts them, told apart by attempt, given within limits."""

import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import lockstep
from gateways import Gateway
from in_process import errors_of, opened
from local_trees import EPOCH_MS, put, put_object, put_run
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.base import FileKey, Key
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.providers.times import rfc3339
from metaflow_graphql.resolvers import cards, context
from running import FLOWS, Runs, environment

FIELDS = "{ type cardId hash createdAt html data }"
CARDS = "query ($task: String!, $attempt: Int) { task(pathspec: $task, attempt: $attempt) { cards " + FIELDS + " } }"
TIME = "2026-11-18T11:06:40.000Z"  # of EPOCH_MS


def hash_of(number: int) -> str:
    return f"{number:032x}"


def card(number: int, **more: Any) -> dict[str, Any]:
    """A card of a task made by hand, as it is answered."""
    plain = {"type": "blank", "cardId": None, "createdAt": None, "html": f"<p>{number}", "data": None}
    return plain | {"hash": hash_of(number)} | more


def put_task(root: Path, pathspec: str = "Made/1/start/1", attempts: int = 1, **metadata: str) -> None:
    """A task that has started so often, with its run."""
    put_run(root, pathspec.split("/")[1])
    put_object(root, pathspec.rpartition("/")[0], EPOCH_MS)
    put_object(root, pathspec, EPOCH_MS)
    for attempt in range(attempts):
        put_event(root, pathspec, "attempt", str(attempt), EPOCH_MS + attempt, attempt)
    for name, value in metadata.items():
        put_event(root, pathspec, name.replace("_", "-"), value, EPOCH_MS, 0)


def put_event(
    root: Path, task: str, name: str, value: str, ts_epoch: int, attempt: int | None, type: str | None = None
) -> None:
    tags = [] if attempt is None else [f"attempt_id:{attempt}"]
    event = {"field_name": name, "value": value, "type": type or name, "ts_epoch": ts_epoch, "tags": tags}
    put(root / ".metaflow" / task / "_meta" / f"sysmeta_{name}_{ts_epoch}.json", event)


def folder_of(base: Path, task: str = "Made/1/start/1", kind: str = "cards") -> Path:
    flow, run, step, name = task.split("/")
    return base / flow / "runs" / run / "steps" / step / "tasks" / name / kind


def put_card(root: Path, number: int, name: str = "blank", task: str = "Made/1/start/1", **info: Any) -> Path:
    """A card; with `attempt`, `rank` or `at`, it is registered too."""
    page = folder_of(root / ".metaflow" / "mf.cards", task) / f"{name}-{hash_of(number)}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"<p>{number}")
    if info:
        value = json.dumps({"rank": info.get("rank"), "type": name})
        at, attempt = info.get("at", EPOCH_MS), info.get("attempt")
        put_event(root, task, hash_of(number), value, at, attempt, "card-info")
    return page


def cards_of(gateway: Gateway, task: str = "Made/1/start/1", attempt: int | None = None) -> list[dict[str, Any]]:
    return gateway.data(CARDS, task=task, attempt=attempt)["task"]["cards"]


def task_of(runs: Runs, step: str) -> str:
    (task,) = [path for path in (runs.datastore / runs["cards"].pathspec / step).iterdir() if path.name != "_meta"]
    return f"{runs['cards'].pathspec}/{step}/{task.name}"


def test_cards_come_in_the_order_of_their_making_with_their_pages_and_data(gateway: Gateway, runs: Runs) -> None:
    task = task_of(runs, "start")
    found = cards_of(gateway, task)
    pages = folder_of(runs.datastore / "mf.cards", task)
    assert [(one["type"], one["cardId"]) for one in found] == [("blank", "second"), ("default", "first")]
    for one in found:
        name = f"{one['type']}-{one['cardId']}-{one['hash']}"
        (event,) = (runs.datastore / task / "_meta").glob(f"sysmeta_{one['hash']}_*.json")
        registered = json.loads(event.read_text())["ts_epoch"]
        assert one["html"] == (pages / f"{name}.html").read_text()
        assert one["data"] == json.loads((pages.parent / "runtime" / f"{name}.data.json").read_text())
        assert one["data"]["reload_token"] == "final"
        assert one["createdAt"] == rfc3339(registered)


def test_pages_are_those_of_metaflows_client(gateway: Gateway, runs: Runs, oracle: dict[str, Any]) -> None:
    for step in ("start", "end"):
        task = task_of(runs, step)
        of_client = oracle["objects"][task]["cards"]
        attempts = gateway.data("query ($t: String!) { task(pathspec: $t) { attempts { attempt } } }", t=task)
        found = [
            {"type": one["type"], "id": one["cardId"], "hash": one["hash"], "sha256": page_hash(one["html"])}
            for attempt in attempts["task"]["attempts"]
            for one in cards_of(gateway, task, attempt["attempt"])
        ]
        assert sorted(found, key=lambda one: one["hash"]) == of_client


def page_hash(page: str) -> str:
    return sha256(page.encode()).hexdigest()


def test_each_attempt_has_its_own_cards(gateway: Gateway, runs: Runs) -> None:
    task = task_of(runs, "end")
    first, second, now = (cards_of(gateway, task, attempt) for attempt in (0, 1, None))
    assert len(first) == len(second) == 1
    assert first != second
    assert now == second


def test_type_and_card_id_are_exact(gateway: Gateway, runs: Runs) -> None:
    fields = (
        'blank: cards(type: "blank") { cardId } first: cards(cardId: "first") { type } none: cards(type: "BLANK") '
        '{ hash } both: cards(type: "blank", cardId: "first") { hash } all: cards(type: null, cardId: null) { type }'
    )
    query = f"query ($task: String!) {{ task(pathspec: $task) {{ {fields} }} }}"
    assert gateway.data(query, task=task_of(runs, "start"))["task"] == {
        "blank": [{"cardId": "second"}],
        "first": [{"type": "default"}],
        "none": [],
        "both": [],
        "all": [{"type": "blank"}, {"type": "default"}],
    }


def test_ids_tell_attempts_apart_and_can_be_asked_for_again(gateway: Gateway, runs: Runs) -> None:
    task = task_of(runs, "end")
    query = "query ($t: String!, $a: Int) { task(pathspec: $t, attempt: $a) { cards { id hash html } } }"
    found = [gateway.data(query, t=task, a=attempt)["task"]["cards"][0] for attempt in (0, 1, None)]
    assert len({one["id"] for one in found}) == 3
    again = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Card { hash html } } }"
    assert gateway.data(again, ids=[one["id"] for one in found])["nodes"] == found


def test_a_node_that_is_no_card_of_that_attempt_is_null(gateway: Gateway, runs: Runs) -> None:
    task = task_of(runs, "end")
    (first,) = cards_of(gateway, task, 0)
    ids = [f"Card:default/{task}/{first['hash']}?attempt=1", f"Card:default/{task}/{hash_of(0)}"]
    ids += [f"Card:default/Gone/1/start/1/{first['hash']}", f"Card:default/{task}/{first['hash']}?attempt=4"]
    assert gateway.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)["nodes"] == [None] * 4


def test_order_is_by_rank_then_time_then_name(tmp_path: Path) -> None:
    put_task(tmp_path)
    put_card(tmp_path, 1, attempt=0, rank="medium")
    put_card(tmp_path, 2, attempt=0, rank="low")
    put_card(tmp_path, 3, attempt=0, rank="high")
    put_card(tmp_path, 4, attempt=0, at=EPOCH_MS + 1)
    put_card(tmp_path, 5, attempt=0)
    put_card(tmp_path, 6, "a")
    put_card(tmp_path, 7, "b")
    with opened(tmp_path) as gateway:
        assert [int(one["hash"], 16) for one in cards_of(gateway)] == [3, 1, 2, 5, 4, 6, 7]


def test_a_rank_in_more_than_metaflow_writes_is_none(tmp_path: Path) -> None:
    put_task(tmp_path)
    put_card(tmp_path, 1, "blank", attempt=0, rank="low")
    put_card(tmp_path, 2, attempt=0, rank="high")
    (told,) = (tmp_path / ".metaflow/Made/1/start/1/_meta").glob(f"*{hash_of(2)}*")
    put(told, json.loads(told.read_text()) | {"value": json.dumps({"rank": "high", "more": "x" * 65_536})})
    with opened(tmp_path) as gateway:
        assert [int(one["hash"], 16) for one in cards_of(gateway)] == [1, 2]


def test_cards_that_nothing_tells_of_belong_to_every_attempt(tmp_path: Path) -> None:
    put_task(tmp_path, attempts=2)
    put_card(tmp_path, 1)
    put_card(tmp_path, 2, attempt=1)
    with opened(tmp_path) as gateway:
        assert cards_of(gateway, attempt=0) == [card(1)]
        assert cards_of(gateway, attempt=1) == [card(2, createdAt=TIME), card(1)]
        assert cards_of(gateway) == [card(2, createdAt=TIME), card(1)]


def test_cards_of_before_june_2022_are_found_where_they_are(tmp_path: Path) -> None:
    put_task(tmp_path)
    page = put_card(tmp_path, 1)
    old = tmp_path / ".metaflow/mf.cards/Made/runs/1/tasks/1/cards"
    old.parent.mkdir(parents=True)
    page.parent.rename(old)
    with opened(tmp_path) as gateway:
        assert cards_of(gateway) == [card(1)]
        put_card(tmp_path, 2)
        assert cards_of(gateway) == [card(2)]


def test_files_that_are_no_cards_are_left_out(tmp_path: Path) -> None:
    put_task(tmp_path)
    page = put_card(tmp_path, 1)
    for name in ("a.html", "a-b-c-d.html", "-b.html", "a-.html", "a-b.htm", "a-b.html.tmp", "ä-b.html", "a-b%2f.html"):
        (page.parent / name).write_text("no card")
    (page.parent / f"zzz-{hash_of(1)}.html").write_text("another of that hash")
    (page.parent / f"blank-{hash_of(2)}.html").mkdir()
    with opened(tmp_path) as gateway:
        assert cards_of(gateway) == [card(1)]


def test_links_out_of_the_cards_are_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put_task(root)
    page = put_card(root, 1)
    shutil.move(page.parent, outside)
    page.parent.symlink_to(outside)
    with opened(root) as gateway:
        assert cards_of(gateway) == []
    page.parent.unlink()
    page.parent.mkdir()
    page.symlink_to(outside / page.name)
    with opened(root) as gateway:
        assert cards_of(gateway) == [card(1, html=None)]


def test_a_link_in_the_place_of_all_cards_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put_task(root)
    put_card(root, 1)
    shutil.move(root / ".metaflow" / "mf.cards", outside)
    (root / ".metaflow" / "mf.cards").symlink_to(outside)
    with opened(root) as gateway:
        assert cards_of(gateway) == []


def put_clone(root: Path, run: str, origin: str) -> str:
    task = f"Made/{run}/start/1"
    put_task(root, task, origin_run_id=origin, origin_task_id="1")
    return task


def test_a_clone_has_the_cards_of_the_latest_attempt_of_its_origin(tmp_path: Path) -> None:
    put_task(tmp_path, attempts=2)
    put_card(tmp_path, 1, attempt=0)
    put_card(tmp_path, 2, attempt=1)
    clone, of_clone = put_clone(tmp_path, "2", "1"), put_clone(tmp_path, "3", "2")
    with opened(tmp_path) as gateway:
        for task, attempt in ((clone, None), (clone, 0), (of_clone, None), (of_clone, 0)):
            assert cards_of(gateway, task, attempt) == [card(2, createdAt=TIME)]


def test_clones_of_each_other_and_of_nothing_have_no_cards(tmp_path: Path) -> None:
    first, _ = put_clone(tmp_path, "1", "2"), put_clone(tmp_path, "2", "1")
    orphan = put_clone(tmp_path, "3", "99")
    with opened(tmp_path) as gateway:
        assert [cards_of(gateway, task) for task in (first, orphan)] == [[], []]


def test_a_card_that_is_being_written_shows_its_data(tmp_path: Path) -> None:
    put_task(tmp_path)
    put_card(tmp_path, 1, attempt=0)
    live = folder_of(tmp_path / ".metaflow/mf.cards", kind="runtime") / f"blank-{hash_of(1)}.data.json"
    shown = {"reload_token": "render", "data": {"progress": 1, "big": 2**60}, "created_on": 1.5}
    with opened(tmp_path) as gateway:
        assert cards_of(gateway) == [card(1, createdAt=TIME)]
        put(live, shown | {"none": float("nan"), "lone": "\ud800"})
        expected = shown | {"data": {"progress": 1, "big": str(2**60)}, "none": None, "lone": "\ufffd"}
        assert cards_of(gateway) == [card(1, createdAt=TIME, data=expected)]
        put(live, {"reload_token": "final"})
        assert cards_of(gateway) == [card(1, createdAt=TIME, data={"reload_token": "final"})]


@pytest.mark.parametrize("written", ["", "{", "\xff", "[" * 100_000])
def test_data_that_are_damaged_cost_themselves_alone(tmp_path: Path, written: str) -> None:
    put_task(tmp_path)
    put_card(tmp_path, 1)
    live = folder_of(tmp_path / ".metaflow/mf.cards", kind="runtime") / f"blank-{hash_of(1)}.data.json"
    live.parent.mkdir(parents=True)
    live.write_bytes(written.encode("latin-1"))
    with opened(tmp_path) as gateway:
        answer = gateway.answer(CARDS, variables={"task": "Made/1/start/1"})
    assert answer["data"]["task"]["cards"] == [card(1)]
    assert errors_of(answer) == [("CORRUPT_METADATA", ["task", "cards", 0, "data"])]


def test_a_record_of_a_card_that_is_damaged_costs_that_card(tmp_path: Path) -> None:
    put_task(tmp_path)
    put_card(tmp_path, 1, attempt=0)
    put_card(tmp_path, 2, attempt=0)
    (tmp_path / f".metaflow/Made/1/start/1/_meta/sysmeta_{hash_of(1)}_{EPOCH_MS}.json").write_text("{")
    with opened(tmp_path) as gateway:
        answer = gateway.answer(CARDS, variables={"task": "Made/1/start/1"})
    assert answer["data"]["task"]["cards"] == [card(2, createdAt=TIME)]
    assert errors_of(answer) == [("CORRUPT_METADATA", ["task", "cards"])]


def test_a_page_that_is_not_utf8_has_replacement_characters(tmp_path: Path) -> None:
    put_task(tmp_path)
    put_card(tmp_path, 1).write_bytes(b"<p>\xff\xfe\xc3\xa4")
    with opened(tmp_path) as gateway:
        assert cards_of(gateway) == [card(1, html="<p>\ufffd\ufffdä")]


def test_a_page_beyond_the_limit_is_refused_and_names_it(tmp_path: Path) -> None:
    put_task(tmp_path)
    put_card(tmp_path, 1).write_bytes(b" " * (16 * 2**20))
    with put_card(tmp_path, 2).open("wb") as page:
        page.truncate(16 * 2**20 + 1)
    with opened(tmp_path) as gateway:
        answer = gateway.answer('{ task(pathspec: "Made/1/start/1") { cards { html } } }')
    assert [len(one["html"] or "") for one in answer["data"]["task"]["cards"]] == [16 * 2**20, 0]
    assert errors_of(answer) == [("LIMIT_EXCEEDED", ["task", "cards", 1, "html"])]
    assert "cardBytes in serverInfo.limits" in answer["errors"][0]["message"]


def test_pages_count_as_values_of_the_answer(tmp_path: Path) -> None:
    put_task(tmp_path)
    for number in (1, 2):
        put_card(tmp_path, number)
    gateway = context.Gateway({"default": LocalProvider("default", tmp_path)}, "default")

    async def pages(left: int) -> list[str | None]:
        usage.current.set(usage.Usage(values_left=left))
        of_one = context.context_for(gateway, None)
        found = await of_one.derived(cards.cards_of).load(Key("default", "Made/1/start/1"))
        answers = await cards.html(found.cards, cast("context.Info", SimpleNamespace(context=of_one)))
        return [answer if answer is None else str(answer) for answer in answers]

    assert lockstep.run(pages(5)) == ["<p>1", "<p>2"]
    assert lockstep.run(pages(4)) == [
        "<p>1",
        "The values of this answer are too large together (valuesBytes in serverInfo.limits): ask for fewer.",
    ]


def test_the_cards_of_many_tasks_are_one_look_into_folders(tmp_path: Path) -> None:
    for number in range(50):
        put_task(tmp_path, f"Made/1/start/{number}")
        put_card(tmp_path, number, task=f"Made/1/start/{number}", attempt=0)
    query = '{ step(pathspec: "Made/1/start") { tasks(first: 50) { nodes { cards { hash html data } } } } }'
    calls = lockstep.calls(tmp_path, query)
    assert {name: calls[name] for name in ("file_names", "metadata_of", "attempts_of")} == {
        "file_names": 1,
        "metadata_of": 1,
        "attempts_of": 1,
    }
    assert calls["file_statuses"] <= 2
    assert calls["file_parts"] <= 2


def test_a_task_of_another_datastore_says_so(tmp_path: Path) -> None:
    put_task(tmp_path, ds_root="s3://bucket/prefix")
    put_card(tmp_path, 1)
    with opened(tmp_path) as gateway:
        answer = gateway.answer(CARDS, variables={"task": "Made/1/start/1"})
    assert answer["data"]["task"] == {"cards": None}
    assert errors_of(answer) == [("ARTIFACT_UNREADABLE", ["task", "cards"])]


# How Metaflow is configured where the flow runs: in each, its own client does not find the card (trap 6).
@pytest.mark.parametrize(
    "settings",
    [
        {"METAFLOW_DATASTORE_SYSROOT_LOCAL": "{}/sysroot"},
        {"METAFLOW_DATASTORE_SYSROOT_LOCAL": "{}/sysroot", "METAFLOW_CARD_LOCALROOT": "{}/cards"},
        {"METAFLOW_CARD_LOCALROOT": "{}/cards"},
    ],
)
def test_cards_are_found_where_metaflow_really_writes_them(tmp_path: Path, settings: dict[str, str]) -> None:
    work, sysroot = tmp_path / "work", tmp_path / "sysroot"
    (work / ".metaflow").mkdir(parents=True)
    configured = {name: value.format(tmp_path) for name, value in settings.items()}
    run_with_card(work, configured)
    root = sysroot if "METAFLOW_DATASTORE_SYSROOT_LOCAL" in settings else work
    (run,) = [path for path in (root / ".metaflow" / "CardFlow").iterdir() if (path / "_meta").exists()]
    (written,) = tmp_path.rglob("blank-second-*.html")
    command = [sys.executable, "-m", "metaflow_graphql", "query", "--metadata", f"default=local@{root}"]
    query = f'{{ step(pathspec: "CardFlow/{run.name}/start") {{ task {{ cards(type: "blank") {{ html }} }} }} }}'
    # Started where a person would start it: in the folder that the flow was run in.
    inherited = environment(root)
    inherited.pop("METAFLOW_DATASTORE_SYSROOT_LOCAL")
    asked = subprocess.run([*command, query], cwd=work, env=inherited | configured, capture_output=True, check=True)
    assert json.loads(asked.stdout)["data"]["step"]["task"]["cards"] == [{"html": written.read_text()}]


def run_with_card(work: Path, settings: dict[str, str]) -> None:
    inherited = environment(work)
    inherited.pop("METAFLOW_DATASTORE_SYSROOT_LOCAL")
    command = [sys.executable, str(FLOWS / "cards.py"), "--no-pylint", "--quiet", "run"]
    subprocess.run(command, cwd=work, env=inherited | settings, capture_output=True, check=True)


def test_each_root_of_cards_is_looked_into(tmp_path: Path) -> None:
    put_task(tmp_path)
    roots = [tmp_path / "configured", tmp_path / "mf.cards", tmp_path / ".metaflow"]
    for number, root in enumerate(roots, 1):
        page = folder_of(root) / f"blank-{hash_of(number)}.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"<p>{number}")
    put_card(tmp_path, 4)
    found = LocalProvider("default", tmp_path, card_roots=[roots[0]])
    names = lockstep.run(
        found.datastore.file_names([FileKey("default", "", "mf.cards/Made/runs/1/steps/start/tasks/1/cards")])
    )
    assert names == [[f"blank-{hash_of(number)}.html" for number in (1, 2, 3, 4)]]


def test_no_path_leads_out_of_the_roots(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "root" / ".metaflow" / "mf.cards").mkdir(parents=True)
    datastore = LocalDatastore(tmp_path / "root")
    paths = [
        "mf.cards/../../../secret",
        "../../secret",
        "mf.cards//secret",
        "mf.cards/..",
        "/etc/passwd",
        "mf.cards/\0",
    ]
    keys = [FileKey("default", "", path) for path in paths]
    assert lockstep.run(datastore.file_statuses(keys)) == [None] * len(paths)
    assert lockstep.run(datastore.file_names(keys)) == [[] for _ in paths]


def test_a_card_is_found_by_its_hash_and_has_a_file(tmp_path: Path) -> None:
    put_task(tmp_path)
    put_card(tmp_path, 1, attempt=0)
    gateway = context.Gateway({"default": LocalProvider("default", tmp_path)}, "default")

    async def found(task: str, hash: str, attempt: int | None = None) -> FileKey | None:
        one = await cards.card_of(context.context_for(gateway, None), Key("default", task, attempt), hash)
        return one and cards.card_file(one)

    path = f"mf.cards/Made/runs/1/steps/start/tasks/1/cards/blank-{hash_of(1)}.html"
    expected = FileKey("default", "", path)
    assert lockstep.run(found("Made/1/start/1", hash_of(1))) == expected
    assert lockstep.run(found("Made/1/start/1", hash_of(1), 0)) == expected
    assert lockstep.run(found("Made/1/start/1", hash_of(1), 1)) is None
    assert lockstep.run(found("Made/1/start/1", hash_of(2))) is None
    assert lockstep.run(found("Made/1/start/2", hash_of(1))) is None
