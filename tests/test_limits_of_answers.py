"""Each limit of what is read and answered: what is just below is given, and what is just above refused by its name."""

import asyncio
import os
from collections.abc import Callable, Generator
from hashlib import sha1
from pathlib import Path
from typing import Any

import httpx
import pytest
import strawberry
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from archives import package, packed, tar
from conftest import Limiting
from gateways import Gateway
from in_process import opened
from local_trees import put_runs
from made_logs import Made, line, made_in
from metaflow_graphql.execution.strawberry import StrawberryExecutor
from metaflow_graphql.providers import code_packages, log_pages, usage
from metaflow_graphql.providers.base import BlobKey
from metaflow_graphql.providers.cache import ByteCache
from metaflow_graphql.providers.code_packages import BOUNDS, Contents, PackageKey, PackageReader
from metaflow_graphql.providers.errors import GatewayError, LimitExceeded
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.tar_archives import Bounds
from metaflow_graphql.resolvers import context
from metaflow_graphql.server import limits
from metaflow_graphql.server.app import application
from running import Runs
from serving import Mutation, Query, post, served, small_application
from test_cards import put_card, put_task


def refusals(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Codes and messages of the errors."""
    return [(error["extensions"]["code"], error["message"]) for error in answer.get("errors", [])]


def held(asked: Callable[[int], dict[str, Any]], most: int, name: str) -> None:
    """What is answered to so many, and to one more."""
    assert refusals(asked(most)) == []
    ((code, message),) = refusals(asked(most + 1))
    assert (code, name in message) == ("LIMIT_EXCEEDED", True)


@pytest.mark.parametrize("argument", ["first", "last"])
def test_a_page_has_no_more_objects(tmp_path: Path, argument: str) -> None:
    put_runs(tmp_path, 1)
    with opened(tmp_path) as gateway:
        held(lambda many: gateway.answer(f"{{ runs({argument}: {many}) {{ totalCount }} }}"), 500, "pageSize")


def test_no_more_nodes_are_given_at_a_time(tmp_path: Path) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    put_runs(tmp_path, 1)
    with opened(tmp_path) as gateway:
        run = gateway.data("{ runs { nodes { id } } }")["runs"]["nodes"][0]["id"]
        held(lambda many: gateway.answer(query, variables={"ids": [run] * many}), 500, "pageSize")


@pytest.mark.parametrize(
    ("field", "most", "name"),
    [("preview(length: {})", 10_000, "previewLength"), ("table(first: {}) {{ rows }}", 1_000, "tableRows")],
)
def test_no_more_is_shown_of_an_artifact(gateway: Gateway, runs: Runs, field: str, most: int, name: str) -> None:
    of = f'artifact(pathspec: "{runs["arrays"].pathspec}/only/1/matrix")'
    held(lambda many: gateway.answer(f"{{ {of} {{ {field.format(many)} }} }}"), most, name)


@pytest.mark.parametrize("argument", ["first", "last"])
def test_a_page_of_a_log_has_no_more_lines(tmp_path: Path, argument: str) -> None:
    with made_in(tmp_path) as made:
        made.starts()
        made.log("0.task_stdout.log", line(1, "a"))
        held(lambda many: asked_of(made, f"loglines({argument}: {many}) {{ totalCount }}"), 1_000, "logPageSize")


def test_a_log_is_given_whole_up_to_a_size(tmp_path: Path) -> None:
    with made_in(tmp_path) as made:
        made.starts()
        file = made.log("0.task_stdout.log", b"")

        def asked(size: int) -> dict[str, Any]:
            file.write_bytes(b"a" * size)
            return asked_of(made, "stdout")

        held(asked, 16 * 2**20, "logBytes")


def test_logs_are_given_whole_up_to_a_number_of_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_pages, "LINES_AN_ANSWER", 20)
    with made_in(tmp_path) as made:
        made.starts()
        file = made.log("0.task_stdout.log", b"")

        def asked(many: int) -> dict[str, Any]:
            file.write_bytes(b"\n" * many)
            return asked_of(made, "stdout")

        held(asked, 20, "logLines")


def test_a_card_is_given_up_to_a_size(tmp_path: Path) -> None:
    put_task(tmp_path)
    page = put_card(tmp_path, 1)

    def asked(size: int) -> dict[str, Any]:
        os.truncate(page, 0)
        page.write_bytes(b" " * size)
        with opened(tmp_path) as gateway:
            return gateway.answer('{ task(pathspec: "Made/1/start/1") { cards { html } } }')

    held(asked, 16 * 2**20, "cardBytes")


def asked_of(made: Made, fields: str) -> dict[str, Any]:
    return made.gateway.answer(f'{{ task(pathspec: "Made/1/start/1") {{ {fields} }} }}')


def packaged(root: Path, archive: bytes, bounds: Bounds = BOUNDS) -> Contents | GatewayError:
    """What is told of the file `a` of a package."""
    blob = BlobKey("", "Made", sha1(archive).hexdigest(), raw=True)
    stored = root / ".metaflow" / blob.path
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_bytes(archive)
    reader = PackageReader(LocalDatastore(root), ByteCache(2**20), bounds)
    (found,) = asyncio.run(reader.packages([PackageKey("default", blob, "a")]))
    return found


A, FEW = b"print(1)", Contents({"a": 8}, None, b"print(1)")


def test_a_package_is_read_up_to_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = package({"a": A})
    monkeypatch.setattr(code_packages, "STORED_BYTES", len(archive))
    assert packaged(tmp_path, archive) == FEW
    monkeypatch.setattr(code_packages, "STORED_BYTES", len(archive) - 1)
    too_large = packaged(tmp_path, archive)
    assert (type(too_large), "codeBytes" in str(too_large)) == (LimitExceeded, True)


def test_a_package_inflates_up_to_a_size(tmp_path: Path) -> None:
    content = tar({"a": A})
    assert packaged(tmp_path, packed(content), Bounds(len(content), 50)) == FEW
    too_large = packaged(tmp_path, packed(content), Bounds(len(content) - 1, 50))
    assert (type(too_large), "codeInflatedBytes" in str(too_large)) == (LimitExceeded, True)


def test_a_package_has_no_more_files(tmp_path: Path) -> None:
    few, many = ({"a": A} | {str(number): b"" for number in range(more)} for more in (49, 50))
    found = packaged(tmp_path, package(few), Bounds(2**20, 50))
    assert isinstance(found, Contents)
    assert len(found.files) == 50
    too_many = packaged(tmp_path, package(many), Bounds(2**20, 50))
    assert (type(too_many), "codeFiles" in str(too_many)) == (LimitExceeded, True)


def test_a_file_of_a_package_is_given_up_to_a_size(tmp_path: Path) -> None:
    whole, large = (packaged(tmp_path, package({"a": b"a" * (4 * 2**20 + more)})) for more in (0, 1))
    assert whole == Contents({"a": 4 * 2**20}, None, b"a" * 4 * 2**20)
    assert (type(large), "codeFileBytes" in str(large)) == (LimitExceeded, True)


@pytest.mark.parametrize("below", [True, False])
def test_an_answer_has_no_more_objects(tmp_path: Path, limit: Limiting, below: bool) -> None:
    put_runs(tmp_path, 10)
    query = "{ runs { nodes { pathspec } } }"
    with opened(tmp_path) as gateway:
        spent = gateway.answer(query, extensions={"cost": True})["extensions"]["cost"]["spent"]
        limit(limits.ANSWER_OBJECTS, spent if below else spent - 1)
        found = refusals(gateway.answer(query))
    assert [(code, "answerObjects" in message) for code, message in found] == [("LIMIT_EXCEEDED", True)] * (not below)


@pytest.mark.parametrize("below", [True, False])
def test_an_answer_has_no_more_bytes(limit: Limiting, below: bool) -> None:
    with served(small_application()) as client:
        size = len(asked_for(client).content)
        limit(limits.ANSWER_BYTES, size if below else size - 1)
        found = refusals(asked_for(client).json())
    message = f"answerBytes is {size - 1} at the most"
    assert [(code, message in told) for code, told in found] == [("LIMIT_EXCEEDED", True)] * (not below)


def asked_for(client: httpx.Client) -> httpx.Response:
    return post(client, "{ many(count: 1000) }")


@pytest.mark.parametrize("below", [True, False])
def test_values_are_given_until_they_take_a_size(tmp_path: Path, limit: Limiting, below: bool) -> None:
    """What goes beyond is still given, so that it is what comes then that is refused."""
    put_task(tmp_path)
    for number in (1, 2):
        put_card(tmp_path, number).write_bytes(b"a" * 100)
    limit(limits.VALUES_BYTES, 101 if below else 100)
    with opened(tmp_path) as gateway:
        found = refusals(gateway.answer('{ task(pathspec: "Made/1/start/1") { cards { html } } }'))
    assert [(code, "valuesBytes" in message) for code, message in found] == [("LIMIT_EXCEEDED", True)] * (not below)


def test_no_more_requests_go_upstream() -> None:
    spent = usage.Usage(requests_left=limits.UPSTREAM_REQUESTS.value)
    for _ in range(1_000):
        spent.take_request()
    with pytest.raises(LimitExceeded, match="upstreamRequests"):
        spent.take_request()


@pytest.fixture(params=[StrawberryExecutor, StrawberryGraphQLCoreExecutionContext])
def small(request: pytest.FixtureRequest) -> Generator[httpx.Client]:
    """A small gateway on either executor."""
    of_small = strawberry.Schema(Query, Mutation, execution_context_class=request.param)
    with served(application(of_small, context.Gateway({}, "default"))) as client:
        yield client


def test_a_mutation_whose_first_field_took_all_time_is_answered(small: httpx.Client, limit: Limiting) -> None:
    limit(limits.SECONDS, 1)
    answer = post(small, "mutation { long: rest(seconds: 1.1) touch }")
    assert (answer.status_code, answer.json()) == (200, {"data": {"long": True, "touch": True}})


@pytest.mark.parametrize("of", [limits.ANSWER_OBJECTS, limits.ANSWER_FIELDS, limits.SECONDS])
def test_where_nothing_is_left_each_field_is_told(small: httpx.Client, limit: Limiting, of: limits.Limit) -> None:
    limit(of, 0)
    answer = post(small, "{ self { greeting } }").json()
    assert [(error["path"], of.name in error["message"]) for error in answer["errors"]] == [(["self"], True)]
