"""JSON Web Tokens: whose are believed, and the ways in which others are forged (RFC 8725)."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from guarded import (
    EVERYONE,
    ISSUER,
    TOKEN,
    Issuer,
    PrivateKey,
    ask,
    good_claims,
    guarded,
    issuing,
    public,
    rule,
    token_table,
    who,
    written,
)
from metaflow_graphql.server.access import jwts

ENDED, EARLY, ELSEWHERE = "The token has ended.", "The token is not valid yet.", "The token is for somebody else."
UNKNOWN_ISSUER = "The token is of an issuer that is not known here."
UNKNOWN_KEY = "The token is signed by a key that is not known here."
NOT_ALLOWED = "The token is signed by an algorithm that is not allowed."
NO_TOKEN = "The token is neither one of this gateway's nor a JSON Web Token."
NOT_VALID = "The token is not valid here."
LACKING = "The token lacks a claim that it needs: iss, aud, exp."


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        issuer.new_key("rsa", rsa.generate_private_key(65537, 2048))
        yield issuer


@pytest.fixture(scope="module")
def client(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    text = issuer.table() + EVERYONE + "[rates]\nfailures = 1000"
    with guarded(written(tmp_path_factory.mktemp("jwts"), text)) as client:
        yield client


def encoded(part: object) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forged(header: dict[str, Any], signature: bytes = b"", **claims: Any) -> str:
    return f"{encoded(header)}.{encoded(good_claims(**claims))}.{encoded(signature)}"


def test_a_token_says_who_asks(client: httpx.Client, issuer: Issuer) -> None:
    assert who(client, issuer.token()) == (200, "carol")
    assert who(client, issuer.token("rsa", "RS256")) == (200, "carol")
    assert who(client, issuer.token(aud=["other", "metaflow"], nbf=int(time.time()))) == (200, "carol")
    assert who(client, issuer.token(exp=253_402_300_799, iat=time.time() - 0.5)) == (200, "carol")


def test_a_token_may_be_used_again_until_it_ends(client: httpx.Client, issuer: Issuer) -> None:
    token = issuer.token(exp=int(time.time()) - 29)  # clocks may differ by 30 s
    assert [who(client, token) for _ in range(2)] == [(200, "carol")] * 2
    time.sleep(2)
    assert who(client, token) == (401, ENDED)


NOW = int(time.time())
CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"exp": NOW - 60}, ENDED),
    ({"exp": None}, LACKING),
    ({"exp": "soon"}, NOT_VALID),
    ({"exp": float("inf")}, NO_TOKEN),
    ({"exp": [NOW + 60]}, NOT_VALID),
    ({"exp": "9999999999"}, "The claim exp of the token is no time."),
    ({"exp": 253_402_300_800}, "The claim exp of the token is no time."),
    ({"exp": 10**400}, "The claim exp of the token is no time."),
    ({"nbf": "1"}, "The claim nbf of the token is no time."),
    ({"iat": True}, "The claim iat of the token is no time."),
    ({"nbf": NOW + 600}, EARLY),
    ({"nbf": "later"}, NOT_VALID),
    ({"iat": NOW + 600}, EARLY),
    ({"aud": "other"}, ELSEWHERE),
    ({"aud": ["other"]}, ELSEWHERE),
    ({"aud": "metaflow2"}, ELSEWHERE),
    ({"aud": {"metaflow": 1}}, ELSEWHERE),
    ({"aud": []}, LACKING),
    ({"aud": None}, LACKING),
    ({"iss": "https://evil.example"}, UNKNOWN_ISSUER),
    ({"iss": f"{ISSUER}/"}, UNKNOWN_ISSUER),
    ({"iss": [ISSUER]}, UNKNOWN_ISSUER),
    ({"iss": None}, UNKNOWN_ISSUER),
    ({"sub": None}, "The token has no name in its claim sub."),
    ({"sub": ""}, "The token has no name in its claim sub."),
    ({"sub": "carol\nUNAUTHENTICATED"}, "The token has no name in its claim sub."),
    ({"sub": 7}, NOT_VALID),
    ({"groups": {"admin": True}}, "The claim groups of the token is no list of groups."),
]


@pytest.mark.parametrize(("claims", "message"), CLAIMS)
def test_every_claim_is_held_to(client: httpx.Client, issuer: Issuer, claims: dict[str, Any], message: str) -> None:
    assert who(client, issuer.token(**claims)) == (401, message)


def pem(key: PrivateKey) -> bytes:
    kind, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(kind, form)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, ["none"], "HS256", "RS1", "ES256K"])
def test_no_token_goes_unsigned(client: httpx.Client, algorithm: object) -> None:
    message = UNKNOWN_KEY if algorithm in ("RS256", "ES256") else NOT_ALLOWED
    assert who(client, forged({"alg": algorithm, "kid": "one"})) == (401, message)
    assert who(client, forged({"kid": "one"})) == (401, NOT_ALLOWED)
    assert who(client, forged({"alg": algorithm})) == (401, message)


@pytest.mark.parametrize("kid", ["one", "rsa"])
def test_a_public_key_is_no_secret_of_hmac(client: httpx.Client, issuer: Issuer, kid: str) -> None:
    key = issuer.keys[kid]
    secrets = [pem(key), pem(key).strip(), json.dumps(public(key)).encode(), b"", b"\0"]
    for algorithm in ("HS256", "RS256", "ES256"):
        for secret in secrets:
            signed = forged({"alg": algorithm, "kid": kid, "typ": "JWT"}).rpartition(".")[0]
            signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
            assert who(client, f"{signed}.{encoded(signature)}")[0] == 401


def test_a_key_is_used_by_its_own_algorithm_alone(client: httpx.Client, issuer: Issuer) -> None:
    assert who(client, issuer.token("rsa", "RS512")) == (401, NOT_ALLOWED)
    assert who(client, issuer.token("rsa", "PS256")) == (401, NOT_ALLOWED)
    assert who(client, issuer.token("rsa", "RS256", {"kid": "one"})) == (401, UNKNOWN_KEY)
    assert who(client, issuer.token("one", "ES256", {"kid": "rsa"})) == (401, UNKNOWN_KEY)


# What a header may name a key by, besides its id: a stranger's own, embedded or behind a link.
STRANGER = ec.generate_private_key(ec.SECP256R1())
HEADERS: list[dict[str, Any]] = [
    {"jwk": public(STRANGER) | {"kid": "one"}},
    {"jwk": public(STRANGER), "kid": "mine"},
    {"jku": "HERE/evil"},
    {"jku": "HERE/evil", "kid": "mine"},
    {"x5u": "HERE/evil", "x5c": ["MIIB"]},
    {"kid": "../../../../../../dev/null"},
    {"kid": "one' UNION SELECT 'x"},
    {"kid": "file:///dev/null"},
    {"kid": ""},
    {"kid": "one\u0000"},
    {"kid": "ONE"},
    {"crit": ["exp"]},
    {"crit": ["b64"], "b64": True},
]


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_names_no_key_but_by_its_id(client: httpx.Client, issuer: Issuer, header: dict[str, Any]) -> None:
    asked = issuer.requests
    given = {
        name: value.replace("HERE", issuer.url) if name in ("jku", "x5u") else value for name, value in header.items()
    }
    token = jwt.encode(good_claims(), STRANGER, "ES256", {"kid": "one"} | given)
    assert who(client, token)[0] == 401
    assert issuer.requests - asked <= 1  # its own keys, at its own URL


@pytest.mark.parametrize("kid", [7, None, ["one"], {"one": 1}, True])
def test_an_id_is_a_text(client: httpx.Client, kid: object) -> None:
    status, message = who(client, forged({"alg": "ES256", "kid": kid}, b"x" * 64))
    assert (status, message in (NO_TOKEN, NOT_VALID)) == (401, True)


def test_nothing_of_a_token_can_be_changed(client: httpx.Client, issuer: Issuer) -> None:
    header, claims, signature = issuer.token().split(".")
    admin = encoded(good_claims(sub="admin"))
    zeros = encoded(b"\0" * 64)
    for token in (
        f"{header}.{admin}.{signature}", f"{header}.{claims}.", f"{header}.{claims}.{zeros}", f"{header}.{claims}",
        f"{header}.{claims}.{signature}.{signature}", f"{header}.{claims}.{signature[:-2]}", f".{claims}.{signature}",
        f"{header}..{signature}", f"{header}.{claims}.{signature}!", f"{header}.{claims}\n.{signature}", "..", "a.b.c",
    ):  # fmt: skip
        status, message = who(client, token) if "\n" not in token else (401, NO_TOKEN)
        assert (status, message in (NOT_VALID, NO_TOKEN)) == (401, True), token


@pytest.mark.parametrize(
    "payload",
    [b"null", b"[]", b'"x"', b"{", b"[" * 3_000, b'{"iss": ' + b"1" * 5_000 + b"}", b"\xff", b'{"iss": NaN}', b""],
)
def test_what_is_no_token_is_a_refusal_like_any_other(client: httpx.Client, payload: bytes) -> None:
    for token in (
        f"{encoded(payload)}.{encoded({})}.x",
        f"{encoded({'alg': 'ES256', 'kid': 'one'})}.{encoded(payload)}.",
    ):
        status, message = who(client, token)
        assert (status, message in (NO_TOKEN, UNKNOWN_ISSUER)) == (401, True)


def test_a_token_is_of_a_reasonable_length(client: httpx.Client, issuer: Issuer) -> None:
    assert who(client, issuer.token(more="x" * 20_000)) == (401, "The token has more than 8192 characters.")


def test_a_token_of_another_issuer_is_held_to_its_own_keys(tmp_path: Path, issuer: Issuer) -> None:
    other = "https://other.example"
    with issuing() as second:
        tables = issuer.table() + second.table().replace(ISSUER, other)
        with guarded(written(tmp_path, tables + EVERYONE)) as client:
            assert who(client, second.token(iss=other)) == (200, "carol")
            assert who(client, second.token()) == (401, NOT_VALID)  # the first's id of a key, signed by the second
            assert who(client, issuer.token(iss=other)) == (401, NOT_VALID)


def test_claims_of_other_names_may_hold_name_and_groups(tmp_path: Path, issuer: Issuer) -> None:
    more = ('name = "email"', 'groups = "roles"', 'algorithms = ["EdDSA"]')
    rules = rule('groups = ["ml"]', "all_runs = true")
    issuer.new_key("ed", ed25519.Ed25519PrivateKey.generate())
    with guarded(written(tmp_path, issuer.table(*more) + rules)) as client:

        def asks(**claims: Any) -> tuple[int, str]:
            return who(client, issuer.token("ed", "EdDSA", email="c@example.org", **claims))

        assert asks(roles=["x", "ml"]) == (200, "c@example.org")
        assert asks(roles="ml") == (200, "c@example.org")
        assert asks(roles=["x", 7, ["ml"]])[0] == 403
        assert asks(groups=["ml"])[0] == 403
        assert who(client, issuer.token(email="c", roles="ml")) == (401, NOT_ALLOWED)


DEPARTMENTS: list[dict[str, Any]] = [
    {"department": "ml", "level": "9"},
    {"department": ["x", "data"], "level": ["9"]},
    {"department": "ml"},
    {"department": "ml", "level": 9},
    {"department": "mlops", "level": "9"},
    {"department": {"ml": 1}, "level": "9"},
]


def test_rules_by_claims_need_each_of_them(tmp_path: Path, issuer: Issuer) -> None:
    rules = rule('claims = {department = ["ml", "data"], level = "9"}', "all_runs = true")
    with guarded(written(tmp_path, issuer.table() + rules)) as client:
        found = [who(client, issuer.token(**claims))[0] for claims in DEPARTMENTS]
    assert found == [200, 200, 403, 403, 403, 403]


def test_rules_by_the_name_of_a_token_are_about_no_jwt(tmp_path: Path, issuer: Issuer) -> None:
    tables = token_table("carol", TOKEN) + issuer.table() + rule('tokens = ["carol"]', "all_runs = true")
    with guarded(written(tmp_path, tables)) as client:
        assert (who(client, TOKEN), who(client, issuer.token())[0]) == ((200, "carol"), 403)


def test_tokens_that_were_good_are_remembered_only_so_many(
    client: httpx.Client, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwts, "_MOST_PROVEN", 2)
    tokens = [issuer.token(sub=name) for name in "abcab"]
    assert [who(client, token) for token in tokens * 2] == [(200, name) for name in "abcababcab"]


def test_an_answer_tells_nothing_of_the_token(client: httpx.Client, issuer: Issuer) -> None:
    token = issuer.token(exp=NOW - 60, sub="nobody-knows")
    answer = ask(client, token=token)
    told = answer.text + str(answer.headers)
    assert [part for part in (*token.split("."), "nobody-knows") if part in told] == []
