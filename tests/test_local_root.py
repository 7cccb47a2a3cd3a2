"""Where the root is: as Metaflow finds it."""

import subprocess
import sys
from pathlib import Path

import pytest

from local_trees import provider
from metaflow_graphql.providers.local.root import find_root


def test_a_configured_root_need_not_be_there(tmp_path: Path) -> None:
    assert find_root(str(tmp_path / "x"), tmp_path) == tmp_path / "x"
    assert find_root("x", tmp_path) == tmp_path / "x"


@pytest.mark.parametrize("below", [".", "a", "a/b"])
def test_the_nearest_folder_above_is_the_root(tmp_path: Path, below: str) -> None:
    (tmp_path / ".metaflow").mkdir()
    (tmp_path / below).mkdir(parents=True, exist_ok=True)
    (tmp_path / below / ".metaflow.txt").touch()
    assert find_root(None, tmp_path / below) == tmp_path


def test_a_file_of_that_name_is_no_root(tmp_path: Path) -> None:
    (tmp_path / ".metaflow").mkdir()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".metaflow").touch()
    assert find_root(None, tmp_path / "a") == tmp_path


def test_there_may_be_none(tmp_path: Path) -> None:
    if not any((folder / ".metaflow").is_dir() for folder in tmp_path.parents):
        assert find_root(None, tmp_path) is None


@pytest.mark.parametrize("sysroot", [True, False])
def test_the_root_is_the_one_that_metaflow_tells(tmp_path: Path, sysroot: bool) -> None:
    (tmp_path / ".metaflow").mkdir()
    below = tmp_path / "a"
    below.mkdir()
    environment = {"USER": "tester", "METAFLOW_HOME": str(tmp_path)}
    if sysroot:
        environment["METAFLOW_DATASTORE_SYSROOT_LOCAL"] = str(tmp_path)
    command = [sys.executable, "-c", "from metaflow import get_metadata; print(get_metadata())"]
    told = subprocess.run(command, cwd=below, env=environment, capture_output=True, text=True, check=True).stdout
    found = find_root(str(tmp_path) if sysroot else None, below)
    assert told.strip() == f"local@{provider(found).info}"
