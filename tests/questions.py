"""What users ask a gateway over a metadata service, and whether an answer is right where that is in trouble."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, cast

Path = tuple[str | int, ...]

# What a service in trouble may cost the fields that needed it.
CODES = {"PROVIDER_UNAVAILABLE", "PROVIDER_ERROR", "TIMEOUT", "LIMIT_EXCEEDED"}
# What tells the objects of a list apart.
_NAMES = ("pathspec", "name", "taskId")


class Question(NamedTuple):
    query: str
    variables: dict[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        """As it is sent."""
        return {"query": self.query, "variables": self.variables}


NAMES = """query ($flow: String!, $runs: Int) { flow(name: $flow) { name runs(first: $runs) { nodes { pathspec steps {
    name tasks { nodes { pathspec artifacts { name } } } } } } } }"""
OBJECTS = """query ($flow: String!) { flow(name: $flow) { name runs(first: 2) { nodes { pathspec createdAt tags steps {
    name createdAt tasks { nodes { pathspec createdAt } } } } } } }"""
LATEST = "query ($flow: String!) { flow(name: $flow) { name latestSuccessfulRun { pathspec finishedAt } } }"
LATEST_OF_EACH = "{ flows(first: 100) { nodes { name latestSuccessfulRun { pathspec } } } }"
NEWEST = "{ runs(first: 30) { nodes { pathspec status } pageInfo { hasNextPage endCursor } } }"
RUN = """query ($run: String!) { run(pathspec: $run) { pathspec status createdAt finishedAt tags successful steps {
    name status tasks { nodes { pathspec status createdAt finishedAt attempt index
        metadata { name value } artifacts { name sha } } } } } }"""
VALUE = "query ($artifact: String!) { artifact(pathspec: $artifact) { name data } }"
TWO_RUNS = """query ($run: String!, $other: String!) {
    run(pathspec: $run) { pathspec finished } other: run(pathspec: $other) { pathspec finished userTags } }"""


def questions(flows: Sequence[str], runs: Sequence[str], values: Iterable[str] = ()) -> list[Question]:
    """All kinds of them, about these flows, runs and artifacts."""
    of_flows = [Question(query, {"flow": flow}) for flow in flows for query in (OBJECTS, LATEST)]
    of_flows += [Question(NAMES, {"flow": flow, "runs": 2}) for flow in flows]
    of_runs = [Question(RUN, {"run": run}) for run in runs]
    of_runs += [Question(TWO_RUNS, {"run": run, "other": other}) for run, other in pairwise(runs)]
    of_values = [Question(VALUE, {"artifact": value}) for value in values]
    return [*of_flows, *of_runs, *of_values, Question(LATEST_OF_EACH, {}), Question(NEWEST, {})]


def judged(expected: Any, answer: dict[str, Any]) -> str:
    """ "right", or "with errors"; AssertionError where it is neither what is expected nor says why."""
    errors = cast("list[dict[str, Any]]", answer.get("errors", []))
    _compare(expected, answer["data"], {_path(error) for error in errors}, ())
    return "with errors" if errors else "right"


def _path(error: dict[str, Any]) -> Path:
    assert error.keys() == {"message", "locations", "path", "extensions"}, error
    told = error["extensions"]
    assert told["code"] in CODES, error
    assert told["code"] == "LIMIT_EXCEEDED" or isinstance(told["retryable"], bool), error
    return tuple(error["path"])


def _compare(expected: Any, found: Any, errors: set[Path], here: Path) -> None:
    """Whatever differs has an error at its place, or below where that can't be null."""
    if found == expected:
        return
    if found is None:
        assert any(path[: len(here)] == here for path in errors), (here, expected, errors)
    elif isinstance(expected, dict) and isinstance(found, dict):
        of_expected, of_found = cast("dict[str, Any]", expected), cast("dict[str, Any]", found)
        assert of_found.keys() == of_expected.keys(), here
        for name, value in of_found.items():
            _compare(of_expected[name], value, errors, (*here, name))
    else:
        assert isinstance(expected, list), (here, expected, found)
        assert isinstance(found, list), (here, expected, found)
        _compare_lists(cast("list[Any]", expected), cast("list[Any]", found), errors, here)


def _compare_lists(expected: list[Any], found: list[Any], errors: set[Path], here: Path) -> None:
    """A list may be short of objects, of which an error at it, or at the page that it is of, tells."""
    if len(found) != len(expected):
        assert len(found) < len(expected), (here, expected, found)
        assert errors & {here, here[:-1]}, (here, expected, found, errors)
        by_name = {_name(entry): entry for entry in expected}
        expected = [by_name[_name(entry)] for entry in found]
    for place, (of_expected, of_found) in enumerate(zip(expected, found, strict=True)):
        _compare(of_expected, of_found, errors, (*here, place))


def _name(entry: Any) -> str:
    return next(entry[name] for name in _NAMES if name in entry)
