"""Bytes over HTTP: /files/, as the URLs that queries answer."""

import asyncio
import gzip
import hashlib
import io
import json
import pickle
import tarfile
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from gateways import Gateway, serving
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers import context
from metaflow_graphql.schema import schema
from metaflow_graphql.server.app import application
from running import Runs
from serving import post, served

URLS = "query($run: String!) { run(pathspec: $run) { artifacts(first: 500) { nodes { name sha url } } } }"


@pytest.fixture(scope="module")
def client() -> Generator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


def artifact_url(gateway: Gateway, pathspec: str) -> str:
    asked = "query($pathspec: String!) { artifact(pathspec: $pathspec) { url } }"
    return gateway.data(asked, pathspec=pathspec)["artifact"]["url"]


def told(response: httpx.Response) -> tuple[int, str]:
    (error,) = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


@pytest.fixture(scope="module")
def numbers(gateway: Gateway, runs: Runs) -> str:
    return artifact_url(gateway, f"{runs['linear'].pathspec}/middle/2/numbers")


PICKLED = pickle.dumps(list(range(10)), protocol=4)


def test_an_artifact_is_served_as_it_was_serialized(client: httpx.Client, numbers: str) -> None:
    response = client.get(numbers)
    assert response.content == PICKLED
    assert {
        name: response.headers[name]
        for name in response.headers
        if name not in ("date", "transfer-encoding", "x-request-id")
    } == {
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": "attachment; filename*=UTF-8''numbers.pickle",
        "content-security-policy": "default-src 'none'; sandbox",
        "content-type": "application/octet-stream",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "etag": f'"{hashlib.sha1(PICKLED).hexdigest()}"',
        "referrer-policy": "no-referrer",
        "vary": "origin",
        "x-content-type-options": "nosniff",
    }


def test_every_artifact_of_a_run_has_bytes_of_its_hash(client: httpx.Client, gateway: Gateway, runs: Runs) -> None:
    found = gateway.data(URLS, run=runs["values"].pathspec)["run"]["artifacts"]["nodes"]
    assert len(found) > 150
    served = {one["name"]: hashlib.sha1(client.get(one["url"]).content).hexdigest() for one in found}
    assert served == {one["name"]: one["sha"] for one in found}


def test_an_included_file_is_served_itself(client: httpx.Client, gateway: Gateway, runs: Runs) -> None:
    start = f"{runs['parameters'].pathspec}/start/1"
    flows = Path(__file__).parent / "flows"
    notes = client.get(artifact_url(gateway, f"{start}/notes"))
    picture = client.get(artifact_url(gateway, f"{start}/picture"))
    assert (notes.content, picture.content) == (
        (flows / "notes.txt").read_bytes(),
        (flows / "picture.bin").read_bytes(),
    )
    assert [response.headers["content-type"] for response in (notes, picture)] == [
        "text/plain; charset=utf-8",
        "application/octet-stream",
    ]
    assert [response.headers["content-disposition"] for response in (notes, picture)] == [
        "inline; filename*=UTF-8''notes",
        "attachment; filename*=UTF-8''picture",
    ]


@pytest.mark.parametrize("tags", ["{etag}", 'W/{etag}, "other"', '"other",{etag}', "*"])
def test_what_the_client_has_is_not_sent_again(client: httpx.Client, numbers: str, tags: str) -> None:
    etag = client.head(numbers).headers["etag"]
    response = client.get(numbers, headers={"if-none-match": tags.format(etag=etag)})
    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag)
    assert client.get(numbers, headers={"if-none-match": '"other"'}).content == PICKLED


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("0-0", 0, 1), ("3-5", 3, 6), ("5-", 5, None), ("-4", -4, None), ("-9999", 0, None), ("2-9999", 2, None)],
)
def test_a_part_is_served(client: httpx.Client, numbers: str, asked: str, start: int, end: int | None) -> None:
    response = client.get(numbers, headers={"range": f"bytes={asked}"})
    part = PICKLED[start:end]
    first = PICKLED.index(part)
    assert (response.status_code, response.content) == (206, part)
    assert response.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{len(PICKLED)}"
    assert response.headers["content-length"] == str(len(part))


@pytest.mark.parametrize("asked", ["9999-", "-0", f"{len(PICKLED)}-"])
def test_a_part_that_is_not_there_is_416(client: httpx.Client, numbers: str, asked: str) -> None:
    response = client.get(numbers, headers={"range": f"bytes={asked}"})
    assert told(response) == (416, "BAD_USER_INPUT")
    assert response.headers["content-range"] == f"bytes */{len(PICKLED)}"


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=-", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=1-2x", ""])
def test_what_is_no_range_gets_the_whole(client: httpx.Client, numbers: str, asked: str) -> None:
    response = client.get(numbers, headers={"range": asked})
    assert (response.status_code, response.content) == (200, PICKLED)


def test_a_part_of_another_version_gets_the_whole(client: httpx.Client, numbers: str) -> None:
    etag = client.head(numbers).headers["etag"]
    part = client.get(numbers, headers={"range": "bytes=0-0", "if-range": etag})
    whole = client.get(numbers, headers={"range": "bytes=0-0", "if-range": '"other"'})
    assert (part.status_code, whole.status_code, whole.content) == (206, 200, PICKLED)


def test_head_has_the_headers_alone(client: httpx.Client, numbers: str) -> None:
    head, whole = client.head(numbers), client.get(numbers)
    changing = ("date", "transfer-encoding", "x-request-id")
    assert head.content == b""
    assert {name: head.headers[name] for name in head.headers if name not in changing} == {
        name: whole.headers[name] for name in whole.headers if name not in changing
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_files_are_only_read(client: httpx.Client, numbers: str, method: str) -> None:
    response = client.request(method, numbers)
    assert told(response) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("artifact/default/{run}/middle/2/absent", 404, "NOT_FOUND"),
        ("artifact/default/{run}/middle/99/numbers", 404, "NOT_FOUND"),
        ("artifact/default/{run}/middle/2/numbers?attempt=3", 404, "NOT_FOUND"),
        ("artifact/default/{run}/middle/2", 404, "NOT_FOUND"),
        ("artifact/default/{run}/middle/2/numbers/more", 404, "NOT_FOUND"),
        ("artifact", 404, "NOT_FOUND"),
        ("", 404, "NOT_FOUND"),
        ("unknown/default/{run}/middle/2/numbers", 404, "NOT_FOUND"),
        ("artifact/other/{run}/middle/2/numbers", 404, "UNKNOWN_METADATA_PROVIDER"),
        ("artifact/default/{run}/middle/2/numbers?attempt=6", 400, "BAD_USER_INPUT"),
        ("artifact/default/{run}/middle/2/numbers?attempt=-1", 400, "BAD_USER_INPUT"),
        ("artifact/default/{run}/middle/2/numbers?attempt=%C2%B2", 400, "BAD_USER_INPUT"),
        ("artifact/default/{run}/middle/2/%2e%2e", 400, "INVALID_PATHSPEC"),
        ("artifact/default/{run}/middle%2F2/2/numbers", 400, "INVALID_PATHSPEC"),
        ("artifact/default/{run}/middle/2/..%5Cx", 400, "INVALID_PATHSPEC"),
        ("artifact/default/{run}/middle/2/%00", 400, "INVALID_PATHSPEC"),
        ("artifact/default/{run}/middle/2/num*", 400, "INVALID_PATHSPEC"),
        ("artifact/default/{run}/middle//numbers", 400, "INVALID_PATHSPEC"),
        ("artifact/default/{run}/middle/2/%FF", 400, "BAD_USER_INPUT"),
        ("artifact/default/{run}/middle/2/%252e%252e", 404, "NOT_FOUND"),
    ],
)
def test_a_url_that_names_nothing_is_told_so(
    client: httpx.Client, gateway: Gateway, runs: Runs, path: str, status: int, code: str
) -> None:
    # As raw bytes: httpx would walk up `..` and mend what is not encoded.
    target = f"/files/{path.format(run=runs['linear'].pathspec)}".encode()
    url = httpx.URL(gateway.url)
    response = client.send(httpx.Request("GET", url, extensions={"target": target}))
    assert told(response) == (status, code)


@pytest.fixture
def own(runs: Runs, tmp_path: Path) -> Generator[tuple[str, Path]]:
    """The URL of an artifact, and where its bytes are stored: to be changed."""
    copied = runs.copy(tmp_path, "LinearFlow")
    sha = hashlib.sha1(PICKLED).hexdigest()
    with serving(tmp_path) as gateway:
        url = artifact_url(gateway, f"{runs['linear'].pathspec}/middle/2/numbers")
        yield url, copied.datastore / "LinearFlow" / "data" / sha[:2] / sha


def replace(stored: Path, content: bytes) -> None:
    stored.unlink()  # the copy shares its content with others
    stored.write_bytes(content)


def test_bytes_that_are_no_gzip_or_gone_are_told(own: tuple[str, Path]) -> None:
    url, stored = own
    replace(stored, b"no gzip")
    assert told(httpx.get(url)) == (502, "ARTIFACT_UNREADABLE")
    stored.unlink()
    assert told(httpx.get(url)) == (502, "ARTIFACT_UNREADABLE")
    assert httpx.head(url).status_code == 502


def test_bytes_that_are_not_what_their_name_says_break_the_answer_off(own: tuple[str, Path]) -> None:
    url, stored = own
    replace(stored, gzip.compress(PICKLED[:-1] + b"X"))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)
    assert told(httpx.get(url, headers={"range": "bytes=0-1"})) == (502, "ARTIFACT_UNREADABLE")


@pytest.mark.parametrize("sha", ["x\r\nevil: yes", "€", 'a"b'])
def test_a_hash_that_is_none_names_no_bytes(runs: Runs, tmp_path: Path, sha: str) -> None:
    task = f"{runs['linear'].pathspec}/middle/2"
    record = runs.copy(tmp_path, "LinearFlow").datastore / task / "_meta/0_artifact_numbers.json"
    replace(record, json.dumps(json.loads(record.read_text()) | {"sha": sha}).encode())
    with serving(tmp_path) as gateway:
        url = artifact_url(gateway, f"{task}/numbers")
        assert told(httpx.get(url)) == (502, "ARTIFACT_UNREADABLE")
        assert httpx.head(url).status_code == 502
        unchanged = httpx.get(url, headers={"if-none-match": "*"})
    assert (unchanged.status_code, unchanged.headers["etag"]) == (304, f'"{quote(sha)}"')


def test_a_link_out_of_the_datastore_is_not_followed(own: tuple[str, Path], tmp_path: Path) -> None:
    url, stored = own
    outside = tmp_path / "outside"
    outside.write_bytes(gzip.compress(PICKLED))
    stored.unlink()
    stored.symlink_to(outside)
    assert told(httpx.get(url)) == (502, "ARTIFACT_UNREADABLE")


def test_urls_begin_with_the_address_that_the_query_came_to(runs: Runs) -> None:
    def url(host: str) -> Any:
        asked = f'{{ artifact(pathspec: "{runs["linear"].pathspec}/middle/2/numbers") {{ url }} }}'
        answer = client.post("/graphql", json={"query": asked}, headers={"host": host})
        return answer.json()["data"]["artifact"]["url"]

    path = f"/files/artifact/default/{runs['linear'].pathspec}/middle/2/numbers?attempt=0"
    local = LocalProvider("default", runs.root)
    with served(application(schema, context.Gateway({"default": local}, "default"))) as client:
        assert url("gateway.example:8443") == "http://gateway.example:8443" + path
        assert url("[::1]:8080") == "http://[::1]:8080" + path
        assert url('evil"><script>') is None
    asyncio.run(local.close())


def test_urls_begin_with_the_public_url_where_one_is_configured(runs: Runs) -> None:
    local = LocalProvider("default", runs.root)
    app = application(schema, context.Gateway({"default": local}, "default"), public_url="https://runs.example/gateway")
    asked = f'{{ artifact(pathspec: "{runs["linear"].pathspec}/middle/2/numbers") {{ url }} }}'
    with served(app) as client:
        answer = post(client, asked).json()
    asyncio.run(local.close())
    path = f"/files/artifact/default/{runs['linear'].pathspec}/middle/2/numbers?attempt=0"
    assert answer["data"]["artifact"]["url"] == "https://runs.example/gateway" + path


def test_a_log_is_served_as_text(client: httpx.Client, gateway: Gateway, runs: Runs) -> None:
    asked = """query($task: String!) {
      task(pathspec: $task) { stdout out: logUrl(stream: STDOUT) stderr err: logUrl(stream: STDERR) }
    }"""
    task = gateway.data(asked, task=f"{runs['linear'].pathspec}/middle/2")["task"]
    out, err = client.get(task["out"]), client.get(task["err"])
    assert out.text == task["stdout"] == "first line\n\nthird line, after a blank one: äöü 🎉\n"
    assert err.text == task["stderr"] == ""
    assert out.headers["content-type"] == "text/plain; charset=utf-8"
    assert out.headers["content-disposition"] == "inline; filename*=UTF-8''stdout.log"
    part = client.get(task["out"], headers={"range": "bytes=6-9"})
    assert (part.status_code, part.text) == (206, "line")
    assert client.get(task["out"], headers={"if-none-match": out.headers["etag"]}).status_code == 304
    assert told(client.get(task["out"].replace("stdout", "stdin"))) == (404, "NOT_FOUND")


def test_each_attempt_has_a_log_of_its_own(client: httpx.Client, gateway: Gateway, runs: Runs) -> None:
    asked = """query($run: String!) {
      run(pathspec: $run) { steps { tasks { nodes { attempts { stderr logUrl(stream: STDERR) } } } } }
    }"""
    found = gateway.data(asked, run=runs["retry_succeeds"].pathspec)["run"]["steps"]
    attempts = [one for step in found for task in step["tasks"]["nodes"] for one in task["attempts"]]
    assert len({one["logUrl"] for one in attempts}) == len(attempts) > len(found)
    assert [client.get(one["logUrl"]).text for one in attempts] == [one["stderr"] for one in attempts]


def test_a_task_without_a_log_has_an_empty_one(client: httpx.Client, gateway: Gateway, runs: Runs) -> None:
    asked = "query($task: String!) { task(pathspec: $task) { stdout logUrl(stream: STDOUT) } }"
    task = gateway.data(asked, task=f"{runs['linear'].pathspec}/_parameters/0")["task"]
    served = client.get(task["logUrl"])
    assert (served.status_code, served.text, task["stdout"]) == (200, "", "")


def test_a_card_is_served_as_a_page_in_a_sandbox(client: httpx.Client, gateway: Gateway, runs: Runs) -> None:
    asked = "query($task: String!) { task(pathspec: $task) { cards { type html url } } }"
    cards = gateway.data(asked, task=f"{runs['cards'].pathspec}/start/1")["task"]["cards"]
    served = [client.get(card["url"]) for card in cards]
    assert [page.text for page in served] == [card["html"] for card in cards]
    assert {page.headers["content-security-policy"] for page in served} == {"sandbox allow-scripts"}
    assert {page.headers["content-type"] for page in served} == {"text/html; charset=utf-8"}
    part = client.get(cards[0]["url"], headers={"range": "bytes=0-8"})
    assert (part.status_code, part.text) == (206, cards[0]["html"][:9])
    absent = cards[0]["url"].partition("/start/1/")[0] + "/start/1/" + "0" * 32
    assert told(client.get(absent)) == (404, "NOT_FOUND")


def test_a_code_package_is_served_as_it_is_stored(client: httpx.Client, gateway: Gateway, runs: Runs) -> None:
    asked = "query($run: String!) { run(pathspec: $run) { code { tarball { url size } } } }"
    tarball = gateway.data(asked, run=runs["linear_with_code"].pathspec)["run"]["code"]["tarball"]
    served = client.get(tarball["url"])
    assert len(served.content) == tarball["size"]
    assert served.headers["etag"] == f'"{hashlib.sha1(served.content).hexdigest()}"'
    assert served.headers["content-type"] == "application/gzip"
    assert served.headers["content-disposition"].startswith("attachment; filename*=UTF-8''LinearFlow-")
    with tarfile.open(fileobj=io.BytesIO(served.content)) as archive:
        assert "linear.py" in archive.getnames()


@pytest.mark.parametrize("kind", ["log/default/{task}/stdout", "card/default/{task}/x", "code/default/{task}"])
def test_a_task_that_is_not_there_has_no_files(client: httpx.Client, gateway: Gateway, runs: Runs, kind: str) -> None:
    for task in (f"{runs['linear'].pathspec}/middle/99", f"{runs['linear'].pathspec}/absent/1"):
        assert told(client.get(f"{gateway.url}/files/{kind.format(task=task)}")) == (404, "NOT_FOUND")
    later = kind.format(task=f"{runs['linear'].pathspec}/middle/2")
    assert told(client.get(f"{gateway.url}/files/{later}?attempt=5")) == (404, "NOT_FOUND")
