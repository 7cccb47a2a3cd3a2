"""What a namespace shows, as Metaflow's own client shows it."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from gateways import Gateway
from in_process import errors_of, opened
from local_trees import EPOCH_MS, put_object
from oracle import NAMESPACES
from running import Runs

Found = dict[str, Any]


@pytest.fixture(scope="module")
def over(runs: Runs) -> Generator[Gateway]:
    with opened(runs.root, inactive_after=10**9) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def of_alice(runs: Runs) -> Generator[Gateway]:
    with opened(runs.root, default_namespace="user:alice", inactive_after=10**9) as gateway:
        yield gateway


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_namespace_shows_the_flows_and_runs_that_the_client_shows(
    over: Gateway, oracle: Found, namespace: str
) -> None:
    query = """query($namespace: String) { flows(namespace: $namespace, first: 500) {
      totalCount nodes { name latestRun { pathspec } runs(first: 500) { totalCount nodes { runId } } }
    } }"""
    found, client = over.data(query, namespace=namespace)["flows"], oracle["namespaces"][namespace]
    flows = {flow["name"]: flow for flow in found["nodes"]}
    assert (list(flows), found["totalCount"]) == (client["flows"], len(client["flows"]))
    assert {name: [run["runId"] for run in flow["runs"]["nodes"]] for name, flow in flows.items()} == client["runs"]
    assert {name: flow["latestRun"]["pathspec"] for name, flow in flows.items()} == client["latest_run"]
    assert [flow["runs"]["totalCount"] for flow in flows.values()] == [
        len(flow["runs"]["nodes"]) for flow in flows.values()
    ]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_the_latest_successful_run_is_of_the_namespace_too(over: Gateway, oracle: Found, namespace: str) -> None:
    query = "query($n: String) { flows(namespace: $n, first: 500) { nodes { name latestSuccessfulRun { pathspec } } } }"
    nodes = over.data(query, n=namespace)["flows"]["nodes"]
    found = {flow["name"]: flow["latestSuccessfulRun"] and flow["latestSuccessfulRun"]["pathspec"] for flow in nodes}
    # By status, a caught failure of the last step is a success; and a resumed run's renamed end step is found.
    client = oracle["namespaces"][namespace]["latest_successful_run"]
    differing = {name for name in found if found[name] != client[name]}
    assert differing <= {"CatchFlow", "RenamedFlow"}


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_the_runs_of_all_flows_are_those_of_the_namespace(over: Gateway, oracle: Found, namespace: str) -> None:
    query = "query($n: String) { runs(namespace: $n, first: 500) { totalCount nodes { pathspec tags } } }"
    found = over.data(query, n=namespace)["runs"]
    runs = oracle["namespaces"][namespace]["runs"]
    pathspecs = {f"{flow}/{run}" for flow, ids in runs.items() for run in ids}
    assert {run["pathspec"] for run in found["nodes"]} == pathspecs
    assert found["totalCount"] == len(found["nodes"]) == len(pathspecs)
    assert [run for run in found["nodes"] if namespace not in run["tags"]] == []


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_run_outside_of_the_namespace_is_told_apart_from_one_that_is_not(
    over: Gateway, oracle: Found, namespace: str
) -> None:
    client: dict[str, Any] = oracle["namespaces"][namespace]["object"]
    fields = " ".join(f'o{at}: run(pathspec: "{run}", namespace: $n) {{ pathspec }}' for at, run in enumerate(client))
    answer = over.answer(f"query($n: String) {{ {fields} }}", variables={"n": namespace})
    found = {run: answer["data"][f"o{at}"] for at, run in enumerate(client)}
    within = {run for run, seen in client.items() if isinstance(seen, str)}
    assert found == {run: {"pathspec": run} if run in within else None for run in client}
    outside = [at for at, run in enumerate(client) if run not in within]
    assert errors_of(answer) == [("NAMESPACE_MISMATCH", [f"o{at}"]) for at in sorted(outside, key=lambda at: f"o{at}")]


def lookups(run: str, namespace: str) -> dict[str, str]:
    """Each way to one object of each level."""
    at = {"run": run, "step": f"{run}/start", "task": f"{run}/start/1", "artifact": f"{run}/start/1/x"}
    asked = {name: f'{name}(pathspec: "{path}"{namespace}) {{ pathspec }}' for name, path in at.items()}
    objects = {
        f"object{n}": f'object{n}: object(pathspec: "{path}"{namespace}) {{ pathspec }}'
        for n, path in enumerate(at.values())
    }
    attempts = {
        "attempt": f'attempt: task(pathspec: "{at["task"]}", attempt: 0{namespace}) {{ pathspec }}',
        "ofAttempt": f'ofAttempt: artifact(pathspec: "{at["artifact"]}", attempt: 0{namespace}) {{ pathspec }}',
    }
    return asked | objects | attempts


def test_an_object_of_any_level_is_in_the_namespaces_of_its_run(over: Gateway, runs: Runs) -> None:
    for namespace in ("user:alice", "nightly", "runtime:dev"):
        fields = lookups(runs["linear_of_alice"].pathspec, f', namespace: "{namespace}"')
        found = over.data(f"{{ {' '.join(fields.values())} }}")
        assert {name for name, of in found.items() if of} == set(fields)


def test_an_object_of_any_level_is_outside_of_others(over: Gateway, runs: Runs) -> None:
    fields = lookups(runs["linear_of_alice"].pathspec, ', namespace: "user:tester"')
    answer = over.answer(f"{{ {' '.join(fields.values())} }}")
    assert answer["data"] == dict.fromkeys(fields)
    assert sorted(errors_of(answer)) == sorted(("NAMESPACE_MISMATCH", [name]) for name in fields)


def test_what_does_not_exist_is_null_in_any_namespace(over: Gateway, runs: Runs) -> None:
    absent = lookups("LinearFlow/1", ', namespace: "user:nobody"')
    assert over.data(f"{{ {' '.join(absent.values())} }}") == dict.fromkeys(absent)
    run = runs["linear_of_alice"].pathspec
    step = f'step(pathspec: "{run}/no", namespace: "no") {{ id }}'
    artifact = f'artifact(pathspec: "{run}/start/1/no", namespace: "no") {{ id }}'
    assert over.data(f"{{ {step} {artifact} }}") == {"step": None, "artifact": None}
    never = f'task(pathspec: "{run}/start/1", attempt: 3, namespace: "no") {{ id }}'
    assert over.data(f"{{ {never} }}") == {"task": None}
    assert over.data('{ flow(name: "No", namespace: "no") { id } }') == {"flow": None}


def test_a_flow_is_outside_of_a_namespace_without_one_of_its_runs(over: Gateway) -> None:
    answer = over.answer('{ flow(name: "LoopFlow", namespace: "user:alice") { id } }')
    assert (answer["data"], errors_of(answer)) == ({"flow": None}, [("NAMESPACE_MISMATCH", ["flow"])])
    of_object = over.answer('{ object(pathspec: "LoopFlow", namespace: "user:alice") { id } }')
    assert errors_of(of_object) == [("NAMESPACE_MISMATCH", ["object"])]


@pytest.mark.parametrize("tag", ["", "nightl", "NIGHTLY", "nightly ", "night*", "%", "user:", "x" * 100_000])
def test_a_namespace_is_one_whole_tag(over: Gateway, runs: Runs, tag: str) -> None:
    query = """query($tag: String, $run: String!) {
      flows(namespace: $tag) { totalCount nodes { id } } runs(namespace: $tag) { totalCount nodes { id } }
      tags(namespace: $tag) { tag } run(pathspec: $run, namespace: $tag) { id }
      flow(name: "LinearFlow", namespace: $tag) { id }
    }"""
    answer = over.answer(query, variables={"tag": tag, "run": runs["linear_tagged"].pathspec})
    nothing: Found = {"totalCount": 0, "nodes": []}
    assert answer["data"] == {"flows": nothing, "runs": nothing, "tags": [], "run": None, "flow": None}
    assert sorted(errors_of(answer)) == [("NAMESPACE_MISMATCH", ["flow"]), ("NAMESPACE_MISMATCH", ["run"])]
    assert all(len(error["message"]) < 300 for error in answer["errors"])


def test_a_flow_without_runs_is_in_no_namespace_alone(tmp_path: Path) -> None:
    put_object(tmp_path, "Empty", EPOCH_MS)
    query = """query($n: String) { flows(namespace: $n) { totalCount nodes {
      name latestRun { id } latestSuccessfulRun { id } runs { totalCount } createdAt
      tags userTags systemTags parent { id }
    } } }"""
    with opened(tmp_path) as gateway:
        (flow,) = gateway.data(query)["flows"]["nodes"]
        assert gateway.data(query, n="user:tester") == {"flows": {"totalCount": 0, "nodes": []}}
    of_runs = {"latestRun": None, "latestSuccessfulRun": None, "runs": {"totalCount": 0}}
    tags: Found = {"tags": [], "userTags": [], "systemTags": []}
    assert flow == {"name": "Empty", "createdAt": "2026-11-18T11:06:40.000Z", "parent": None} | of_runs | tags


# The default namespace.


def counts(gateway: Gateway, given: str = "") -> list[int]:
    """How many flows, runs, and runs of LinearFlow there are."""
    around, inside = (f"(namespace: {given})", f", namespace: {given}") if given else ("", "")
    flow = f'flow(name: "LinearFlow"{inside}) {{ runs {{ totalCount }} }}'
    found = gateway.data(f"{{ flows{around} {{ totalCount }} runs{around} {{ totalCount }} {flow} }}")
    return [found["flows"]["totalCount"], found["runs"]["totalCount"], found["flow"]["runs"]["totalCount"]]


def test_the_default_namespace_applies_where_none_is_given(of_alice: Gateway, over: Gateway, runs: Runs) -> None:
    everything = counts(over)
    assert everything == counts(over, "null") == [len({run.flow for run in runs}), len(list(runs)), 5]
    assert counts(of_alice) == counts(of_alice, '"user:alice"') == counts(over, '"user:alice"') == [1, 1, 1]
    assert counts(of_alice, "null") == everything
    assert counts(of_alice, '"nightly"') == [1, 2, 2]


def test_the_default_namespace_is_told(of_alice: Gateway, over: Gateway) -> None:
    assert over.data("{ defaultNamespace }") == {"defaultNamespace": None}
    assert of_alice.data("{ defaultNamespace }") == {"defaultNamespace": "user:alice"}


def test_a_variable_that_is_left_out_is_an_argument_that_is(of_alice: Gateway) -> None:
    query = "query($n: String) { runs(namespace: $n) { totalCount } }"
    assert of_alice.data(query) == {"runs": {"totalCount": 1}}
    assert of_alice.data(query, n=None) == of_alice.data("{ runs(namespace: null) { totalCount } }")
    assert of_alice.data(query, n=None)["runs"]["totalCount"] > 1


def test_look_ups_are_in_the_default_namespace(of_alice: Gateway, runs: Runs) -> None:
    fields, others = lookups(runs["linear_of_alice"].pathspec, ""), lookups(runs["linear"].pathspec, "")
    assert None not in of_alice.data(f"{{ {' '.join(fields.values())} }}").values()
    answer = of_alice.answer(f"{{ {' '.join(others.values())} }}")
    assert sorted(errors_of(answer)) == sorted(("NAMESPACE_MISMATCH", [name]) for name in others)
    everywhere = lookups(runs["linear"].pathspec, ", namespace: null")
    assert None not in of_alice.data(f"{{ {' '.join(everywhere.values())} }}").values()


def test_tags_are_counted_in_the_default_namespace(of_alice: Gateway) -> None:
    assert {tag["runs"] for tag in of_alice.data("{ tags { tag runs } }")["tags"]} == {1}
    assert of_alice.data('{ tags(namespace: null, prefix: "nightly") { runs } }') == {"tags": [{"runs": 2}]}


# The namespace of a flow.

SEEN_FROM = """query($own: String!, $other: String!) { flow(name: "LinearFlow", namespace: "user:alice") {
  latestRun { pathspec } latestSuccessfulRun { pathspec } runs { totalCount } run(runId: $own) { pathspec }
  all: latestRun(namespace: null) { pathspec } allRuns: runs(namespace: null) { totalCount }
  found: run(runId: $other, namespace: null) { pathspec } tester: runs(namespace: "user:tester") { totalCount }
  noOne: latestRun(namespace: "") { pathspec } absent: run(runId: "1") { pathspec }
} }"""


def test_a_flows_fields_are_in_the_namespace_that_it_was_asked_for_in(over: Gateway, runs: Runs, oracle: Found) -> None:
    own, other = runs["linear_of_alice"], runs["linear"]
    found = over.data(SEEN_FROM, own=own.run_id, other=other.run_id)["flow"]
    alices, newest = {"pathspec": own.pathspec}, {"pathspec": oracle["objects"]["LinearFlow"]["latest_run"]}
    in_own = {"latestRun": alices, "latestSuccessfulRun": alices, "runs": {"totalCount": 1}, "run": alices}
    in_none = {"all": newest, "allRuns": {"totalCount": 5}, "found": {"pathspec": other.pathspec}}
    assert found == in_own | in_none | {"tester": {"totalCount": 3}, "noOne": None, "absent": None}


def test_a_run_of_a_flow_outside_of_its_namespace_is_an_error(over: Gateway, runs: Runs) -> None:
    query = """query($other: String!) { flow(name: "LinearFlow", namespace: "user:alice") {
      run(runId: $other) { id } of: run(runId: $other, namespace: "production:token-1") { id } name
    } }"""
    answer = over.answer(query, variables={"other": runs["linear"].run_id})
    assert answer["data"] == {"flow": {"run": None, "of": None, "name": "LinearFlow"}}
    assert errors_of(answer) == [("NAMESPACE_MISMATCH", ["flow", "of"]), ("NAMESPACE_MISMATCH", ["flow", "run"])]


def test_a_flow_that_was_reached_by_its_run_is_in_no_namespace(of_alice: Gateway, runs: Runs) -> None:
    query = """query($run: String!) { run(pathspec: $run) {
      parent { runs { totalCount } } steps { parent { parent { runs { totalCount } } } }
    } }"""
    found = of_alice.data(query, run=runs["linear_of_alice"].pathspec)["run"]
    everything = {"runs": {"totalCount": 5}}
    assert found == {"parent": everything, "steps": [{"parent": {"parent": everything}}] * 3}


def test_origins_and_neighbours_are_found_outside_of_the_namespace(runs: Runs) -> None:
    query = """query($run: String!) { run(pathspec: $run) {
      originPathspec step(name: "start") { task { originPathspec metadata(names: ["runtime"]) { value } } }
    } }"""
    resumed, origin = runs["resumed"].pathspec, runs["resume_origin"].pathspec
    with opened(runs.root, default_namespace="again") as gateway:
        found = gateway.data(query, run=resumed)["run"]
        answer = gateway.answer("query($run: String!) { run(pathspec: $run) { id } }", variables={"run": origin})
    assert found["originPathspec"] == origin
    assert found["step"]["task"]["originPathspec"].startswith(f"{origin}/start/")
    assert errors_of(answer) == [("NAMESPACE_MISMATCH", ["run"])]
