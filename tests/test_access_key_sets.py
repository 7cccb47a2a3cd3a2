"""The keys of issuers: fetched when they are needed, kept, replaced; and what is done while they can't be."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from guarded import EVERYONE, TOKEN, TWO_PEOPLE, Issuer, ask, good_claims, guarded, issuing, public, who, written
from metaflow_graphql.server.access import key_sets

UNKNOWN = (401, "The token is signed by a key that is not known here.")
UNREADABLE = (503, "Tokens of this issuer can't be checked at the moment: its keys can't be fetched. Try again.")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def client(issuer: Issuer, tmp_path: Path) -> Iterator[httpx.Client]:
    with guarded(written(tmp_path, issuer.table() + TWO_PEOPLE + "[rates]\nfailures = 1000")) as client:
        yield client


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes minutes takes tenths of seconds."""
    monkeypatch.setattr(key_sets, "_BETWEEN_SECONDS", 0.2)
    monkeypatch.setattr(key_sets, "_PATIENCE_SECONDS", 0.5)


def test_keys_are_fetched_once_for_all_who_wait(client: httpx.Client, issuer: Issuer) -> None:
    issuer.delay = 0.3
    found: list[tuple[int, str]] = []
    token = issuer.token()
    asking = [threading.Thread(target=lambda: found.append(who(client, token))) for _ in range(5)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert (found, issuer.requests) == ([(200, "carol")] * 5, 1)


def test_a_new_key_is_known_as_soon_as_it_is_used(client: httpx.Client, issuer: Issuer, quickly: None) -> None:
    assert who(client, issuer.token())[0] == 200
    time.sleep(0.25)
    old = issuer.token()
    issuer.new_key("two")
    del issuer.keys["one"]
    assert who(client, old) == (200, "carol")  # nobody has told yet that it has ended
    assert who(client, issuer.token("two")) == (200, "carol")
    assert who(client, old) == UNKNOWN
    assert issuer.requests == 2


def test_a_key_of_the_same_id_is_another_key(client: httpx.Client, issuer: Issuer, quickly: None) -> None:
    old = issuer.token()
    assert [who(client, old) for _ in range(2)] == [(200, "carol")] * 2
    issuer.new_key("one")
    issuer.new_key("two")
    time.sleep(0.25)
    assert who(client, issuer.token("two")) == (200, "carol")
    assert who(client, old) == (401, "The token is not valid here.")
    assert who(client, issuer.token()) == (200, "carol")


def test_keys_of_no_issuer_set_off_few_requests(client: httpx.Client, issuer: Issuer) -> None:
    assert who(client, issuer.token())[0] == 200
    issuer.new_key("mine")
    tokens = [issuer.token("mine", header={"kid": f"mine {number}"}) for number in range(20)]
    assert [who(client, token) for token in tokens] == [UNKNOWN] * 20
    assert issuer.requests == 1  # the second would be allowed 10 s after the first


def test_old_keys_are_fetched_again_while_they_are_used(
    client: httpx.Client, issuer: Issuer, quickly: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_sets, "_KEPT_SECONDS", 0.3)
    token = issuer.token()
    assert who(client, token)[0] == 200
    del issuer.keys["one"]
    issuer.new_key("two")
    time.sleep(0.4)
    assert who(client, token)[0] == 200
    time.sleep(0.1)
    assert (who(client, token), issuer.requests) == (UNKNOWN, 2)


def spoil_status(issuer: Issuer) -> None:
    issuer.status = 500


def spoil_form(issuer: Issuer) -> None:
    issuer.answer = b"<html>"


def spoil_keys(issuer: Issuer) -> None:
    issuer.answer = b'{"keys": []}'


def spoil_size(issuer: Issuer) -> None:
    issuer.answer = json.dumps(issuer.jwks() | {"more": "x" * 1_100_000}).encode()


def spoil_time(issuer: Issuer) -> None:
    issuer.delay = 1.0


def spoil_place(issuer: Issuer) -> None:
    issuer.status = 302


SPOILT = [spoil_status, spoil_form, spoil_keys, spoil_size, spoil_time, spoil_place]


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_was_fetched_is_used_while_nothing_else_is_to_be_had(
    client: httpx.Client, issuer: Issuer, quickly: None, spoil: Callable[[Issuer], None]
) -> None:
    token = issuer.token()
    assert who(client, token)[0] == 200
    time.sleep(0.25)
    issuer.new_key("two")
    spoil(issuer)
    assert who(client, issuer.token("two")) == UNKNOWN
    assert who(client, token) == (200, "carol")
    assert issuer.requests == 2


@pytest.mark.parametrize("spoil", SPOILT)
def test_without_keys_it_can_not_be_told_who_asks(
    client: httpx.Client, issuer: Issuer, quickly: None, spoil: Callable[[Issuer], None]
) -> None:
    spoil(issuer)
    answer = ask(client, token=issuer.token())
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == UNREADABLE
    assert answer.json()["errors"][0]["extensions"] == {"code": "PROVIDER_UNAVAILABLE"}
    assert answer.headers["retry-after"] == "1"
    assert who(client, TOKEN) == (200, "alice")
    issuer.status, issuer.answer, issuer.delay = 200, None, 0.0
    time.sleep(0.25)
    assert who(client, issuer.token()) == (200, "carol")


def test_others_are_answered_while_keys_are_fetched(client: httpx.Client, issuer: Issuer) -> None:
    issuer.delay = 2.0
    waiting = threading.Thread(target=who, args=(client, issuer.token()))
    waiting.start()
    time.sleep(0.1)
    assert who(client, TOKEN) == (200, "alice")
    assert waiting.is_alive()
    waiting.join()


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # the test signs by a short key
def test_keys_that_are_no_keys_to_check_with_are_passed_over(client: httpx.Client, issuer: Issuer) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    good = public(issuer.keys["one"])
    issuer.new_key("weak", weak)
    odd: list[dict[str, Any]] = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "hmac", "alg": "HS256"},
        {**public(weak), "kid": "weak"},
        {**good, "kid": "to-encrypt", "use": "enc"},
        {**good, "kid": "to-sign", "key_ops": ["sign"]},
        {**good, "kid": "for-another", "alg": "ES384"},
        {**good, "kid": "other-curve", "crv": "P-384"},
        {**good, "kid": "not-on-it", "x": good["y"]},
        {**good, "kid": "twice"},
        {**good, "kid": "twice"},
        {"kid": "empty"},
        {**good, "kid": 7},
    ]
    issuer.answer = json.dumps({"keys": [*odd, [], 7, {**good, "kid": "one"}]}).encode()
    assert who(client, issuer.token()) == (200, "carol")
    kids = [key["kid"] for key in odd if isinstance(key["kid"], str)]
    refused = {kid: who(client, issuer.token(header={"kid": kid})) for kid in kids if kid != "weak"}
    assert refused == dict.fromkeys(refused, UNKNOWN)
    assert who(client, issuer.token("weak", "RS256")) == UNKNOWN


def test_a_token_without_an_id_is_of_the_only_key_there_is(client: httpx.Client, issuer: Issuer, quickly: None) -> None:
    token = jwt.encode(good_claims(), issuer.keys["one"], "ES256")
    assert who(client, token) == (200, "carol")
    issuer.new_key("two")
    time.sleep(0.25)
    assert who(client, issuer.token("two"))[0] == 200
    assert who(client, token) == UNKNOWN


def test_keys_may_be_in_a_file_which_may_change(
    issuer: Issuer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(issuer.jwks()))
    text = issuer.table().replace(f"{issuer.url}/keys", "keys.json") + EVERYONE
    with guarded(written(tmp_path, text)) as client:
        old = issuer.token()
        assert who(client, old) == (200, "carol")
        issuer.new_key("two")
        del issuer.keys["one"]
        (tmp_path / "new.json").write_text(json.dumps(issuer.jwks()))
        (tmp_path / "new.json").rename(keys)
        time.sleep(0.25)
        assert (who(client, issuer.token("two")), who(client, old)) == ((200, "carol"), UNKNOWN)
        keys.write_text("{")
        time.sleep(0.25)
        assert who(client, issuer.token("two")) == (200, "carol")
        keys.unlink()
        assert [who(client, issuer.token("two")) for _ in range(3)] == [(200, "carol")] * 3
    assert issuer.requests == 0
    message = f"{keys} can't be used, what it held before still counts:"
    assert [record.message for record in caplog.records if record.name.endswith("watched_files")] == [
        f"{message} Input data was truncated.",
        f"{message} No such file or directory.",
    ]
