"""Ids: each stands for one object, as it was asked for, and a client's cache never has two values for one field."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from gateways import Gateway
from in_process import errors_of, opened
from metaflow_graphql.server import limits
from running import Runs

FLOWS = ("LinearFlow", "RetryFlow", "ForeachFlow", "ResumeFlow")
REF = "{ __typename id }"
OF_ALL = f"__typename id pathspec pathComponents createdAt originPathspec tags userTags systemTags parent {REF}"
FRAGMENTS = {
    "Flow": "name",
    "Run": f"""runId status successful finished startedAt finishedAt durationMs user artifactNames endTask {REF}
      failedTask {REF} steps {REF} taskCounts {{ total pending running succeeded failed unknown }}
      parameters {{ name value }} data {{ __typename id names values }}
      graph {{ __typename id doc file startStep endStep nodes {{ name next type step {REF} }} }}""",
    "Step": f"""name status startedAt finishedAt durationMs task {REF} controlTasks {REF} parentSteps {REF}
      childSteps {REF} taskCounts {{ total failed }}""",
    "Task": f"""taskId status attempt successful finished startedAt finishedAt durationMs index runtimeName
      attempts {REF} foreachStack {{ step index value }} metadata {{ name value attempt createdAt }} metadataDict
      artifacts {REF} data {{ __typename id names values }} exception {{ type message caught }}
      parentTasks {{ nodes {REF} }} childTasks {{ nodes {REF} }}""",
    "DataArtifact": "name attempt sha finishedAt size contentType location type data preview",
}
WHOLE = " ".join(f"fragment {kind} on {kind} {{ {OF_ALL} {fields} }}" for kind, fields in FRAGMENTS.items())
TREE = """{ ...Flow runs(first: 500) { nodes { ...Run steps { ...Step tasks(first: 500) { nodes { ...Task
  artifacts { ...DataArtifact } attempts { ...Task artifacts { ...DataArtifact } }
} } } } } }"""
EVERYTHING = f"""query($namespace: String, $metadata: String) {{
  flows(namespace: $namespace, metadata: $metadata) {{ nodes {TREE} }}
}} {WHOLE}"""
ONLY_FLOWS = f"""query($namespace: String) {{ flows(namespace: $namespace) {{ nodes {{
  ...Flow latestRun {REF} latestSuccessfulRun {REF} runs(first: 500) {{ nodes {{ ...Run }} }}
}} }} }} fragment Flow on Flow {{ {OF_ALL} name }} fragment Run on Run {{ {OF_ALL} {FRAGMENTS["Run"]} }}"""
Object = dict[str, Any]


class Cache:
    """Fields by `__typename` and id of their object, as clients keep them; `differing` are those with two values."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Object] = {}
        self.differing: list[tuple[str, str, str, Any, Any]] = []

    def add(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.add(item) for item in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        fields = {name: self.add(item) for name, item in cast("Object", value).items()}
        if "id" not in fields:
            return fields
        key = (fields["__typename"], fields["id"])
        known = self.objects.setdefault(key, {})
        self.differing += [
            (*key, name, known[name], new) for name, new in fields.items() if known.get(name, new) != new
        ]
        known.update(fields)
        return key


def objects_in(value: Any) -> Iterator[Object]:
    """All objects of an answer of which more than the id was asked."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from objects_in(item)
    elif isinstance(value, dict):
        fields = cast("Object", value)
        if "pathspec" in fields:
            yield fields
        for item in fields.values():
            yield from objects_in(item)


@pytest.fixture(scope="module")
def two(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway]:
    """Two providers over two copies, of which one has another tag."""
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    for root in (first, second):
        runs.copy(root, *FLOWS)
    with opened(first, second, inactive_after=10**9) as gateway:
        query = 'mutation($run: String!) { addTags(pathspec: $run, tags: "other", metadata: "other1") { run { id } } }'
        gateway.data(query, run=runs["linear"].pathspec)
        yield gateway


@pytest.fixture(scope="module")
def walked(two: Gateway) -> list[Object]:
    """The whole of both providers, and flows as they are seen from two namespaces."""
    # More than is answered at once: none of it is to be missing.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits.COST, "value", 10**15)
        everything = [two.data(EVERYTHING, metadata=name) for name in ("default", "other1")]
    return [*everything, *(two.data(ONLY_FLOWS, namespace=tag) for tag in ("user:tester", "nightly"))]


def test_every_object_has_an_id_of_its_own(walked: list[Object]) -> None:
    everything = [found["id"] for answer in walked[:2] for found in objects_in(answer)]
    from_namespaces = [flow["id"] for answer in walked[2:] for flow in answer["flows"]["nodes"]]
    found = [*everything, *from_namespaces]
    assert len(set(found)) == len(found) > 500


def test_an_id_stands_for_one_type_and_pathspec(walked: list[Object]) -> None:
    found = {(of["id"], of["__typename"], of["pathspec"]) for answer in walked for of in objects_in(answer)}
    assert len({id for id, _, _ in found}) == len(found)


def in_parts(ids: list[str], size: int = 500) -> Iterator[list[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


@pytest.mark.parametrize("kind", FRAGMENTS)
def test_an_id_refetches_the_object_as_it_was(two: Gateway, walked: list[Object], kind: str) -> None:
    query = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...{kind} }} }} fragment {kind} on {kind} {{ "
    query += f"{OF_ALL} {FRAGMENTS[kind]} }}"
    cache = Cache()
    cache.add(walked)
    ids = [id for of, id in cache.objects if of == kind]
    for some in in_parts(ids):
        refetched = cache.add(two.data(query, ids=some)["nodes"])
        assert refetched == [(kind, id) for id in some]
    assert cache.differing == []


def lookups(runs: Runs) -> Iterator[str]:
    """The same objects by other ways."""
    retried, linear = f"{runs['retry_succeeds'].pathspec}/flaky/2", runs["linear_of_alice"].pathspec
    for metadata in ('"default"', '"other1"'):
        for namespace in ("null", '"user:alice"', '"nightly"'):
            asked = f"namespace: {namespace}, metadata: {metadata}"
            yield f'flow(name: "LinearFlow", {asked}) {{ ...Flow run(runId: "{linear[11:]}") {{ ...Run }} }}'
            yield f'run(pathspec: "{linear}", {asked}) {{ ...Run parent {{ ...Flow latestRun {REF} }} }}'
            yield f'step(pathspec: "{linear}/start", {asked}) {{ ...Step parent {{ ...Run }} }}'
            yield f'artifact(pathspec: "{linear}/start/1/x", {asked}) {{ ...DataArtifact parent {{ ...Task }} }}'
        for attempt in ("", ", attempt: 0", ", attempt: 1"):
            asked = f"metadata: {metadata}{attempt}"
            yield f'task(pathspec: "{retried}", {asked}) {{ ...Task parent {{ ...Step }} artifacts {REF} }}'
            yield f'object(pathspec: "{retried}", {asked}) {{ ...Task }}'
            artifact = f'pathspec: "{retried}/of_attempt", {asked}'
            yield f"artifact({artifact}) {{ ...DataArtifact parent {{ ...Task artifacts {REF} }} }}"
        yield f"runs(metadata: {metadata}) {{ nodes {{ ...Run tasks {{ nodes {{ ...Task }} }} }} }}"
        yield f"runs(metadata: {metadata}) {{ nodes {{ ...Run artifacts {{ nodes {{ ...DataArtifact }} }} }} }}"


def test_a_cache_never_has_two_values_for_a_field(two: Gateway, walked: list[Object], runs: Runs) -> None:
    cache = Cache()
    cache.add(walked)
    for field in lookups(runs):
        used = [kind for kind in FRAGMENTS if f"...{kind} " in field or f"...{kind}}}" in field]
        fragments = (f"fragment {kind} on {kind} {{ {OF_ALL} {FRAGMENTS[kind]} }}" for kind in used)
        cache.add(two.data(f"{{ {field} }} {' '.join(fragments)}"))
    assert cache.differing == []


def test_what_differs_between_providers_has_ids_that_differ(two: Gateway, runs: Runs) -> None:
    query = "query($run: String!, $metadata: String) { run(pathspec: $run, metadata: $metadata) { id userTags } }"
    found = [two.data(query, run=runs["linear"].pathspec, metadata=name)["run"] for name in ("default", "other1")]
    assert [run["userTags"] for run in found] == [[], ["other"]]
    refetched = two.data(
        "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Run { userTags } } }", ids=[run["id"] for run in found]
    )
    assert refetched["nodes"] == found


def test_an_id_of_a_flow_goes_back_to_its_namespace(two: Gateway, runs: Runs) -> None:
    id = two.data('{ flow(name: "LinearFlow", namespace: "user:alice") { id } }')["flow"]["id"]
    query = "query($id: ID!) { node(id: $id) { ... on Flow { runs { nodes { pathspec } } latestRun { pathspec } } } }"
    alices = {"pathspec": runs["linear_of_alice"].pathspec}
    assert two.data(query, id=id)["node"] == {"runs": {"nodes": [alices]}, "latestRun": alices}


def test_an_id_holds_whatever_the_default_namespace_is(two: Gateway, runs: Runs) -> None:
    run = two.data("query($run: String!) { run(pathspec: $run) { id pathspec } }", run=runs["linear"].pathspec)["run"]
    flow = two.data('{ flow(name: "LinearFlow") { id } }')["flow"]
    with opened(runs.root, default_namespace="user:alice") as gateway:
        fields = "id ... on Flow { runs { totalCount } } ... on Run { pathspec }"
        query = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ {fields} }} }}"
        found = gateway.data(query, ids=[flow["id"], run["id"]])["nodes"]
    assert found == [flow | {"runs": {"totalCount": 5}}, run]


def test_what_only_tells_apart_is_not_refetched(two: Gateway, runs: Runs) -> None:
    query = "query($run: String!) { run(pathspec: $run) { graph { id } data { id } } }"
    found = two.data(query, run=runs["linear"].pathspec)["run"]
    ids = [found["graph"]["id"], found["data"]["id"]]
    answer = two.answer("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", variables={"ids": ids})
    assert errors_of(answer) == [("BAD_USER_INPUT", ["nodes", 0]), ("BAD_USER_INPUT", ["nodes", 1])]


def test_nodes_come_in_the_order_of_their_ids_each_with_its_own_error(two: Gateway, runs: Runs) -> None:
    known = two.data('{ flow(name: "LinearFlow") { id } }')["flow"]["id"]
    ids = [known, "nonsense", "Run:default/LinearFlow/1", known, f"{known}?namespace=nobody", "Flow:default/Absent"]
    answer = two.answer("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", variables={"ids": ids})
    assert answer["data"]["nodes"] == [{"id": known}, None, None, {"id": known}, None, None]
    assert errors_of(answer) == [("BAD_USER_INPUT", ["nodes", 1]), ("NAMESPACE_MISMATCH", ["nodes", 4])]


def test_an_id_of_an_attempt_that_never_started_is_of_nothing(two: Gateway, runs: Runs) -> None:
    ids = [f"Task:default/{runs['linear'].pathspec}/start/1?attempt={attempt}" for attempt in range(6)]
    found = two.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)["nodes"]
    assert found == [{"id": ids[0]}, *[None] * 5]


def test_five_hundred_ids_are_the_most_at_once(two: Gateway) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    id = two.data('{ flow(name: "LinearFlow") { id } }')["flow"]["id"]
    assert two.data(query, ids=[]) == {"nodes": []}
    assert two.data(query, ids=[id] * 500) == {"nodes": [{"id": id}] * 500}
    assert errors_of(two.answer(query, variables={"ids": [id] * 501})) == [("LIMIT_EXCEEDED", ["nodes"])]


def test_an_id_of_a_provider_that_is_no_longer_configured_is_bad_input(two: Gateway, tmp_path: Path) -> None:
    id = two.data('{ flow(name: "LinearFlow", metadata: "other1") { id } }')["flow"]["id"]
    with opened(tmp_path) as gateway:
        answer = gateway.answer("query($id: ID!) { node(id: $id) { id } }", variables={"id": id})
    assert errors_of(answer) == [("BAD_USER_INPUT", ["node"])]


def test_providers_are_named_by_clients(two: Gateway) -> None:
    found = two.data("{ metadataProviders { name type isDefault canMutateTags } metadataProvider { name } }")
    assert found["metadataProviders"] == [
        {"name": "default", "type": "local", "isDefault": True, "canMutateTags": True},
        {"name": "other1", "type": "local", "isDefault": False, "canMutateTags": True},
    ]
    assert found["metadataProvider"] == {"name": "default"}
    assert two.data('{ metadataProvider(name: "other1") { name } }') == {"metadataProvider": {"name": "other1"}}


UNKNOWN = {
    "flows": 'flows(metadata: "no") { totalCount }',
    "flow": 'flow(name: "F", metadata: "no") { id }',
    "runs": 'runs(metadata: "no") { totalCount }',
    "run": 'run(pathspec: "F/1", metadata: "no") { id }',
    "object": 'object(pathspec: "F/1", metadata: "") { id }',
    "tags": 'tags(metadata: "../default") { tag }',
    "metadataProvider": 'metadataProvider(name: "no") { name }',
}


@pytest.mark.parametrize("field", UNKNOWN)
def test_a_provider_that_is_not_configured_costs_the_field(two: Gateway, field: str) -> None:
    answer = two.answer(f"{{ defaultNamespace {UNKNOWN[field]} }}")
    assert errors_of(answer) == [("UNKNOWN_METADATA_PROVIDER", [field])]
    assert answer["data"] == {"defaultNamespace": None, field: None}


# Attempts.

WRONG_ATTEMPTS = {
    "task": ('task(pathspec: "RUN/start/1", attempt: {}) {{ id }}', (-1, 6, 2147483647, -2147483648)),
    "artifact": ('artifact(pathspec: "RUN/start/1/x", attempt: {}) {{ id }}', (-1, 6)),
    "object": ('object(pathspec: "RUN/start/1", attempt: {}) {{ id }}', (-1, 6)),
    "object of a flow": ('object(pathspec: "LinearFlow", attempt: {}) {{ id }}', (0, 5)),
    "object of a run": ('object(pathspec: "RUN", attempt: {}) {{ id }}', (0, 5)),
    "object of a step": ('object(pathspec: "RUN/start", attempt: {}) {{ id }}', (0, 5)),
}


@pytest.mark.parametrize("name", WRONG_ATTEMPTS)
def test_an_attempt_that_can_not_be_is_bad_input(two: Gateway, runs: Runs, name: str) -> None:
    field, numbers = WRONG_ATTEMPTS[name]
    for number in numbers:
        answer = two.answer(f"{{ {field.format(number).replace('RUN', runs['linear'].pathspec)} }}")
        assert errors_of(answer) == [("BAD_USER_INPUT", [name.split()[0]])]
        assert answer["data"] == {name.split()[0]: None}


@pytest.mark.parametrize("attempt", [1, 2, 5])
def test_an_attempt_that_never_started_does_not_exist(two: Gateway, runs: Runs, attempt: int) -> None:
    query = """query($task: String!, $artifact: String!, $n: Int) {
      task(pathspec: $task, attempt: $n) { id } artifact(pathspec: $artifact, attempt: $n) { id }
      object(pathspec: $task, attempt: $n) { id }
    }"""
    task = f"{runs['linear'].pathspec}/start/1"
    found = two.data(query, task=task, artifact=f"{task}/x", n=attempt)
    assert found == {"task": None, "artifact": None, "object": None}


def test_without_an_attempt_the_latest_is_meant(two: Gateway, runs: Runs) -> None:
    query = """query($task: String!) {
      omitted: task(pathspec: $task) { ...seen } null: task(pathspec: $task, attempt: null) { ...seen }
      object(pathspec: $task) { ... on Task { ...seen } }
    } fragment seen on Task { id attempt attempts { attempt } artifact(name: "of_attempt") { attempt data } }"""
    found = two.data(query, task=f"{runs['retry_succeeds'].pathspec}/flaky/2")
    artifact = {"attempt": 1, "data": 1}
    of = {"attempt": 1, "attempts": [{"attempt": 0}, {"attempt": 1}], "artifact": artifact}
    assert [one | {"id": None} for one in found.values()] == [of | {"id": None}] * 3
    assert len({one["id"] for one in found.values()}) == 1


def test_an_object_is_of_the_level_that_its_pathspec_names(two: Gateway, runs: Runs) -> None:
    run = runs["linear"].pathspec
    levels = {"LinearFlow": "Flow", run: "Run", f"{run}/start": "Step", f"{run}/start/1": "Task"}
    levels[f"{run}/start/1/x"] = "DataArtifact"
    query = "query($it: String!) { object(pathspec: $it) { __typename pathspec pathComponents } }"
    found = [two.data(query, it=pathspec)["object"] for pathspec in levels]
    assert found == [
        {"__typename": level, "pathspec": pathspec, "pathComponents": pathspec.split("/")}
        for pathspec, level in levels.items()
    ]
