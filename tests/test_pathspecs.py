"""Pathspecs, names and ids: what is no part of a path never becomes one."""

import asyncio
import contextlib
import os.path
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways import Gateway
from in_process import errors_of
from metaflow_graphql.providers import ids, pathspec
from metaflow_graphql.providers.errors import BadUserInput, InvalidPathspec
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers import context
from metaflow_graphql.schema import schema
from metaflow_graphql.server.errors import Faults
from metaflow_graphql.server.operations import Operation, Operations
from running import Runs

FORBIDDEN = {*"/\\*?[]\x7f\u2028\u2029", *map(chr, range(0x20)), *map(chr, range(0x80, 0xA0))}
# Text of any kind, and of what is dangerous.
texts = st.text() | st.text("./\\*?[]\x00\n\r ~%:=&#\ud800ä🎉\u2028x1", max_size=12)
components = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="".join(FORBIDDEN)), min_size=1, max_size=20
).filter(lambda text: text not in (".", ".."))
pathspecs = st.lists(components, min_size=1, max_size=5).map("/".join)
namespaces = st.none() | texts.filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text))


def is_safe(text: str) -> bool:
    surrogates = any("\ud800" <= letter <= "\udfff" for letter in text)
    return 0 < len(text) < 256 and text not in (".", "..") and FORBIDDEN.isdisjoint(text) and not surrogates


@given(texts)
def test_a_component_is_any_text_that_is_one_part_of_a_path(text: str) -> None:
    assert pathspec.is_component(text) == is_safe(text)


@given(st.lists(components, min_size=1, max_size=5))
def test_what_is_made_of_components_is_a_pathspec_of_their_level(parts: list[str]) -> None:
    text = "/".join(parts)
    assert pathspec.parse(text) == pathspec.parse(text, len(parts)) == parts
    assert [pathspec.is_pathspec(text, level) for level in range(1, 6)] == [
        level == len(parts) for level in range(1, 6)
    ]


@given(texts, st.none() | st.integers(1, 5))
def test_a_pathspec_stays_below_the_folder_that_it_is_read_in(text: str, level: int | None) -> None:
    if pathspec.is_pathspec(text, level):
        assert "/".join(pathspec.parse(text, level)) == text
        assert os.path.normpath(f"/base/{text}") == f"/base/{text}"
    else:
        with pytest.raises(InvalidPathspec):
            pathspec.parse(text, level)


@given(st.lists(components, min_size=2, max_size=5))
def test_the_parts_of_a_pathspec_are_found_again(parts: list[str]) -> None:
    text = "/".join(parts)
    assert (pathspec.parent(text), pathspec.name(text)) == ("/".join(parts[:-1]), parts[-1])
    assert pathspec.run_of(text) == "/".join(parts[:2])


@given(st.from_regex(ids.PROVIDER_NAME, fullmatch=True), pathspecs, st.none() | st.integers(0, 5))
def test_an_id_stands_for_one_object(provider: str, path: str, attempt: int | None) -> None:
    kind = pathspec.LEVELS[path.count("/")]
    attempt = attempt if kind in ("Task", "DataArtifact") else None
    identity = ids.Identity(kind, provider, path, attempt)
    if kind != "Flow":
        assert ids.parse(ids.of_object(kind, provider, path, attempt)) == identity


@given(st.from_regex(ids.PROVIDER_NAME, fullmatch=True), components, namespaces)
def test_the_id_of_a_flow_stands_for_its_namespace_too(provider: str, name: str, namespace: str | None) -> None:
    identity = ids.Identity("Flow", provider, name, None, namespace)
    assert ids.parse(ids.of_flow(provider, name, namespace)) == identity


@given(texts | st.from_regex(r"(Flow|Run|Step|Task|DataArtifact|Card):default/[^?]*(\?(attempt|namespace)=.*)?"))
def test_an_id_is_of_an_object_that_can_exist_or_bad_input(text: str) -> None:
    with contextlib.suppress(BadUserInput):
        identity = ids.parse(text)
        assert pathspec.is_pathspec(identity.pathspec, pathspec.LEVELS.index(identity.type) + 1)
        assert identity.attempt in (None, *range(6))


ONE_PART = {
    "empty": "",
    "here": ".",
    "up": "..",
    "nul": "start\x00",
    "star": "*",
    "glob": "st[a]rt",
    "question": "star?",
    "separator": "a/b",
    "absolute": "/etc/passwd",
    "out": "../../../../etc/passwd",
    "backslash": "..\\start",
    "newline": "start\n",
    "tab": "\tstart",
    "delete": "start\x7f",
    "next line": "start\x85",
    "line separator": "start\u2028",
    "long": "x" * 60_000,
    "a little too long": "x" * 256,
}
WELL_FORMED = ("...", "..a", " ", "~", "$HOME", "-rf", "%2e%2e", "a b", "ä🎉", "_meta", "data", "a:b", "x" * 255)
# The argument, as one field `{}` with the variable $text; and below which fields it stands.
AT = {"flow": "LinearFlow", "run": "RUN", "step": "RUN/start", "task": "RUN/start/1"}
PATHSPECS = {
    "run": ("run(pathspec: $text) { id }", "F/{}", "{}/1"),
    "step": ("step(pathspec: $text) { id }", "F/1/{}", "F/{}/a", "{}/1/a"),
    "task": ("task(pathspec: $text) { id }", "F/1/a/{}", "F/1/{}/1", "{}/1/a/1"),
    "artifact": ("artifact(pathspec: $text) { id }", "F/1/a/1/{}", "F/1/a/{}/x", "{}/1/a/1/x"),
    "object": ("object(pathspec: $text) { id }", "{}", "F/{}", "F/1/{}", "F/1/a/{}", "F/1/a/1/{}", "F/1/a/1/x/{}"),
    "add": ("addTags(pathspec: $text, tags: []) { run { id } }", "F/{}", "{}/1"),
    "remove": ("removeTags(pathspec: $text, tags: []) { run { id } }", "F/{}"),
    "replace": ("replaceTags(pathspec: $text, remove: [], add: []) { run { id } }", "F/{}"),
}
NAMES = {
    "flow": "flow(name: $text) { id }",
    "tags": "tags(flow: $text) { tag }",
    "filter": "runs(filter: {flows: [$text]}) { totalCount }",
    "run of flow": "flow.run(runId: $text) { id }",
    "filter of flow": "flow.runs(filter: {flows: [$text]}) { totalCount }",
    "step of run": "run.step(name: $text) { id }",
    "tasks of run": "run.tasks(filter: {steps: [$text]}) { totalCount }",
    "steps of artifacts": "run.artifacts(steps: [$text]) { totalCount }",
    "names of artifacts": "run.artifacts(names: [$text]) { totalCount }",
    "task of step": "step.task(taskId: $text) { id }",
    "tasks of step": "step.tasks(filter: {steps: [$text]}) { totalCount }",
    "artifact of task": "task.artifact(name: $text) { id }",
    "artifacts of task": "task.artifacts(names: [$text]) { id }",
    "value": "task.data.value(name: $text)",
    "values": "task.data.values(names: [$text])",
    "entries": "task.data.entries(names: [$text]) { name }",
}


def asked(runs: Runs, field: str) -> tuple[str, list[str]]:
    """The query for a field of a field of…, and its path."""
    *around, last = field.split(".")
    query, path = last, [*around, last.partition("(")[0]]
    for parent in reversed(around):
        of = AT.get(parent, "").replace("RUN", runs["linear"].pathspec)
        given = {"flow": f'(name: "{of}")', "data": ""}.get(parent, f'(pathspec: "{of}")')
        query = f"{parent}{given} {{ {query} }}"
    return query, path


def wrong_pathspecs() -> Iterator[tuple[str, str]]:
    for field, *forms in PATHSPECS.values():
        for form in forms:
            yield from ((field, form.replace("{}", text)) for text in ONE_PART.values() if text != "a/b")
        level = forms[0].count("/")
        if "object" not in field:
            yield from ((field, "/".join("x" * parts)) for parts in range(1, 8) if parts != level + 1)


def test_what_is_no_pathspec_fails_alone_and_touches_no_file(gateway: Gateway) -> None:
    for field, text in wrong_pathspecs():
        kind, name = ("mutation" if "Tags" in field else "query"), field.partition("(")[0]
        beside = "__typename" if kind == "mutation" else "defaultNamespace"
        query = f"{kind}($text: String!) {{ {beside} {field} }}"
        answer = gateway.answer(query, variables={"text": text}, extensions={"usage": True})
        assert errors_of(answer) == [("INVALID_PATHSPEC", [name])], (field, text[:80])
        assert answer["data"] == {beside: "Mutation" if kind == "mutation" else None, name: None}
        assert answer["extensions"]["usage"] == {"calls": {}, "fileReads": 0, "requests": {}}


@pytest.mark.parametrize("field", NAMES.values(), ids=NAMES)
def test_what_is_no_name_fails_alone_and_is_not_looked_for(gateway: Gateway, runs: Runs, field: str) -> None:
    query, path = asked(runs, field)
    parent = query.replace(field.rpartition(".")[2], "__typename") if len(path) > 1 else "defaultNamespace"
    needed = gateway.usage(f"{{ {parent} }}")["calls"]
    for text in ONE_PART.values():
        answer = gateway.answer(
            f"query($text: String!) {{ defaultNamespace {query} }}",
            variables={"text": text},
            extensions={"usage": True},
        )
        # `entries` can't be null: its error takes `data` along.
        assert errors_of(answer) == [("INVALID_PATHSPEC", path)], text[:80]
        assert answer["extensions"]["usage"]["calls"] == needed


def test_what_no_name_can_be_is_had_by_no_task(gateway: Gateway, runs: Runs) -> None:
    query, _ = asked(runs, "task.data.has(name: $text)")
    found = [gateway.data(f"query($text: String!) {{ {query} }}", text=text) for text in ONE_PART.values()]
    assert found == [{"task": {"data": {"has": False}}}] * len(ONE_PART)


@pytest.mark.parametrize("name", WELL_FORMED)
def test_odd_names_that_may_be_are_looked_for_and_not_there(gateway: Gateway, runs: Runs, name: str) -> None:
    run = runs["linear"].pathspec
    query = """query($flow: String!, $run: String!, $step: String!, $task: String!, $artifact: String!) {
      flow(name: $flow) { id } run(pathspec: $run) { id } step(pathspec: $step) { id } task(pathspec: $task) { id }
      artifact(pathspec: $artifact) { id }
    }"""
    below = {"step": f"{run}/{name}", "task": f"{run}/start/{name}", "artifact": f"{run}/start/1/{name}"}
    found = gateway.data(query, flow=name, run=f"LinearFlow/{name}", **below)
    assert found == dict.fromkeys(("flow", "run", *below))


WRONG_IDS = (
    *(f"Run:default/LinearFlow/{text}" for text in ONE_PART.values() if text != "a/b"),
    *(f"Flow:default/{text}" for text in ONE_PART.values()),
    *("", "1", "Run", "Run:", "Run:default", "Run:default/", "Run:default/LinearFlow", "Run:default/F/1/start"),
    *("Run:nowhere/LinearFlow/1", "run:default/LinearFlow/1", "Thing:default/LinearFlow/1", "Card:default/F/1/a/1"),
    *("Run:default/F/1?attempt=0", "Task:default/F/1/a/1?attempt=6", "Task:default/F/1/a/1?attempt=-1"),
    *("Task:default/F/1/a/1?attempt=", "Task:default/F/1/a/1?attempt=0\n", "Run:default/F/1?namespace=a"),
    *("Flow:default/F?namespace=a\nb", " Flow:default/F", "Flow:default/F ?", "Flow:" + "a" * 65 + "/F"),
)


def test_an_id_that_is_none_of_ours_fails_alone_and_touches_no_file(gateway: Gateway) -> None:
    query = "query($ids: [ID!]!, $id: ID!) { defaultNamespace node(id: $id) { id } nodes(ids: $ids) { id } }"
    expected = [("BAD_USER_INPUT", ["node"]), *(("BAD_USER_INPUT", ["nodes", at]) for at in range(len(WRONG_IDS)))]
    answer = gateway.answer(query, variables={"id": "..", "ids": WRONG_IDS}, extensions={"usage": True})
    assert sorted(errors_of(answer)) == sorted(expected)
    assert answer["data"] == {"defaultNamespace": None, "node": None, "nodes": [None] * len(WRONG_IDS)}
    assert answer["extensions"]["usage"] == {"calls": {}, "fileReads": 0, "requests": {}}


def test_messages_of_long_and_strange_texts_are_short_and_plain(gateway: Gateway) -> None:
    for text in ONE_PART.values():
        answer = gateway.answer(
            "query($t: String!, $i: ID!) { flow(name: $t) { id } node(id: $i) { id } }",
            variables={"t": text, "i": text},
        )
        messages = [error["message"] for error in answer["errors"]]
        assert len(messages) == 2
        assert [message for message in messages if len(message) > 300 or not message.isascii()] == []
        assert all(map(str.isprintable, messages))


SURROGATES = (
    "flow(name: $t) { id }",
    "run(pathspec: $t) { id }",
    "object(pathspec: $t) { id }",
    "tags(flow: $t) { tag }",
)


@pytest.mark.parametrize("field", SURROGATES)
def test_half_a_surrogate_pair_is_no_name_however_it_comes(tmp_path: Path, field: str) -> None:
    # JSON in a request's body can't bring one: orjson refuses it.
    providers = {"default": LocalProvider("default", tmp_path)}
    operations = Operations(schema, context.Gateway(providers, "default"))
    operation = Operation(f"query($t: String!) {{ {field} }}", None, {"t": "a\ud800"})
    answer = asyncio.run(operations.answer(operation, Faults()))
    assert errors_of(answer) == [("INVALID_PATHSPEC", [field.partition("(")[0]])]
    assert answer["data"] == {field.partition("(")[0]: None}


def test_half_a_surrogate_pair_in_a_request_is_no_text(gateway: Gateway) -> None:
    in_document = gateway.answer('{ flow(name: "\\ud800") { id } }')
    assert errors_of(in_document) == [("GRAPHQL_PARSE_FAILED", [])]
    for query in ('{ flow(name: "\\u{D800}") { id } }', '{ node(id: "\\udfff") { id } }'):
        assert errors_of(gateway.answer(query)) == [("GRAPHQL_PARSE_FAILED", [])]
