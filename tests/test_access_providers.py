"""Which providers a principal may use, where runs have no tags to tell whose they are; over S3 alone."""

from collections.abc import Generator

import pytest

import s3
from gateways import as_sent
from metaflow_graphql.providers.grants import Grant, Principal
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.errors import Faults
from metaflow_graphql.server.operations import Operation, Operations
from s3_trees import put_run

RUNS = "{ metadataProviders { name } runs { nodes { pathspec } } }"


@pytest.fixture
def server() -> Generator[s3.Server]:
    with s3.serving() as server:
        put_run(server, "Made/1")
        yield server


@pytest.mark.parametrize(
    ("grants", "seen"),
    [
        ((Grant(None, ("user:*", "*"), ("*",)),), False),
        ((Grant(frozenset({"other"}), None),), False),
        ((Grant(None, ("*",)), Grant(frozenset({"default"}), None)), True),
        ((Grant(None, None),), True),
    ],
)
def test_runs_without_tags_need_a_grant_of_every_run(server: s3.Server, grants: tuple[Grant, ...], seen: bool) -> None:
    operations = Operations(schema, Gateway({"default": server.provider()}, "default"))
    asked = operations.answer(Operation(RUNS, Principal("somebody", grants)), Faults())
    answer = as_sent(server.loop.run(asked))
    found = {"metadataProviders": [{"name": "default"}], "runs": {"nodes": [{"pathspec": "Made/1"}]}}
    assert answer["data"] == (found if seen else {"metadataProviders": [], "runs": None})
