"""The wheel holds the package's files, all of them and no others."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import metaflow_graphql

ROOT = Path(metaflow_graphql.__path__[0])


def built_wheel(folder: Path) -> Path:
    """Built from a copy: setuptools leaves its build/lib in the sources, and takes old files from there."""
    sources = shutil.copytree(ROOT, folder / "sources", ignore=shutil.ignore_patterns(".*", "build", "node_modules"))
    wheel = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, sources]
    subprocess.run([sys.executable, "-m", "pip", *wheel], check=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_files_on_disk(tmp_path: Path) -> None:
    with zipfile.ZipFile(built_wheel(tmp_path)) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    folders = [init.parent for init in ROOT.glob("*/__init__.py")]
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    files |= {ROOT / "__init__.py", ROOT / "__main__.py", ROOT / "py.typed"}
    assert packed == {f"metaflow_graphql/{path.relative_to(ROOT)}" for path in files}
