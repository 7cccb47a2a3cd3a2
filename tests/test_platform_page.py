"""The page for platform teams: what it has people do is done, from nothing to a query."""

import json
import os
import re
import shutil
import socket
import subprocess
import sysconfig
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

import metaflow_graphql
from guarded import Issuer, bearer
from service import Store, serving
from service.store import now

PAGE = Path(metaflow_graphql.__path__[0]) / "examples/platform"
TEXT = (PAGE / "README.md").read_text()
SHELL = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
KEYS, SERVE, SEEN, UNSEEN, NOBODY = SHELL


class Platform(NamedTuple):
    """Where the page was followed, the gateway that was started there, and the token that was made."""

    folder: Path
    issuer: Issuer
    client: httpx.Client
    token: str

    def printed(self, command: str) -> Any:
        environment = {"GATEWAY_URL": str(self.client.base_url).rstrip("/"), "TOKEN": self.token}
        return json.loads(shell(self.folder, command, **environment))

    def asked(self, query: str, *groups: str, name: str = "carol") -> Any:
        """As somebody in these groups, by a JSON Web Token."""
        token = self.issuer.token(sub=name, groups=list(groups))
        return self.client.post("/graphql", json={"query": query}, headers=bearer(token)).json()


def variables(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("METAFLOW_")}
    return kept | {"PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{kept['PATH']}"} | more


def shell(folder: Path, command: str, **more: str) -> str:
    ran = subprocess.run(["bash", "-ec", command], cwd=folder, env=variables(**more), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def add_run(store: Store, flow: str, project: str, user: str) -> None:
    store.insert("flows", flow_id=flow, ts_epoch=now())
    tags = {"user_name": user, "tags": "[]", "system_tags": json.dumps([f"user:{user}", f"project:{project}"])}
    store.insert("runs", flow_id=flow, ts_epoch=now(), last_heartbeat_ts=None, **tags)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Platform]:
    folder = tmp_path_factory.mktemp("platform") / "gateway"
    shutil.copytree(PAGE, folder)
    issuer = Issuer()
    issuer.new_key("one")
    (folder / "keys.json").write_text(json.dumps(issuer.jwks()))
    printed = shell(folder, KEYS)
    config = folder / "gateway.toml"
    (made,) = re.findall(r"^hash = .*$", printed, re.MULTILINE)
    config.write_text(re.sub(r"^hash = .*$", made, config.read_text(), flags=re.MULTILINE))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    store = Store()
    for flow, project, user in (("RiskFlow", "risk", "alice"), ("SearchFlow", "search", "bob")):
        add_run(store, flow, project, user)
    with serving(store) as service:
        command = f"exec {SERVE.strip()} --port {port}"
        environment = variables(METADATA_URL=service.url)
        with subprocess.Popen(
            ["bash", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout
                assert process.stdout.readline().startswith("metaflow-graphql serves https://runs.example.org/graphql")
                with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                    yield Platform(folder, issuer, client, printed.split()[0])
            finally:
                process.terminate()


def test_the_job_sees_the_runs_of_its_team(platform: Platform) -> None:
    assert platform.printed(SEEN) == {
        "data": {"viewer": {"name": "nightly-report"}, "runs": {"nodes": [{"pathspec": "RiskFlow/1"}]}}
    }


def test_a_run_of_the_other_team_does_not_exist(platform: Platform) -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert platform.printed(UNSEEN) == json.loads(shown)
    query = '{ run(pathspec: "SearchFlow/2") { pathspec } }'
    assert platform.asked(query, "search") == {"data": {"run": {"pathspec": "SearchFlow/2"}}}


def test_nobody_is_told_anything_and_the_audit_log_of_it(platform: Platform) -> None:
    (error,) = platform.printed(NOBODY)["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    log = platform.folder / "audit.jsonl"
    ended = time.monotonic() + 10
    while not log.exists() or "UNAUTHENTICATED" not in log.read_text():
        assert time.monotonic() < ended, "there is no line"
        time.sleep(0.01)


def test_the_platform_team_sees_that_runs_are_there(platform: Platform) -> None:
    runs = platform.asked("{ runs { nodes { pathspec } } }", "platform")["data"]["runs"]["nodes"]
    assert sorted(run["pathspec"] for run in runs) == ["RiskFlow/1", "SearchFlow/2"]


def test_whoever_is_in_no_team_sees_their_own_runs(platform: Platform) -> None:
    query = "{ viewer { namespaces } runs { nodes { pathspec } } }"
    seen = {name: platform.asked(query, "visitors", name=name)["data"] for name in ("alice", "bob", "carol", "*")}
    assert seen == {
        "alice": {"viewer": {"namespaces": ["user:alice"]}, "runs": {"nodes": [{"pathspec": "RiskFlow/1"}]}},
        "bob": {"viewer": {"namespaces": ["user:bob"]}, "runs": {"nodes": [{"pathspec": "SearchFlow/2"}]}},
        "carol": {"viewer": {"namespaces": ["user:carol"]}, "runs": {"nodes": []}},
        "*": {"viewer": {"namespaces": ["user:[*]"]}, "runs": {"nodes": []}},
    }
