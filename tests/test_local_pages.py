"""Pages of runs: they hold their place while runs arrive and tags change."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from local_trees import (
    EPOCH_MS,
    ids,
    key,
    one,
    opened,
    page_of,
    provider,
    put_object,
    put_run,
    put_runs,
    runs_key,
    settle,
)
from metaflow_graphql.providers import records
from metaflow_graphql.providers.base import Position, RunFilter, RunPageKey
from metaflow_graphql.providers.local.provider import LocalProvider
from running import Runs


def walked(local: LocalProvider, limit: int, *, backward: bool = False) -> list[str]:
    """All runs, page by page."""
    found: list[str] = []
    after = before = None
    while True:
        page = page_of(local, limit, after=after, before=before, backward=backward)
        found = ids(page) + found if backward else found + ids(page)
        if not page.more:
            return found
        after, before = (None, page.places[0]) if backward else (page.places[-1], None)


@pytest.mark.parametrize("limit", [1, 3, 10, 11])
@pytest.mark.parametrize("backward", [False, True])
def test_pages_make_up_the_listing(tmp_path: Path, limit: int, backward: bool) -> None:
    listed = put_runs(tmp_path, 10)
    put_run(tmp_path, "argo-x", EPOCH_MS + 4500)
    listed.insert(5, "argo-x")
    assert walked(provider(tmp_path), limit, backward=backward) == listed


def test_a_page_is_of_all_flows(tmp_path: Path) -> None:
    for number, flow in enumerate(("A", "B", "A", "C")):
        put_run(tmp_path, str(EPOCH_MS * 1000 + number), flow=flow)
    found = page_of(provider(tmp_path), 3)
    assert [run.pathspec[0] for run in found.runs if isinstance(run, records.Run)] == ["C", "A", "B"]
    assert found.more


def test_both_bounds_hold(tmp_path: Path) -> None:
    listed = put_runs(tmp_path, 6)
    local = provider(tmp_path)
    places = page_of(local).places
    newest, oldest = places[0], places[4]
    assert ids(page_of(local, after=newest, before=oldest)) == listed[1:4]
    assert ids(page_of(local, 2, after=newest, before=oldest, backward=True)) == listed[2:4]
    assert page_of(local, 2, after=newest, before=oldest).more
    assert not page_of(local, 3, after=newest, before=oldest).more


def test_runs_that_arrive_do_not_move_a_page(tmp_path: Path) -> None:
    listed = put_runs(tmp_path, 6)
    local = provider(tmp_path)
    first = page_of(local, 3)
    put_run(tmp_path, str(EPOCH_MS * 1000 + 999_000_000))
    assert ids(first) + ids(page_of(local, 3, after=first.places[-1])) == listed


def test_paging_while_runs_are_written_misses_none_of_those_that_were_there(tmp_path: Path) -> None:
    listed = put_runs(tmp_path, 60)
    stop = threading.Event()

    def write() -> None:
        # Not without end: each makes the next listing longer.
        for arriving in range(1000):
            if not stop.is_set():
                put_run(tmp_path, str(EPOCH_MS * 1000 + 500_000_000 + arriving))

    writer = threading.Thread(target=write)
    local = provider(tmp_path)
    writer.start()
    try:
        for _ in range(10):
            found = [run_id for run_id in walked(local, 7) if run_id in set(listed)]
            assert found == listed
    finally:
        stop.set()
        writer.join()


def test_a_run_is_listed_as_soon_as_it_is_there(tmp_path: Path) -> None:
    put_runs(tmp_path, 3)
    settle()
    local = provider(tmp_path)
    for arriving in range(50):
        run_id = str(EPOCH_MS * 1000 + 10_000_000 + arriving)
        put_run(tmp_path, run_id)
        assert ids(page_of(local, 1)) == [run_id]


@pytest.mark.parametrize("run_id", ["1795471881896622", "argo-hello-x2b"])
def test_metaflows_tag_command_does_not_move_a_run(tmp_path: Path, run_id: str) -> None:
    put_run(tmp_path, run_id, 1_795_471_881_897)
    put_object(tmp_path, f"Made/{run_id}/_parameters", 1_795_471_881_898)
    before = page_of(provider(tmp_path)).places
    put_run(tmp_path, run_id, int(time.time() * 1000), ("new",))
    (after,) = page_of(provider(tmp_path)).places
    # Of other ids only the millisecond is known, and that of the first step from then on.
    assert abs(after.microseconds - before[0].microseconds) <= 1000


def test_a_run_shows_the_time_that_metaflows_tag_command_gave_it(runs: Runs, tmp_path: Path) -> None:
    own = runs.copy(tmp_path, "LinearFlow")
    run = own["linear"]
    local = provider(own.root)
    places = page_of(local).places
    # As `metaflow tag` does it, without a flow file.
    code = (
        "import sys; from metaflow import Run, namespace; namespace(None); "
        f"Run('{run.pathspec}').add_tag('late'); print(Run('{run.pathspec}')._object['ts_epoch'])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=own.environment(), capture_output=True, check=True)
    now = one(lambda: local.runs([key(run.pathspec)]))
    assert isinstance(now, records.Run)
    assert (now.ts_epoch, now.user_tags) == (int(done.stdout), ["late"])
    assert page_of(local).places == places


def test_a_filter_by_time_looks_at_what_was_recorded(tmp_path: Path) -> None:
    listed = put_runs(tmp_path, 4)
    # Tagged by Metaflow later: recorded as of then, listed where it was.
    put_run(tmp_path, listed[-1], EPOCH_MS + 100_000)
    found = page_of(provider(tmp_path), 1, filter=RunFilter(created_from_ms=EPOCH_MS + 50_000))
    assert (ids(found), found.more) == ([listed[-1]], False)


def test_ids_that_are_no_time_are_placed_by_what_was_recorded(tmp_path: Path) -> None:
    for number, run_id in enumerate(("7", "0" * 15 + "1", "9" * 17, "\u0661" * 16)):
        put_run(tmp_path, run_id, EPOCH_MS + number)
    found = page_of(provider(tmp_path))
    assert ids(found) == ["\u0661" * 16, "9" * 17, "0" * 15 + "1", "7"]
    assert found.places[-1] == Position(EPOCH_MS * 1000, "Made", "7")


def test_a_page_opens_no_more_runs_than_it_shows(tmp_path: Path) -> None:
    put_runs(tmp_path, 200)
    local = provider(tmp_path)
    first = RunPageKey(runs_key(), 20)
    assert opened(lambda: local.run_pages([first])) == 21


def test_runs_are_counted_without_being_opened(tmp_path: Path) -> None:
    put_runs(tmp_path, 30)
    local = provider(tmp_path)
    assert opened(lambda: local.run_counts([runs_key()])) == 0
    assert one(lambda: local.run_counts([runs_key()])) == 30
    assert one(lambda: local.run_counts([runs_key("user:nobody")])) == 0


def test_a_damaged_run_stands_in_the_listing_and_pages_go_on_behind_it(tmp_path: Path) -> None:
    listed = put_runs(tmp_path, 4)
    for run_id in listed[1:3]:
        (tmp_path / ".metaflow" / "Made" / run_id / "_meta" / "_self.json").write_text('{"ts_')
    local = provider(tmp_path)
    assert walked(local, 1) == [listed[0], listed[3]]
    assert [str(run) for run in page_of(local).runs[1:3]] == [
        f"The record of Made/{run_id} can't be read: it is half-written, damaged or not of Metaflow's form."
        for run_id in listed[1:3]
    ]
    assert ids(page_of(local, namespace="user:tester")) == [listed[0], listed[3]]
