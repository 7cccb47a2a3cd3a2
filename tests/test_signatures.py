"""URLs of files that are signed: who has one reads that file, and no other, until it ends."""

from base64 import urlsafe_b64decode
from pathlib import Path
from time import time
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from gateways import Gateway
from made_logs import line
from metaflow_graphql.providers.grants import Principal, Right
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers import links
from metaflow_graphql.resolvers.signatures import Signatures
from metaflow_graphql.server.access.charges import Charges
from metaflow_graphql.server.access.config import Rates
from metaflow_graphql.server.access.meters import Meters
from metaflow_graphql.server.errors import RequestError
from principals import ALL_RIGHTS, asked_by, of_team, put_run_of, put_task, shared

KEY = b"k" * 32
ALICE, BOB = (msgspec.structs.replace(of_team(name), identity=name.encode()) for name in ("alice", "bob"))
FILE = ["artifact", "default", "Made", "1", "start", "2", "x", "0"]
NOW = 1_800_000_123.5


def signed(now: float = NOW, principal: Principal = ALICE, seconds: int = 900) -> dict[str, str]:
    return Signatures(KEY, seconds).parameters(FILE, principal, now)


def accepted(query: dict[str, str], now: float = NOW, file: list[str] = FILE, key: bytes = KEY) -> bool:
    return Signatures(key, 900).identity(file, query, now) == b"alice"


def test_a_signature_stays_the_same_within_a_window_and_ends_with_the_next() -> None:
    begin = NOW // 900 * 900
    assert signed(begin) == signed(begin + 899.9)
    assert signed(begin) != signed(begin + 900)
    assert signed(begin)["until"] == str(int(begin) + 1800)
    assert accepted(signed(begin), begin + 1799.9)
    assert not accepted(signed(begin), begin + 1800)


def test_a_signature_carries_whose_it_is_and_nobody_else_can_read_that() -> None:
    assert Signatures(KEY, 900).identity(FILE, signed(principal=BOB), NOW) == b"bob"
    long = msgspec.structs.replace(BOB, identity=b"alice" * 1000)
    assert Signatures(KEY, 900).identity(FILE, signed(principal=long), NOW) == long.identity
    sealed = [urlsafe_b64decode(signed(principal=principal)["by"] + "==") for principal in (ALICE, BOB, long)]
    assert [name in text for name in (b"alice", b"bob") for text in sealed] == [False] * 6
    assert [len(text) for text in sealed] == [21, 19, 5016]


@pytest.mark.parametrize("place", range(len(FILE)))
def test_a_signature_is_of_one_file(place: int) -> None:
    other = [*FILE[:place], f"{FILE[place]}1", *FILE[place + 1 :]]
    assert accepted(signed())
    assert not accepted(signed(), file=other)


def test_parts_of_a_file_are_not_taken_for_others() -> None:
    assert not accepted(signed(), file=[*FILE[:2], "Made/1", *FILE[4:]])
    assert not accepted(signed(), file=[*FILE[:-2], "x0"])


@pytest.mark.parametrize("name", ["until", "by", "signature"])
@pytest.mark.parametrize("value", ["", "0", "9" * 10, "9" * 30, "1800001800.5", "-1", "٣", "ä", "\ud800", "None"])
def test_whatever_is_changed_of_it_is_not_accepted(name: str, value: str) -> None:
    assert not accepted(signed() | {name: value})
    assert not accepted({key: text for key, text in signed().items() if key != name})


@pytest.mark.parametrize("by", ["0123456789abcdef", "", "A", "é", "A" * 1000])
def test_what_another_release_may_have_signed_is_not_accepted(by: str) -> None:
    signatures = Signatures(KEY, 900)
    until = str(int(NOW) + 60)
    signature = signatures._signature(FILE, until, by)  # pyright: ignore[reportPrivateUsage] - nobody else signs so
    assert signatures.identity(FILE, {"until": until, "by": by, "signature": signature}, NOW) is None


def test_a_signature_by_another_key_is_not_accepted() -> None:
    assert not accepted(signed(), key=b"l" * 32)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two runs with a log each, of alice and of bob."""
    for number, user in enumerate(("alice", "bob")):
        run = put_run_of(tmp_path, number, user)
        task = put_task(tmp_path, run, attempt="0", ds_root=str(tmp_path / ".metaflow"))
        (task / "0.task_stdout.log").write_bytes(line(0, f"of {user}", "task"))
    return tmp_path


URL = '{ runs { nodes { step(name: "start") { task { logUrl(stream: STDOUT) } } } } }'


def url_of(gateway: Gateway) -> str:
    (run,) = gateway.data(URL)["runs"]["nodes"]
    return run["step"]["task"]["logUrl"]


def test_a_signed_url_needs_nobody_to_say_who_he_is(root: Path) -> None:
    with shared({"default": LocalProvider("default", root)}, Signatures(KEY, 900)) as asked:
        url = url_of(asked(ALICE))
        assert asked(None).client.get(url).text == "of alice\n"
        assert asked(None).client.get(url, headers={"range": "bytes=0-1"}).text == "of"
        assert asked(None).client.head(url).status_code == 200
        # Who says so is held to what he may see.
        assert asked(BOB).client.get(url).status_code == 404


def test_without_its_signature_or_for_another_file_a_url_is_forbidden(root: Path) -> None:
    with shared({"default": LocalProvider("default", root)}, Signatures(KEY, 900)) as asked:
        alices, bobs = urlsplit(url_of(asked(ALICE))), urlsplit(url_of(asked(BOB)))
        others = [bobs._replace(query=alices.query), alices._replace(query="")]
        others += [alices._replace(query=alices.query.replace("signature=", "signature=A"))]
        others += [alices._replace(query=f"{alices.query}&attempt=0")]
        others += [alices._replace(path=alices.path.replace("stdout", "stderr"))]
        answers = [asked(None).client.get(url.geturl()) for url in others]
    told = [(answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) for answer in answers]
    assert told == [(403, "FORBIDDEN"), (401, "UNAUTHENTICATED"), *[(403, "FORBIDDEN")] * 3]


def test_a_url_that_has_ended_is_forbidden(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with shared({"default": LocalProvider("default", root)}, Signatures(KEY, 60)) as asked:
        monkeypatch.setattr(links, "time", lambda: time() - 121)
        assert asked(None).client.get(url_of(asked(ALICE))).status_code == 403


@pytest.mark.parametrize("left", [frozenset[Right](), ALL_RIGHTS - {Right.LOGS}])
def test_a_url_ends_with_the_right_of_whom_it_was_given_out_to(root: Path, left: frozenset[Right]) -> None:
    with shared({"default": LocalProvider("default", root)}, Signatures(KEY, 900)) as asked:
        url = url_of(asked(ALICE))
        assert asked(None).client.get(url).status_code == 200
        asked(of_team("alice", left))
        lost = asked(None).client.get(url)
        asked(msgspec.structs.replace(BOB, name="alice"))
        gone = asked(None).client.get(url)
    assert (lost.status_code, lost.json()["errors"][0]["extensions"]) == (403, {"code": "FORBIDDEN"})
    assert (gone.status_code, gone.json()["errors"][0]["extensions"]) == (404, {"code": "NOT_FOUND"})


def test_a_url_shows_no_more_lines_than_whom_it_was_given_out_to_sees(root: Path) -> None:
    with shared({"default": LocalProvider("default", root)}, Signatures(KEY, 900)) as asked:
        url = url_of(asked(ALICE))
        asked(of_team("alice", hidden_lines=("of",)))
        assert (asked(None).client.get(url).status_code, asked(None).client.get(url).text) == (200, "")


def test_urls_are_not_signed_without_access_control_or_a_key(root: Path) -> None:
    with asked_by(ALICE, {"default": LocalProvider("default", root)}) as gateway:
        assert parse_qs(urlsplit(url_of(gateway)).query) == {}
        assert gateway.client.get(url_of(gateway)).text == "of alice\n"


def test_urls_are_charged_to_whose_they_are_and_to_the_address() -> None:
    meters = Meters()

    def asked(address: str) -> None:
        charges = Charges(meters, Rates(principal=3, address=2), address)
        charges.share("url\nalice")
        charges.take(1)

    asked("192.0.2.1")
    asked("192.0.2.1")
    with pytest.raises(RequestError, match="Too much was asked for"):
        asked("192.0.2.1")
    asked("192.0.2.2")
    with pytest.raises(RequestError, match="Too much was asked for"):
        asked("192.0.2.3")
