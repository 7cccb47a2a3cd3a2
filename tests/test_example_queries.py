"""The queries of examples/queries/ and examples/typescript/ ask for what the schema has."""

from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

import metaflow_graphql

ROOT = Path(metaflow_graphql.__path__[0])
QUERIES = sorted(ROOT.glob("examples/*/*.graphql"))


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_fits_the_schema(path: Path) -> None:
    schema = build_schema((ROOT / "schema/schema.graphql").read_text())
    assert validate(schema, parse(path.read_text())) == []
