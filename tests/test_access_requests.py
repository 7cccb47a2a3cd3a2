"""What access control costs a metadata service: runs that are listed are not asked for again."""

from collections.abc import Generator
from contextlib import closing

import pytest

from metaflow_graphql.providers.grants import Grant, Principal
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.service.client import Client
from metaflow_graphql.providers.service.provider import ServiceProvider
from over_service import requests
from principals import asked_by, granted, of_team
from service import Served, Store, fill, serving

ARTIFACTS = """{ flow(name: "MadeFlow00") { runs(first: 40) { nodes {
    steps { name tasks { nodes { pathspec artifacts { name } } } } } } } }"""
NEWEST = "{ runs(first: 30) { nodes { pathspec } } }"
BELOW = {"run metadata": 40, "run artifacts": 40}


@pytest.fixture(scope="module")
def served() -> Generator[Served]:
    with closing(Store()) as store:
        fill(store, flows=5, runs=1000)
        with serving(store) as service:
            yield service


@pytest.mark.parametrize(
    ("principal", "query", "expected"),
    [
        (granted(Grant(None, None)), ARTIFACTS, {"flow": 1, "runs": 1, **BELOW}),
        (of_team("alice"), ARTIFACTS, {"runs": 2, **BELOW}),
        (None, NEWEST, {"flows": 1, "runs": 5}),
        (of_team("alice"), NEWEST, {"flows": 1, "runs": 5}),
        (granted(Grant(None, ("user:[*]",))), NEWEST, {"flows": 1, "runs": 5}),
        # Which runs such a tag is of, no service can be asked: they are looked through, until there are enough.
        (granted(Grant(None, ("user:al*",))), NEWEST, {"flows": 1, "runs": 11}),
        (granted(Grant(None, ("user:nobody*",))), NEWEST, {"flows": 1, "runs": 22}),
    ],
)
def test_what_a_question_costs_whom(
    served: Served, principal: Principal | None, query: str, expected: dict[str, int]
) -> None:
    provider = ServiceProvider("default", Client(served.url, name="default"), LocalDatastore(None))
    with asked_by(principal, {"default": provider}) as gateway:
        served.reset()
        gateway.data(query)
        assert requests(served) == expected
