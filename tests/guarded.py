"""A small schema behind access control, on a real server; and an issuer of JWTs whose keys are fetched over HTTP."""

import asyncio
import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import strawberry
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from starlette.types import ASGIApp

from metaflow_graphql.providers.errors import InvalidTag
from metaflow_graphql.providers.grants import Principal
from metaflow_graphql.resolvers.context import Gateway, Info
from metaflow_graphql.server.access.control import AccessControl
from metaflow_graphql.server.access.tokens import hash_of
from metaflow_graphql.server.app import application
from serving import GRAPHQL_RESPONSE, served

TOKEN, OTHER_TOKEN = "mfgql_of-alice", "mfgql_of-bob"
ISSUER = "https://login.example.org"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@strawberry.type
class Query:
    @strawberry.field
    def me(self, info: Info) -> str:
        return name_of(info.context.principal)

    @strawberry.field
    def many(self, ids: list[str]) -> "list[Query]":
        return [Query() for _ in ids]

    @strawberry.field
    def broken(self) -> str | None:
        raise OSError


@strawberry.type
class Mutation:
    @strawberry.mutation
    def tag(self, pathspec: str, metadata: str | None = None) -> bool | None:
        if pathspec == "Flow/0":
            raise InvalidTag("Metaflow would reject it.")
        return True

    @strawberry.mutation
    async def slow(self, pathspec: str) -> bool:
        await asyncio.sleep(60)
        return True


def name_of(principal: Principal | None) -> str:
    assert principal is not None
    return principal.name


def token_table(name: str, token: str, *more: str) -> str:
    return "\n".join(["[[tokens]]", f'name = "{name}"', f'hash = "{hash_of(token)}"', *more, ""])


def rule(*more: str) -> str:
    return "\n".join(["[[rules]]", *more, ""])


EVERYONE = rule("everyone = true", "all_runs = true")
TWO_PEOPLE = token_table("alice", TOKEN) + token_table("bob", OTHER_TOKEN) + EVERYONE


def written(folder: Path, text: str) -> Path:
    """The file of a configuration; its audit log is beside it."""
    path = folder / "access.toml"
    path.write_text(text if "[audit]" in text else f'{text}\n[audit]\nfile = "audit.jsonl"\n')
    return path


def replaced(path: Path, text: str) -> None:
    """Put in place at once, as a whole."""
    new = path.with_name("new.toml")
    new.write_text(text)
    new.rename(path)
    time.sleep(0.25)


def guarded_application(path: Path, *cors_origins: str, graphiql: bool = True) -> ASGIApp:
    """The small schema behind that configuration."""
    access = AccessControl(path, ["default", "team"])
    schema = strawberry.Schema(Query, Mutation)
    return application(schema, Gateway({}, "default"), cors_origins, graphiql=graphiql, access=access)


@contextmanager
def guarded(path: Path, *cors_origins: str, graphiql: bool = True, **settings: Any) -> Generator[httpx.Client]:
    """A client of a server with that configuration; `settings`: of uvicorn's."""
    app = guarded_application(path, *cors_origins, graphiql=graphiql)
    with served(app, proxy_headers=False, lifespan="on", **settings) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "accept": GRAPHQL_RESPONSE}


def ask(client: httpx.Client, query: str = "{ me }", token: str | None = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    credential = bearer(token) if token else {"accept": GRAPHQL_RESPONSE}
    return client.post("/graphql", json={"query": query}, headers=credential | named)


def who(client: httpx.Client, token: str | None = None, **headers: str) -> tuple[int, str]:
    """The status, and the name that the gateway knows who asks by, or the message of the refusal."""
    answer = ask(client, "{ me }", token, **headers)
    body = answer.json()
    return answer.status_code, body["errors"][0]["message"] if "errors" in body else body["data"]["me"]


class Issuer:
    """Issues tokens, and serves its keys as `answer` says; `requests`: how often they were asked for."""

    def __init__(self) -> None:
        self.keys: dict[str, PrivateKey] = {}
        self.requests = 0
        self.answer: bytes | None = None
        self.status = 200
        self.delay = 0.0
        self.url = ""

    def new_key(self, kid: str, key: PrivateKey | None = None) -> None:
        self.keys[kid] = key or ec.generate_private_key(ec.SECP256R1())

    def jwks(self) -> dict[str, Any]:
        return {"keys": [{**public(key), "kid": kid} for kid, key in self.keys.items()]}

    def token(
        self, kid: str = "one", algorithm: str = "ES256", header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        payload = json.dumps(good_claims(**claims)).encode()  # of claims of any type
        return jwt.PyJWS().encode(payload, self.keys[kid], algorithm, {"kid": kid, **(header or {})})

    def table(self, *more: str) -> str:
        lines = ["[[jwt]]", f'issuer = "{ISSUER}"', 'audience = "metaflow"', f'jwks = "{self.url}/keys"', *more, ""]
        return "\n".join(lines)


def good_claims(**claims: Any) -> dict[str, Any]:
    """Those that are None are left out."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": "metaflow", "sub": "carol", "iat": now, "exp": now + 300}
    return {name: value for name, value in (good | claims).items() if value is not None}


def public(key: PrivateKey) -> dict[str, Any]:
    kinds = {rsa.RSAPrivateKey: "RS256", ed25519.Ed25519PrivateKey: "EdDSA"}
    algorithm = next((name for kind, name in kinds.items() if isinstance(key, kind)), "ES256")
    return json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key()))


@contextmanager
def issuing() -> Generator[Issuer]:
    """An issuer with the key `one`, whose JWKS a server of its own serves."""
    issuer = Issuer()
    issuer.new_key("one")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.requests += 1
            time.sleep(issuer.delay)
            body = issuer.answer if issuer.answer is not None else json.dumps(issuer.jwks()).encode()
            self.send_response(issuer.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield issuer
        finally:
            server.shutdown()
