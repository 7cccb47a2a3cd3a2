"""What clients keep of answers: ETag, Cache-Control and Vary, and that no cache hides what has changed."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from cached import keeping, read, try_again
from guarded import EVERYONE, replaced, rule, token_table, written
from local_trees import put_run
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.access.control import AccessControl
from metaflow_graphql.server.app import application
from running import Runs
from serving import GRAPHQL_RESPONSE, served, small_application

LARGE = "{ many(count: 1000) }"
CHECKED = "private, no-cache"
VARY = "authorization, accept, accept-encoding, origin"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served(small_application()) as client:
        yield client


def tag_of(client: httpx.Client, query: str = LARGE, coding: str = "identity", accept: str = "application/json") -> str:
    return read(client, query, {"accept-encoding": coding, "accept": accept}).headers["etag"]


def test_the_answer_to_a_query_by_get_is_kept_and_checked(client: httpx.Client) -> None:
    answer = read(client, "{ greeting }")
    assert answer.headers["cache-control"] == CHECKED
    assert answer.headers["etag"] == tag_of(client, "{ greeting }") == tag_of(client, " { greeting }")
    assert tag_of(client, "{ greeting }") != tag_of(client, "{ double }")


def test_each_coding_and_each_media_type_has_an_etag_of_its_own(client: httpx.Client) -> None:
    codings = {tag_of(client, coding=coding, accept=accept) for coding in ("identity", "gzip") for accept in TYPES}
    assert len(codings) == 4
    assert tag_of(client, coding="gzip").endswith('-gzip"')
    assert tag_of(client, "{ greeting }", "gzip") == tag_of(client, "{ greeting }")  # too small to be compressed


TYPES = ("application/json", GRAPHQL_RESPONSE)
# If-None-Match, where {} is the ETag: status
CONDITIONS = {
    "{}": 304,
    "W/{}": 304,
    '"a", {},"b"': 304,
    "*": 304,
    '"a"': 200,
    "": 200,
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_who_has_the_answer_is_told_so(client: httpx.Client, method: str, condition: str) -> None:
    tag = tag_of(client, coding="gzip")
    headers = {"accept-encoding": "gzip", "if-none-match": condition.format(tag)}
    answer = client.request(method, "/graphql", params={"query": LARGE}, headers=headers)
    assert (answer.status_code, answer.headers["etag"]) == (CONDITIONS[condition], tag)


def test_what_has_not_changed_is_not_repeated(client: httpx.Client) -> None:
    """RFC 9110, section 15.4.5."""
    answer = read(client, LARGE, {"accept-encoding": "gzip", "if-none-match": tag_of(client, coding="gzip")})
    assert (answer.status_code, answer.content) == (304, b"")
    assert not answer.headers.keys() & {"content-type", "content-length", "content-encoding", "last-modified"}
    assert (answer.headers["cache-control"], answer.headers["vary"]) == (CHECKED, VARY)


def test_who_has_it_in_another_coding_or_media_type_gets_it(client: httpx.Client) -> None:
    tag = tag_of(client)
    for headers in ({"accept-encoding": "gzip"}, {"accept-encoding": "identity", "accept": GRAPHQL_RESPONSE}):
        assert read(client, LARGE, headers | {"if-none-match": tag}).status_code == 200


# name: method, parameters, headers; status, Cache-Control
ANSWERS: dict[str, tuple[str, dict[str, str], dict[str, str], int, str]] = {
    "by POST": ("POST", {"query": "{ greeting }"}, {}, 200, "no-store"),
    "a mutation": ("POST", {"query": "mutation { touch }"}, {}, 200, "no-store"),
    "by GET": ("GET", {"query": "{ greeting }"}, {}, 200, CHECKED),
    "with an error": ("GET", {"query": "{ corrupt }"}, {}, 200, CHECKED),
    "that is mistaken": ("GET", {"query": "{ unknown }"}, {"accept": GRAPHQL_RESPONSE}, 400, "no-store"),
    "that is mistaken, with 200": ("GET", {"query": "{ unknown }"}, {}, 200, "no-store"),
    "of no media type": ("GET", {"query": "{ greeting }"}, {"accept": "image/png"}, 406, "no-store"),
    "of no method": ("PUT", {"query": "{ greeting }"}, {}, 405, "no-store"),
    "that is a mutation": ("GET", {"query": "mutation { touch }"}, {}, 405, "no-store"),
    "for people": ("GET", {}, {"accept": "text/html"}, 200, "no-store"),
    "that failed": ("GET", {"query": "{ broken }"}, {}, 200, CHECKED),
}  # fmt: skip


@pytest.mark.parametrize("origins", [(), ("http://localhost:5173",)])
@pytest.mark.parametrize("case", ANSWERS)
def test_every_answer_says_what_it_depends_on_once(case: str, origins: tuple[str, ...]) -> None:
    method, parameters, headers, status, control = ANSWERS[case]
    with served(small_application(origins)) as client:
        pages = [{}, *({"origin": origin} for origin in origins)]
        for origin in pages:
            sent: dict[str, Any] = {"json" if method == "POST" else "params": parameters}
            answer = client.request(method, "/graphql", headers=headers | origin, **sent)
            assert (answer.status_code, answer.headers["cache-control"]) == (status, control)
            assert answer.headers.get_list("vary") == [VARY]
            assert ("etag" in answer.headers) is (control == CHECKED)


RUN = "query($run: String!) { run(pathspec: $run) { status tags } }"
TASK = 'query($task: String!) { task(pathspec: $task) { status attempt artifact(name: "message") { sha } } }'
LATEST = (
    'query { flow(name: "LinearFlow") { latestRun { pathspec } } runs(first: 1) { nodes { pathspec } totalCount } }'
)
PINNED = (
    "query($task: String!) { task(pathspec: $task, attempt: 0) { parent { parent { status } } "
    'data { value(name: "message") } } }'
)
ADD = 'mutation($run: String!) { addTags(pathspec: $run, tags: "new") { run { tags } } }'


def from_cache(answer: httpx.Response) -> bool:
    """Whether the gateway was not asked at all."""
    status = answer.extensions["caching"]
    return status["from_cache"] and not status["revalidated"]


@contextmanager
def over(root: Path) -> Generator[httpx.Client]:
    """A client with a cache, of a gateway over the runs in a folder."""
    with keeping(application(schema, Gateway({"default": LocalProvider("default", root)}, "default"))) as client:
        yield client


def test_a_cache_hides_no_change_of_tags_no_new_run_and_no_new_attempt(runs: Runs, tmp_path: Path) -> None:
    copied, run = runs.copy(tmp_path, "LinearFlow"), runs["linear"].pathspec
    asked: list[tuple[str, dict[str, str]]] = [(RUN, {"run": run}), (TASK, {"task": f"{run}/start/1"}), (LATEST, {})]
    with over(tmp_path) as client, over(tmp_path) as fresh:

        def told() -> list[object]:
            return [read(client, query, variables=variables).json()["data"] for query, variables in asked]

        before = told()
        assert told() == before
        client.post("/graphql", json={"query": ADD, "variables": {"run": run}})
        try_again(copied.datastore / run / "start" / "1")
        put_run(tmp_path, "1999999999000000", flow="LinearFlow")
        after = told()
        assert after == [read(fresh, query, variables=variables).json()["data"] for query, variables in asked]
    assert all(old != new for old, new in zip(before, after, strict=True))


def test_what_has_not_changed_is_checked_and_what_lasts_is_not_even_asked_for(runs: Runs) -> None:
    run = runs["linear"].pathspec
    with over(runs.root) as client:
        first, again = (read(client, RUN, variables={"run": run}) for _ in range(2))
        assert (again.extensions["caching"]["revalidated"], again.content) == (True, first.content)
        first, again = (read(client, PINNED, variables={"task": f"{run}/start/1"}) for _ in range(2))
    assert (from_cache(first), from_cache(again)) == (False, True)
    assert (
        again.json()
        == first.json()
        == {"data": {"task": {"parent": {"parent": {"status": "SUCCEEDED"}}, "data": {"value": "from start"}}}}
    )


def test_a_cache_hides_no_lost_right_and_gives_none(runs: Runs, tmp_path: Path) -> None:
    """With access control nothing lasts."""
    asked = {"task": f"{runs['linear'].pathspec}/start/1"}
    gateway = Gateway({"default": LocalProvider("default", runs.root)}, "default")
    tokens = "".join(token_table(name, f"mfgql_{name}") for name in ("one", "other"))
    config = written(tmp_path, tokens + rule("everyone = true", "all_runs = true", 'may = ["values"]'))
    with keeping(application(schema, gateway, access=AccessControl(config, ["default"]))) as client:

        def status(name: str) -> int:
            answer = read(client, PINNED, {"authorization": f"Bearer mfgql_{name}"}, asked)
            assert not from_cache(answer)
            return answer.status_code

        assert [status("one"), status("none"), status("other"), status("one")] == [200, 401, 200, 200]
        replaced(config, token_table("somebody", "mfgql_somebody") + EVERYONE)
        assert [status("one"), status("other")] == [401, 401]
