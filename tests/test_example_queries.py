"""The queries of examples/: each fits the schema, has an answer, and costs no more for many objects than for few."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from graphql import build_schema, parse, validate

import metaflow_graphql
from gateways import Gateway
from lockstep import calls
from metaflow_graphql.providers import ids
from running import Runs

ROOT = Path(metaflow_graphql.__path__[0])
QUERIES = sorted(ROOT.glob("examples/*/*.graphql"))

Variables = Callable[[Runs], dict[str, Any]]


class Example(NamedTuple):
    """A query's variables for few objects and for many of the same kinds, and the calls that both cost.

    `shown`: variables for which, together, it has most to show, if not those of many; `empty`: fields that are empty
    even so.
    """

    few: Variables
    many: Variables
    calls: dict[str, int]
    shown: tuple[Variables, ...] = ()
    empty: tuple[str, ...] = ()


def given(**variables: Any) -> Variables:
    return lambda _runs: variables


def of_two_flows(first: int) -> Variables:
    """Of one a run that failed, which is the newest; of the other runs that went well."""
    return given(filter={"flows": ["FailingFlow", "LinearFlow"]}, metric="x", first=first)


def of_scenario(name: str) -> Variables:
    return lambda runs: {"run": runs[name].pathspec}


def page_of(name: str, metric: str, table: str) -> Variables:
    return lambda runs: {"run": runs[name].pathspec, "metrics": [metric], "table": table}


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
        few=given(flow="ParametersFlow", tag="runtime:dev", metric="text", first=1),
        many=given(flow="ParametersFlow", tag="runtime:dev", metric="text"),
        calls={
            "flows": 1,
            "run_pages": 1,
            "steps_of": 1,
            "tasks_of": 2,
            "created_at": 1,
            "artifact_names_of": 1,
            "artifacts": 3,
            "infos": 1,
            "blobs": 3,
            "included_files": 1,
        },
        shown=(given(flow="ResumeFlow", tag="again", metric="x"),),
    ),
    "from-run-to-artifact": Example(
        few=given(flow="ForeachFlow", names=["items", "lengths"]),
        many=given(flow="NestedForeachFlow", names=["letters", "pairs"]),
        calls={
            "flows": 1,
            "run_pages": 1,
            "steps_of": 1,
            "tasks_of": 2,
            "metadata_of": 1,
            "attempts_of": 1,
            "artifacts": 3,
            "infos": 1,
            "blobs": 2,
        },
        shown=(given(flow="RetryFlow", names=["of_attempt"]),),
    ),
    "latest-successful-runs": Example(
        few=given(first=1),
        many=given(first=3),
        calls={"flows_in": 1, "run_pages": 1, "tasks_of": 2, "metadata_of": 1, "attempts_of": 1, "artifacts": 1},
    ),
    "one-run": Example(
        few=page_of("foreach", "items", "lengths"),
        many=page_of("nested_foreach", "letters", "pairs"),
        calls={
            "runs": 1,
            "steps_of": 1,
            "tasks_of": 2,
            "metadata_of": 3,
            "attempts_of": 1,
            "artifact_names_of": 1,
            "artifacts": 3,
            "blobs": 2,
            "created_at": 1,
            "file_names": 1,
            "infos": 1,
        },
        shown=(
            page_of("linear", "x", "numbers"),
            page_of("resumed", "x", "y"),
            page_of("failed", "x", "y"),
            page_of("cards", "x", "y"),
            page_of("arrays", "floats", "structured"),
        ),
        empty=("run.graph.nodes.decorators.attributes.options",),
    ),
    "page-of-runs": Example(
        few=given(flow="LinearFlow", first=1),
        many=given(flow="LinearFlow", first=10),
        calls={"flows": 1, "run_pages": 1, "run_counts": 1},
    ),
    "recent-runs": Example(
        few=of_two_flows(2),
        many=of_two_flows(10),
        calls={
            "run_pages": 1,
            "steps_of": 1,
            "tasks_of": 3,
            "created_at": 1,
            "metadata_of": 1,
            "attempts_of": 2,
            "artifact_names_of": 1,
            "artifacts": 3,
            "blobs": 1,
        },
    ),
    "refetch": Example(
        few=with_ids("linear"),
        many=with_ids("linear", "linear_tagged"),
        calls={"runs": 1, "tasks": 1, "tasks_of": 2, "metadata_of": 1, "attempts_of": 2, "artifacts": 1, "blobs": 1},
    ),
    "tag-a-run": Example(
        few=of_scenario("linear"),
        many=of_scenario("linear_tagged"),
        calls={"runs": 3, "mutate_tags": 3},
    ),
    "tags-for-a-filter": Example(
        few=given(flow="ForeachFlow"),
        many=given(flow="LinearFlow"),
        calls={"run_pages": 1},
    ),
    "why-did-it-fail": Example(
        few=of_scenario("failed_before_end"),
        many=of_scenario("failed"),
        calls={
            "runs": 1,
            "steps_of": 1,
            "tasks_of": 3,
            "tasks": 1,
            "metadata_of": 2,
            "attempts_of": 1,
            "artifacts": 3,
            "infos": 1,
            "blobs": 1,
        },
    ),
}


@pytest.fixture(scope="module")
def copied(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The runs, whose tags may be changed."""
    return runs.copy(tmp_path_factory.mktemp("examples") / "runs")


def text_of(name: str) -> str:
    return (ROOT / f"examples/queries/{name}.graphql").read_text()


def fields(value: Any, path: str = "") -> Iterator[tuple[str, bool]]:
    """Each field of an answer by its path, without the places in lists, and whether there is something in it."""
    if isinstance(value, list):
        for item in cast(list[Any], value):
            yield from fields(item, path)
    elif isinstance(value, dict):
        for key, item in cast(dict[str, Any], value).items():
            field = f"{path}.{key}".removeprefix(".")
            yield field, item not in (None, [], {})
            yield from fields(item, field)


def beyond(calls: dict[str, int], most: dict[str, int]) -> dict[str, int]:
    """The calls that are more than these. Fewer may come together, as threads and Python's version have it."""
    return {method: count for method, count in calls.items() if count > most.get(method, 0)}


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_a_query_fits_the_schema(path: Path) -> None:
    schema = build_schema((ROOT / "schema/schema.graphql").read_text())
    assert validate(schema, parse(path.read_text())) == []


def test_every_query_says_what_it_answers() -> None:
    silent = [path.name for path in QUERIES if path.parent.name == "queries" and path.read_text()[:2] != "# "]
    assert (silent, [path.stem for path in QUERIES if path.parent.name == "queries"]) == ([], sorted(EXAMPLES))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_query_has_an_answer(name: str, gateway: Gateway, runs: Runs) -> None:
    example = EXAMPLES[name]
    answers = [gateway.data(text_of(name), **variables(runs)) for variables in example.shown or (example.many,)]
    found = {field for answer in answers for field in fields(answer)}
    assert sorted({path for path, _ in found if (path, True) not in found}) == sorted(example.empty)


@pytest.mark.parametrize("name", EXAMPLES)
def test_many_objects_cost_as_many_calls_as_few(name: str, copied: Runs) -> None:
    example = EXAMPLES[name]
    for variables in (example.few(copied), example.many(copied)):
        assert beyond(calls(copied.root, text_of(name), **variables), example.calls) == {}


def test_runs_of_all_kinds_cost_a_few_calls_more(copied: Runs) -> None:
    most = {
        "run_pages": 1,
        "steps_of": 1,
        "tasks_of": 3,
        "created_at": 1,
        "metadata_of": 1,
        "attempts_of": 3,
        "last_activity": 2,
        "artifact_names_of": 1,
        "artifacts": 4,
        "blobs": 2,
    }
    assert beyond(calls(copied.root, text_of("recent-runs"), first=50, metric="x"), most) == {}


def test_flows_that_failed_many_times_cost_another_page_of_runs(copied: Runs) -> None:
    most = {
        "flows_in": 1,
        "run_pages": 2,
        "steps_of": 4,
        "tasks_of": 7,
        "metadata_of": 2,
        "attempts_of": 5,
        "last_activity": 3,
        "artifacts": 2,
        "blobs": 1,
    }
    assert beyond(calls(copied.root, text_of("latest-successful-runs")), most) == {}
