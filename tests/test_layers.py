"""Imports run one way: server > schema > resolvers > providers; execution and decoding know none of them."""

import ast
from pathlib import Path

import metaflow_graphql

ROOT = Path(metaflow_graphql.__path__[0])
MAY_IMPORT = {
    "server": {"schema", "resolvers", "providers", "execution"},
    "schema": {"resolvers", "providers", "execution"},
    "resolvers": {"providers"},
    "providers": {"decoding"},
    "execution": set[str](),
    "decoding": set[str](),
}
# Within decoding/; what stands beside these folders is below them all.
OF_DECODING = ["views", "reading", "frames", "arrays", "pickles", "plain"]


def imported(path: Path, root: Path = ROOT) -> list[str]:
    """The folders of root that a file imports from, relative or by the package's name, wherever in the file."""
    depth = len(path.relative_to(root).parts)
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            names += [node.module or alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "metaflow_graphql":
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names += _inside(node.module or "")
        elif isinstance(node, ast.Import):
            names += [name for alias in node.names for name in _inside(alias.name)]
    return [name.split(".")[0] for name in names]


def _inside(module: str) -> list[str]:
    return [module.removeprefix("metaflow_graphql.")] if module.startswith("metaflow_graphql.") else []


def test_no_folder_imports_one_that_it_should_not_know() -> None:
    assert [
        f"{path.relative_to(ROOT)} imports {name}"
        for folder, known in MAY_IMPORT.items()
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in imported(path)
        if name in MAY_IMPORT.keys() - known - {folder}
    ] == []


def test_every_folder_of_the_package_has_its_place() -> None:
    folders = {init.parent.name for init in ROOT.glob("*/__init__.py")}
    assert folders - MAY_IMPORT.keys() == set()


def test_the_folders_of_decoding_import_downwards() -> None:
    decoding = ROOT / "decoding"
    assert {init.parent.name for init in decoding.glob("*/__init__.py")} == set(OF_DECODING)
    assert [
        f"{path.relative_to(ROOT)} imports {name}"
        for place, folder in enumerate(OF_DECODING)
        for path in sorted((decoding / folder).rglob("*.py"))
        for name in imported(path, decoding)
        if name in OF_DECODING[:place]
    ] == []
