"""Content codings of answers: which one, and that what comes is that."""

import gzip
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import httpx
import pytest
import zstandard

from serving import served, small_application

brotli: Any = import_module("brotli")  # it has no types

DECODED: dict[str | None, Callable[[bytes], bytes]] = {
    "zstd": zstandard.ZstdDecompressor().decompress,
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    None: bytes,
}
# Accept-Encoding: the coding of the answer
CODED = {
    "zstd": "zstd",
    "br": "br",
    "gzip": "gzip",
    "GZIP": "gzip",
    "gzip, deflate, br, zstd": "zstd",
    "gzip, br": "br",
    "zstd;q=0.5, br;q=0.9, gzip": "gzip",
    "zstd;q=0.5, br;q=0.9": "br",
    "zstd;q=0, br;q=0, *": "gzip",
    "zstd;q=0, *;q=0.5, gzip;q=0.4": "br",
    "deflate, *": "zstd",
    "gzip;q=0.5, identity;q=0.1": "gzip",
    "gzip;q=0.5, identity": None,
    "br;q=0, zstd;q=0.0, gzip;q=0.000": None,
    "*;q=0": None,
    "gzip;q=nan": None,
    "zstandard, brotli, x-gzip": None,
    "x-unknown": None,
    "": None,
}
VARY = "authorization, accept, accept-encoding, origin"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served(small_application()) as client:
        yield client


def asked(client: httpx.Client, accepted: str, method: str = "GET", many: int = 1_000) -> tuple[httpx.Headers, bytes]:
    """Headers, and bytes as they come."""
    query = {"query": f"{{ many(count: {many}) }}"}
    sent: dict[str, Any] = {"json": query} if method == "POST" else {"params": query}
    with client.stream(method, "/graphql", headers={"accept-encoding": accepted}, **sent) as answer:
        return answer.headers, b"".join(answer.iter_raw())


# compressed at once, and in a thread
@pytest.mark.parametrize("many", [1_000, 100_000])
@pytest.mark.parametrize("accepted", CODED)
def test_an_answer_is_in_the_coding_that_is_preferred(client: httpx.Client, accepted: str, many: int) -> None:
    headers, content = asked(client, accepted, "POST", many)
    coding = headers.get("content-encoding")
    assert (coding, headers["vary"]) == (CODED[accepted], VARY)
    assert headers["content-length"] == str(len(content))
    decoded = DECODED[coding](content)
    assert decoded == b'{"data":{"many":[' + b",".join(b"%d" % number for number in range(many)) + b"]}}"
    assert coding is None or len(content) < len(decoded) / 2


def test_each_coding_has_an_etag_of_its_own_by_which_it_is_checked(client: httpx.Client) -> None:
    tags = {coding: asked(client, coding or "identity")[0]["etag"] for coding in DECODED}
    whole = tags[None].removesuffix('"')
    assert tags == {coding: f'{whole}-{coding}"' if coding else f'{whole}"' for coding in DECODED}
    found = {
        (accepted, had): client.get(
            "/graphql?query={many(count:1000)}",
            headers={"accept-encoding": accepted or "identity", "if-none-match": tag},
        ).status_code
        for accepted in DECODED
        for had, tag in tags.items()
    }
    assert found == {(accepted, had): 304 if accepted == had else 200 for accepted, had in found}


@pytest.mark.parametrize("accepted", ["zstd", "br", "gzip"])
def test_a_small_answer_is_not_compressed(client: httpx.Client, accepted: str) -> None:
    headers, content = asked(client, accepted, many=3)
    assert (headers.get("content-encoding"), content) == (None, b'{"data":{"many":[0,1,2]}}')
