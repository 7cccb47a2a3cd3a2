"""graphql-core's own tests of execution, on LevelExecutor: `graphql_core_plugin.py` names the exceptions."""

import os
import re
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

from graphql_core_plugin import EXCLUDED

TESTS = Path(__file__).parent
BUILDS = TESTS.parent / "build" / "graphql-core"
# SHA-256 of the source distribution on PyPI, by version: its tests are run, so it is what was looked at.
HASHES = {"3.3.2": "15d6eee7d4364fbc202833bc6bd0d504004d8ae7c0aaf620fa884d8e437622f2"}
_SUMMARY = r"executed a level at a time: (\d+)\n(\d+) passed, (\d+) xfailed"


@pytest.fixture(scope="module")
def sources() -> Path:
    """The source distribution of the graphql-core that is installed: downloaded once, into build/."""
    installed = version("graphql-core")
    assert installed in HASHES, f"the hash of graphql-core {installed} on PyPI belongs into HASHES"
    folder = BUILDS / f"graphql_core-{installed}"
    if not folder.exists():
        archive = _downloaded(installed)
        with tarfile.open(archive) as opened:
            opened.extractall(BUILDS / "part", filter="data")
        (BUILDS / "part" / folder.name).rename(folder)
    return folder


def _downloaded(installed: str) -> Path:
    BUILDS.mkdir(parents=True, exist_ok=True)
    wanted = BUILDS / "requirements.txt"
    wanted.write_text(f"graphql-core=={installed} --hash=sha256:{HASHES[installed]}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "graphql-core"]
    done = subprocess.run([*command, "--dest", BUILDS, "--requirement", wanted], capture_output=True, text=True)
    if done.returncode:
        missing = f"graphql-core's own tests were not run: no source distribution ({done.stderr[-500:]})"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return BUILDS / f"graphql_core-{installed}.tar.gz"


def test_graphql_cores_own_tests_pass(sources: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "graphql_core_plugin",
        "-p",
        "no:cacheprovider",
        "-q",
        "-c",
        os.devnull,
    ]
    ran = subprocess.run(
        [*command, "--rootdir", sources, "-o", "python_classes=PyTest*", sources / "tests/execution"],
        cwd=sources,
        env={**os.environ, "PYTHONPATH": str(TESTS), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr
    print(ran.stdout[-200:])
    [(executed, passed, excluded)] = re.findall(_SUMMARY, ran.stdout)
    assert (int(executed) > 300, int(passed) > 700, int(excluded)) == (True, True, EXCLUDED)
