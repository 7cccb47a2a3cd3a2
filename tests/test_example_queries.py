"""The queries of examples/: each fits the schema, has an answer, and costs as many calls for few objects as for many."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from graphql import build_schema, parse, validate

import metaflow_graphql
from gateways import Gateway
from lockstep import Cost, cost
from metaflow_graphql.providers import ids
from running import Runs

ROOT = Path(metaflow_graphql.__path__[0])
QUERIES = sorted(ROOT.glob("examples/*/*.graphql"))

Variables = Callable[[Runs], dict[str, Any]]


class Example(NamedTuple):
    """A query's variables for few objects and for many of the same kinds, and what both cost.

    `empty`: fields of which those runs have nothing.
    """

    few: Variables
    many: Variables
    cost: Cost
    empty: tuple[str, ...] = ()


def of_linear(first: int) -> Variables:
    return lambda _: {"filter": {"flows": ["LinearFlow"]}, "metric": "x", "first": first}


def of_scenario(name: str) -> Variables:
    return lambda runs: {"run": runs[name].pathspec}


def with_ids(*scenarios: str) -> Variables:
    """The ids of a run of each, of its first task, and of an artifact of that."""

    def variables(runs: Runs) -> dict[str, Any]:
        objects = [
            (kind, f"{runs[name].pathspec}{below}")
            for name in scenarios
            for kind, below in (("Run", ""), ("Task", "/start/1"), ("DataArtifact", "/start/1/x"))
        ]
        return {"ids": [ids.of_object(kind, "default", pathspec) for kind, pathspec in objects]}

    return variables


EXAMPLES = {
    "compare-a-metric": Example(
        few=lambda _: {"flow": "ParametersFlow", "tag": "runtime:dev", "metric": "text", "first": 1},
        many=lambda _: {"flow": "ParametersFlow", "tag": "runtime:dev", "metric": "text"},
        cost=Cost({}, 0),
    ),
    "from-run-to-artifact": Example(
        few=lambda _: {"flow": "LinearFlow", "names": ["x"]},
        many=lambda _: {"flow": "NestedForeachFlow", "names": ["x"]},
        cost=Cost({}, 0),
    ),
    "latest-successful-runs": Example(few=lambda _: {"first": 1}, many=lambda _: {"first": 3}, cost=Cost({}, 0)),
    "one-run": Example(few=of_scenario("foreach"), many=of_scenario("nested_foreach"), cost=Cost({}, 0)),
    "page-of-runs": Example(
        few=lambda _: {"flow": "LinearFlow", "first": 1},
        many=lambda _: {"flow": "LinearFlow", "first": 10},
        cost=Cost({}, 0),
    ),
    "recent-runs": Example(few=of_linear(1), many=of_linear(10), cost=Cost({}, 0)),
    "refetch": Example(few=with_ids("linear"), many=with_ids("linear", "linear_tagged"), cost=Cost({}, 0)),
    "tag-a-run": Example(few=of_scenario("linear"), many=of_scenario("nested_foreach"), cost=Cost({}, 0)),
    "tags-for-a-filter": Example(few=lambda _: {"flow": "LinearFlow"}, many=lambda _: {"flow": "EndingFlow"}, cost=Cost({}, 0)),
    "why-did-it-fail": Example(few=of_scenario("failed"), many=of_scenario("retry_exhausted"), cost=Cost({}, 0)),
}


@pytest.fixture(scope="module")
def copied(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The runs, whose tags may be changed."""
    return runs.copy(tmp_path_factory.mktemp("examples") / "runs")


def text_of(name: str) -> str:
    return (ROOT / f"examples/queries/{name}.graphql").read_text()


def empty(value: Any, path: str = "") -> Iterator[tuple[str, bool]]:
    """Each field of an answer by its path, without the places in lists, and whether there is nothing in it."""
    if isinstance(value, dict) and value:
        for key, item in cast(dict[str, Any], value).items():
            yield from empty(item, f"{path}.{key}".removeprefix("."))
    elif isinstance(value, list) and value:
        for item in cast(list[Any], value):
            yield from empty(item, path)
    else:
        yield path, value in (None, [], {})


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_fits_the_schema(path: Path) -> None:
    schema = build_schema((ROOT / "schema/schema.graphql").read_text())
    assert validate(schema, parse(path.read_text())) == []


def test_every_query_says_what_it_answers() -> None:
    silent = [path.name for path in QUERIES if path.parent.name == "queries" and path.read_text()[:2] != "# "]
    assert (silent, [path.stem for path in QUERIES if path.parent.name == "queries"]) == ([], sorted(EXAMPLES))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_query_has_an_answer(name: str, gateway: Gateway, runs: Runs) -> None:
    answer = gateway.data(text_of(name), **EXAMPLES[name].many(runs))
    fields = list(empty(answer))
    full = {path for path, is_empty in fields if not is_empty}
    assert sorted({path for path, _ in fields} - full) == sorted(EXAMPLES[name].empty)


@pytest.mark.parametrize("name", EXAMPLES)
def test_many_objects_cost_as_many_calls_as_few(name: str, copied: Runs) -> None:
    example = EXAMPLES[name]
    assert cost(copied.root, text_of(name), example.many(copied)) == example.cost
    assert cost(copied.root, text_of(name), example.few(copied)) == example.cost
