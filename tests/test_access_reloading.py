"""The file of the configuration changes while the gateway serves."""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from guarded import (
    EVERYONE,
    OTHER_TOKEN,
    TOKEN,
    TWO_PEOPLE,
    guarded,
    issuing,
    replaced,
    rule,
    token_table,
    who,
    written,
)
from metaflow_graphql.server.access.control import AccessControl
from metaflow_graphql.server.settings.metaflow_config import SettingsError

ALICE = token_table("alice", TOKEN) + EVERYONE
BOB = token_table("bob", OTHER_TOKEN) + EVERYONE
UNKNOWN = (401, "The token is not known here.")


def test_a_file_that_is_replaced_counts_from_then_on(tmp_path: Path) -> None:
    path = written(tmp_path, ALICE)
    with guarded(path) as client:
        assert (who(client, TOKEN), who(client, OTHER_TOKEN)) == ((200, "alice"), UNKNOWN)
        replaced(path, BOB)
        assert (who(client, TOKEN), who(client, OTHER_TOKEN)) == (UNKNOWN, (200, "bob"))
        replaced(path, token_table("bob", OTHER_TOKEN) + rule('groups = ["x"]', "all_runs = true"))
        assert who(client, OTHER_TOKEN)[0] == 403


def test_a_file_behind_kubernetes_links_counts_when_they_are_turned(tmp_path: Path) -> None:
    for name, text in (("..1", ALICE), ("..2", BOB)):
        (tmp_path / name).mkdir()
        written(tmp_path / name, text)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "access.toml").symlink_to("..data/access.toml")
    with guarded(tmp_path / "access.toml") as client:
        assert (who(client, TOKEN), who(client, OTHER_TOKEN)) == ((200, "alice"), UNKNOWN)
        (tmp_path / "..new").symlink_to("..2")
        (tmp_path / "..new").rename(tmp_path / "..data")
        time.sleep(0.25)
        assert (who(client, TOKEN), who(client, OTHER_TOKEN)) == (UNKNOWN, (200, "bob"))


def test_what_can_not_be_used_leaves_all_as_it_was_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, ALICE)
    with guarded(path) as client:
        for text in ("[[tokens]", ALICE + "x = 1", ALICE.replace("sha256:", "md5:")):
            replaced(path, text)
            assert [who(client, TOKEN) for _ in range(3)] == [(200, "alice")] * 3
        replaced(path, "#" * 1_048_577)
        assert [who(client, TOKEN) for _ in range(3)] == [(200, "alice")] * 3
        path.unlink()
        assert [who(client, TOKEN) for _ in range(3)] == [(200, "alice")] * 3
        replaced(path, BOB)
        assert (who(client, TOKEN), who(client, OTHER_TOKEN)) == (UNKNOWN, (200, "bob"))
    told = [record.message.partition(": ")[2] for record in caplog.records if record.levelno == logging.ERROR]
    assert told == [
        "it is not TOML: Expected ']]' at the end of an array declaration (at line 1, column 9).",
        "rules[0]: Object contains unknown field `x`.",
        "tokens[0]: hash is sha256: and 64 digits, as metaflow-graphql token prints it.",
        "it has more than 1048576 bytes.",
        "No such file or directory.",
    ]
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        f"{path} has changed and is used from now on."
    ]


# An editor empties a file, then writes it.
@pytest.mark.parametrize("text", ["", "\n", "# to come"])
def test_a_file_that_says_nothing_is_none(tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str) -> None:
    path = written(tmp_path, ALICE)
    told = "it says nothing: without [[tokens]], [[jwt]] or [proxy] nobody is let in."
    with guarded(path) as client:
        path.write_text(text)
        time.sleep(0.3)
        assert (who(client, TOKEN), who(client)[0]) == ((200, "alice"), 401)
    kept = f"{path} can't be used, what it held before still counts: {told}"
    assert [record.message for record in caplog.records] == [kept]
    with pytest.raises(SettingsError) as refused:
        AccessControl(path, ["default"])
    assert str(refused.value) == f"--config {path}: {told}"


def test_a_file_that_names_nobody_lets_nobody_in(tmp_path: Path) -> None:
    path = written(tmp_path, ALICE)
    with guarded(path) as client:
        assert who(client, TOKEN) == (200, "alice")
        path.write_text(EVERYONE)
        time.sleep(0.3)
        assert who(client, TOKEN) == UNKNOWN


def test_a_proxy_that_says_who_asks_names_somebody(tmp_path: Path) -> None:
    path = tmp_path / "access.toml"
    path.write_text('[proxy]\naddresses = ["127.0.0.1"]\nuser_header = "x-user"\n' + EVERYONE)
    with guarded(path) as client:
        assert client.post("/graphql", json={"query": "{ me }"}, headers={"x-user": "carol"}).json() == {
            "data": {"me": "carol"}
        }


def test_what_is_written_in_place_is_taken_when_it_is_whole(tmp_path: Path) -> None:
    """A rule that hides a name is no rule without its last line, and more is shown."""
    path = written(tmp_path, BOB)
    text = TWO_PEOPLE + "\n# " + "x" * 100
    with guarded(path) as client:
        with path.open("w") as file:
            for line in text.splitlines(keepends=True):
                file.write(line)
                file.flush()
                assert who(client, TOKEN) == UNKNOWN
                time.sleep(0.05)
        assert who(client, TOKEN) == UNKNOWN
        time.sleep(0.3)
        assert who(client, TOKEN) == (200, "alice")


def test_a_change_of_the_same_length_and_time_as_the_last_is_one(tmp_path: Path) -> None:
    path = written(tmp_path, ALICE)
    new = tmp_path / "new.toml"
    new.write_text(path.read_text().replace("alice", "allie"))
    for file in (path, new):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    with guarded(path) as client:
        assert who(client, TOKEN) == (200, "alice")
        new.rename(path)
        assert who(client, TOKEN) == (200, "allie")


def test_a_change_in_place_with_the_time_of_the_last_is_one(tmp_path: Path) -> None:
    """As of `tar --mtime`, or of what is built to be the same each time."""
    path = written(tmp_path, ALICE)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    with guarded(path) as client:
        assert who(client, TOKEN) == (200, "alice")
        path.write_text(path.read_text().replace("alice", "allie"))
        os.utime(path, (1_000_000_000, 1_000_000_000))
        assert who(client, TOKEN) == (200, "allie")


def test_a_file_that_vanishes_again_is_told_of_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "there").mkdir()
    written(tmp_path / "there", ALICE)
    (tmp_path / "access").symlink_to("there")
    with guarded(tmp_path / "access" / "access.toml") as client:
        for _ in range(2):
            (tmp_path / "access").unlink()
            assert [who(client, TOKEN) for _ in range(3)] == [(200, "alice")] * 3
            (tmp_path / "access").symlink_to("there")
            assert who(client, TOKEN) == (200, "alice")
    told = [record.message.partition(": ")[2] for record in caplog.records if record.levelno == logging.ERROR]
    assert told == ["No such file or directory."] * 2


@pytest.mark.parametrize("put", [os.mkfifo, os.mkdir])
def test_what_is_no_file_leaves_all_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, put: Callable[[Path], None]
) -> None:
    path = written(tmp_path, ALICE)
    with guarded(path) as client:
        path.unlink()
        put(path)
        os.utime(path, (1_000_000_000, 1_000_000_000))
        assert [who(client, TOKEN) for _ in range(3)] == [(200, "alice")] * 3
        path.rename(tmp_path / "none")
        replaced(path, BOB)
        assert who(client, OTHER_TOKEN) == (200, "bob")
    told = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert told == [f"{path} can't be used, what it held before still counts: it is no file."]


def test_an_issuer_that_is_no_longer_listed_is_no_longer_asked(tmp_path: Path) -> None:
    with issuing() as issuer:
        issuer.delay = 2.0
        path = written(tmp_path, issuer.table() + ALICE)
        with guarded(path) as client:
            waiting = threading.Thread(target=who, args=(client, issuer.token()))
            waiting.start()
            time.sleep(0.2)
            replaced(path, ALICE)
            assert who(client, TOKEN) == (200, "alice")
            waiting.join()
            assert who(client, issuer.token()) == (401, "The token is of an issuer that is not known here.")
            replaced(path, issuer.table() + ALICE)
            issuer.delay = 0.0
            assert who(client, issuer.token()) == (200, "carol")


def test_keys_that_were_fetched_are_kept_while_the_file_changes(tmp_path: Path) -> None:
    with issuing() as issuer:
        path = written(tmp_path, issuer.table() + ALICE)
        with guarded(path) as client:
            assert who(client, issuer.token()) == (200, "carol")
            issuer.status = 500
            replaced(path, issuer.table() + BOB)
            assert (who(client, issuer.token()), issuer.requests) == ((200, "carol"), 1)


def test_every_request_is_answered_by_one_whole_configuration(tmp_path: Path) -> None:
    """Two files are put in each other's place while eight clients ask: each knows one of the tokens under one name."""
    path = written(tmp_path, ALICE)
    texts = [token_table("first", TOKEN) + EVERYONE, token_table("second", OTHER_TOKEN) + EVERYONE]
    allowed = {(TOKEN, 200, "first"), (OTHER_TOKEN, 200, "second"), (TOKEN, *UNKNOWN), (OTHER_TOKEN, *UNKNOWN)}
    found: set[tuple[str, int, str]] = set()
    ended = threading.Event()
    replaced(path, texts[0] + "[rates]\nfailures = 10000\n")
    with guarded(path) as client:

        def ask_on(token: str) -> None:
            while not ended.is_set():
                found.add((token, *who(client, token)))

        asking = [threading.Thread(target=ask_on, args=(token,)) for token in (TOKEN, OTHER_TOKEN) * 4]
        for thread in asking:
            thread.start()
        for turn in range(12):
            new = tmp_path / "new.toml"
            new.write_text(texts[turn % 2] + "[rates]\nfailures = 10000\n")
            os.utime(new, (time.time() - 60, time.time() - 60))
            new.rename(path)
            time.sleep(0.1)
        ended.set()
        for thread in asking:
            thread.join()
    assert found == allowed
