"""URLs that a gateway signed, after what its configuration says has changed, or the tags of a run."""

import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from guarded import TOKEN, Issuer, bearer, issuing, replaced, rule, token_table, written
from made_logs import line
from metaflow_graphql.providers.base import Key
from metaflow_graphql.providers.grants import Principal
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.resolvers.links import File
from metaflow_graphql.schema import schema
from metaflow_graphql.server.access.control import AccessControl
from metaflow_graphql.server.app import application
from principals import put_run_of, put_task
from serving import served

URLS = '[urls]\nkey = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"\n'
ALICE = token_table("alice", TOKEN, 'groups = ["ml"]')
BOB = token_table("bob", "mfgql_of-bob", 'groups = ["ml"]')
OF_GROUP = rule('groups = ["ml"]', 'namespaces = ["user:alice"]', 'may = ["values", "logs"]')
LOGS = rule('groups = ["ml"]', 'namespaces = ["user:alice"]', 'may = ["logs"]')
QUERY = '{ runs { nodes { step(name: "start") { task { logUrl(stream: STDOUT) } } } } }'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    run = put_run_of(tmp_path, 1, "alice", tags=["lent"])
    task = put_task(tmp_path, run, attempt="0", ds_root=str(tmp_path / ".metaflow"))
    (task / "0.task_stdout.log").write_bytes(line(0, "of alice", "task"))
    return tmp_path


@contextmanager
def opened(root: Path, path: Path) -> Generator[httpx.Client]:
    gateway = Gateway({"default": LocalProvider("default", root)}, "default")
    access = AccessControl(path, ["default"])
    with served(application(schema, gateway, access=access), proxy_headers=False, lifespan="on") as client:
        yield client


def url_of(client: httpx.Client, token: str) -> str:
    answer = client.post("/graphql", json={"query": QUERY}, headers=bearer(token)).json()
    (run,) = answer["data"]["runs"]["nodes"]
    return run["step"]["task"]["logUrl"]


@pytest.mark.parametrize(
    "identity", [b"alice", b"[]", b'["token"]', b'["user","alice",[],null]', b"\xff", b"x" * 10_000]
)
def test_an_identity_that_is_written_otherwise_is_nobodys(root: Path, tmp_path: Path, identity: bytes) -> None:
    access = AccessControl(written(tmp_path, ALICE + OF_GROUP + URLS), ["default"])
    signatures, file = access.signatures, File("log", Key("default", "Made/1/start/1"), ("stdout",))
    assert signatures
    query = urlencode(signatures.parameters(file.signed, Principal("alice", identity=identity), time.time()))
    with opened(root, tmp_path / "access.toml") as client:
        assert client.get(f"/files/log/default/Made/1/start/1/stdout?{query}").status_code == 403


@pytest.mark.parametrize(
    ("later", "status"),
    [
        (ALICE + LOGS, 200),
        (ALICE + LOGS.replace("alice", "*"), 200),
        (ALICE + LOGS.replace("logs", "values"), 403),
        (ALICE + LOGS.replace("user:alice", "user:bob"), 404),
        (ALICE + LOGS.replace("ml", "search"), 403),
        (ALICE.replace("ml", "search") + LOGS, 403),
        (ALICE.replace('"alice"', '"bob"') + LOGS, 403),
        (token_table("alice", TOKEN, 'groups = ["ml"]', "expires = 2020-01-01T00:00:00Z") + LOGS, 403),
        (BOB + LOGS, 403),
    ],
)
def test_a_url_of_a_token_is_good_for_what_rules_grant_it_now(
    root: Path, tmp_path: Path, later: str, status: int
) -> None:
    path = written(tmp_path, ALICE + OF_GROUP + URLS)
    with opened(root, path) as client:
        url = url_of(client, TOKEN)
        assert client.get(url).text == "of alice\n"
        replaced(path, later + URLS)
        assert client.get(url).status_code == status


def test_a_url_whose_owner_may_read_it_no_longer_tells_the_audit_log_whose_it_was(root: Path, tmp_path: Path) -> None:
    path = written(tmp_path, ALICE + OF_GROUP + URLS)
    with opened(root, path) as client:
        url = url_of(client, TOKEN)
        for later in (ALICE + LOGS.replace("logs", "values"), BOB + LOGS):
            replaced(path, f'{later}{URLS}\n[audit]\nfile = "audit.jsonl"\n')
            assert client.get(url).status_code == 403
    found = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    told = [(line["principal"], line["outcome"]) for line in found]
    assert told == [({"name": "alice", "by": "url", "issuer": None}, "FORBIDDEN")] * 2


def test_a_url_ends_with_the_tag_that_lent_its_run(root: Path, tmp_path: Path) -> None:
    lent = rule('groups = ["ml"]', 'user_tags = ["lent"]', 'may = ["logs"]')
    with opened(root, written(tmp_path, ALICE + lent + URLS)) as client:
        url = url_of(client, TOKEN)
        assert client.get(url).status_code == 200
        (record,) = (root / ".metaflow" / "Made").glob("*/_meta/_self.json")
        record.unlink()
        put_run_of(root, 1, "alice")
        assert client.get(url).status_code == 404


MAKERS: dict[str, Callable[[Issuer], str]] = {
    "a group": lambda issuer: issuer.token(groups=["ml", "other"]),
    "a claim": lambda issuer: issuer.token(team=["ml"]),
    "a name": lambda issuer: issuer.token(sub="alice"),
}
RULES = {
    "a group": LOGS,
    "a claim": LOGS.replace('groups = ["ml"]', 'claims = {team = "ml"}'),
    "a name": rule("everyone = true", 'namespaces = ["user:{name}"]', 'may = ["logs"]'),
}


@pytest.mark.parametrize("by", MAKERS)
def test_a_url_of_a_jwt_is_good_for_what_rules_grant_it_now(root: Path, tmp_path: Path, by: str) -> None:
    with issuing() as issuer:
        text = issuer.table() + URLS
        path = written(tmp_path, RULES[by] + text)
        with opened(root, path) as client:
            url = url_of(client, MAKERS[by](issuer))
            assert client.get(url).status_code == 200
            replaced(path, RULES[by].replace("logs", "values") + text)
            assert client.get(url).status_code == 403
            replaced(path, RULES[by] + text)
            assert client.get(url).status_code == 200
            replaced(path, ALICE + RULES[by] + URLS)  # the issuer is not believed any longer
            assert client.get(url).status_code == 403


def test_a_url_carries_of_claims_no_more_than_rules_name(root: Path, tmp_path: Path) -> None:
    one_role = LOGS.replace('groups = ["ml"]', 'claims = {roles = ["ml", "search"]}')
    with issuing() as issuer, opened(root, written(tmp_path, one_role + issuer.table() + URLS)) as client:
        few, many = (url_of(client, issuer.token(roles=["ml", *(f"r{n}" for n in range(m))])) for m in (0, 150))
        assert few.partition("?")[2] == many.partition("?")[2]
        assert client.get(many).status_code == 200


def test_a_url_of_a_proxys_user_is_good_while_the_proxy_says_who_asks(root: Path, tmp_path: Path) -> None:
    proxy = "[proxy]\naddresses = ['127.0.0.1']\nuser_header = 'x-user'\ngroups_header = 'x-groups'\n"
    path = written(tmp_path, LOGS + proxy + URLS)
    with opened(root, path) as client:
        named = {"x-user": "alice", "x-groups": "ml"}
        (run,) = client.post("/graphql", json={"query": QUERY}, headers=named).json()["data"]["runs"]["nodes"]
        url = run["step"]["task"]["logUrl"]
        assert client.get(url).status_code == 200
        replaced(path, LOGS + proxy.partition("user_header")[0] + URLS)
        assert client.get(url).status_code == 403


def test_a_url_stays_the_same_while_a_token_is_renewed_and_says_no_name(root: Path, tmp_path: Path) -> None:
    with issuing() as issuer, opened(root, written(tmp_path, LOGS + issuer.table() + URLS)) as client:
        urls = {
            url_of(client, issuer.token(sub="carol", groups=["ml", f"g{more}"], exp=4_000_000_000 + more))
            for more in range(3)
        }
        (url,) = urls
    assert [word in url for word in ("carol", "Y2Fyb2w")] == [False, False]
