"""Credentials drawn at random: each is let in or refused, and nothing else."""

import asyncio
import base64
import json
import random
from pathlib import Path
from typing import Any

import jwt
from starlette.requests import Request

from guarded import EVERYONE, ISSUER, TOKEN, Issuer, good_claims, issuing, token_table, written
from metaflow_graphql.server.access.control import AccessControl

DRAWN = 3_000
PROXY = "[proxy]\naddresses = ['127.0.0.1']\nuser_header = 'x-user'\ngroups_header = 'x-groups'\n"
RATES = "[rates]\nfailures = 10000\n"
ODD: list[Any] = [
    None, True, 7, 1e400, -1, "", "one", ISSUER, [ISSUER], {"a": 1}, "metaflow", ["metaflow"], 10**30, "\ud800",
    "\u00e9\n", [[]],
]  # fmt: skip


def changed(text: str, draw: random.Random) -> str:
    """With some characters replaced, left out or put in."""
    characters = list(text)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(characters))
        characters[at : at + draw.randrange(2)] = chr(draw.randrange(256)) * draw.randrange(3)
    return "".join(characters)


def odd(names: tuple[str, ...], draw: random.Random) -> dict[str, Any]:
    return {name: draw.choice(ODD) for name in draw.sample(names, draw.randint(0, len(names)))}


def forged(header: dict[str, Any], signature: bytes) -> str:
    parts = (json.dumps(header).encode(), json.dumps(good_claims()).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def authorization(issuer: Issuer, token: str, draw: random.Random) -> str:
    kind = draw.randrange(5)
    if kind == 0:
        return draw.randbytes(draw.randrange(60)).decode("latin-1")
    if kind == 1:
        return f"Bearer {changed(draw.choice((token, TOKEN)), draw)}"
    if kind == 2:
        claims = good_claims() | odd(("iss", "aud", "exp", "nbf", "iat", "sub", "groups", "jti"), draw)
        return f"Bearer {jwt.PyJWS().encode(json.dumps(claims).encode(), issuer.keys['one'], 'ES256', {'kid': 'one'})}"
    if kind == 3:
        header = {"alg": "ES256"} | odd(("alg", "kid", "crit", "b64", "typ", "jku", "jwk"), draw)
        return f"Bearer {forged(header, draw.randbytes(64))}"
    return f"Bearer {token}"


def request(issuer: Issuer, token: str, draw: random.Random) -> Request:
    given = authorization(issuer, token, draw) if draw.random() < 0.9 else ""
    headers = [(b"authorization", given.encode("latin-1", "replace"))] if given else []
    for name in (b"x-user", b"x-groups", b"x-forwarded-for"):
        if draw.random() < 0.3:
            headers.append((name, draw.randbytes(draw.randrange(12))))
    client = draw.choice((("127.0.0.1", 1), ("192.0.2.1", 2), None, ("", 0)))
    return Request({"type": "http", "method": "POST", "path": "/graphql", "client": client, "headers": headers})


async def outcomes(access: AccessControl, issuer: Issuer, draw: random.Random) -> set[int]:
    found: set[int] = set()
    told: set[str] = set()
    token = issuer.token()
    for _ in range(DRAWN):
        asked = request(issuer, token, draw)
        admission = await access.admission(asked, await access.entry(asked), asked=True)
        refusal = admission.refusal
        found.add(refusal.status or 0 if refusal else 200)
        told |= set(refusal.headers.values()) if refusal else set()
    assert [text for text in told if not (text.isascii() and text.isprintable())] == []
    await access.close()
    return found


def test_whatever_is_sent_is_let_in_or_refused(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    with issuing() as issuer:
        tables = token_table("alice", TOKEN) + issuer.table() + PROXY + EVERYONE + RATES
        found = asyncio.run(outcomes(AccessControl(written(tmp_path, tables), []), issuer, random.Random(seed)))
    assert found == {200, 401}, f"seed {seed}"
