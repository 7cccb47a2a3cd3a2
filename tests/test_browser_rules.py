"""What browsers are told, and which of their requests are answered: origins, sites, names, headers."""

import re
from collections.abc import Iterator
from pathlib import Path
from time import time
from urllib.parse import urlencode

import httpx
import pytest

from guarded import TWO_PEOPLE, written
from metaflow_graphql.providers.base import Key
from metaflow_graphql.providers.grants import Principal
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.resolvers.links import File
from metaflow_graphql.resolvers.signatures import Signatures
from metaflow_graphql.schema import schema
from metaflow_graphql.server.access.control import AccessControl
from metaflow_graphql.server.app import application
from metaflow_graphql.server.browsers.hosts import Hosts
from metaflow_graphql.server.connections.connection import Connection
from serving import answered, error, served, small_application

LISTED, OTHER = "https://listed.example", "https://other.example"
ASKED = "/graphql?query={greeting}"
FILE = "/files/log/default/F/1/s/2/stdout"
KEY = "k" * 32
NOT_LET_IN = error(
    "FORBIDDEN",
    "Pages of other sites may not ask this gateway: to let one in, start it with --cors-origin and its origin; where "
    "it is the gateway's own, with --public-url.",
)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served(small_application((LISTED,))) as client:
        yield client


def from_another_site(mode: str, dest: str = "empty", site: str = "cross-site", **more: str) -> dict[str, str]:
    """Headers as a browser sends them."""
    return {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest, "accept": "*/*", **more}


JSON = {"content-type": "application/json"}
LINK = from_another_site("navigate", "document", accept="text/html,application/xml;q=0.9,*/*;q=0.8")
FRAME = LINK | {"sec-fetch-dest": "iframe"}
# what a browser sends: method, URL, headers
REFUSED: dict[str, tuple[str, str, dict[str, str]]] = {
    "an image": ("GET", ASKED, from_another_site("no-cors", "image")),
    "a script": ("GET", ASKED, from_another_site("no-cors", "script")),
    "of the same site": ("GET", ASKED, from_another_site("no-cors", "image", "same-site")),
    "of a site that browsers come to tell of": ("GET", ASKED, from_another_site("no-cors", "image", "new-site")),
    "a head": ("HEAD", ASKED, from_another_site("no-cors")),
    "to be read": ("GET", ASKED, from_another_site("cors", origin=OTHER)),
    "of a sandbox": ("GET", ASKED, from_another_site("cors", origin="null")),
    "by a page that a listed one sent": ("GET", ASKED, from_another_site("no-cors", referer=f"{LISTED}/")),
    "of an origin that begins as a listed one": ("GET", ASKED, from_another_site("cors", origin=f"{LISTED}.evil")),
    "in JSON, without a preflight": ("POST", "/graphql", from_another_site("cors", origin=OTHER) | JSON),
    "a form": ("POST", "/graphql", LINK | {"origin": OTHER, "content-type": "text/plain"}),
    "GraphiQL in a frame": ("GET", "/graphql", FRAME),
    "a link to an answer": ("GET", ASKED, LINK | {"accept": "application/json, text/html;q=0.5"}),
    "a file in an image": ("GET", FILE, from_another_site("no-cors", "image")),
    "a file in a frame": ("GET", FILE, FRAME | {"referer": f"{OTHER}/{LISTED}"}),
    "a file that a page reads": ("GET", FILE, from_another_site("cors", origin=OTHER, referer=f"{LISTED}/")),
    "a file whose signature is not valid": ("GET", f"{FILE}?signature=x", from_another_site("no-cors", "image")),
    "whether it lives": ("GET", "/healthz", from_another_site("no-cors", "image")),
    # over plain http to another machine, where browsers send no Sec-Fetch-Site
    "to be read, over plain http": ("GET", ASKED, {"origin": OTHER}),
    "of a sandbox, over plain http": ("GET", ASKED, {"origin": "null"}),
    "of a sandbox, to no name": ("GET", ASKED, {"origin": "null", "host": ""}),
    "of no origin, over plain http": ("GET", ASKED, {"origin": ""}),
    "a file that a page reads, over plain http": ("GET", FILE, {"origin": OTHER}),
    "of another port": ("GET", ASKED, {"origin": "http://gateway.lan:9000", "host": "gateway.lan:8000"}),
    "of a name that ends as the gateway's": (
        "GET",
        ASKED,
        {"origin": "http://evil.gateway.lan", "host": "gateway.lan"},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_pages_of_other_sites_have_nothing_answered(client: httpx.Client, case: str) -> None:
    method, url, headers = REFUSED[case]
    answer = client.request(method, url, headers=headers)
    assert (answer.status_code, answer.headers["vary"]) == (403, "authorization, accept, accept-encoding, origin")
    assert answer.headers.get("access-control-allow-origin") is None
    if method != "HEAD":
        assert answer.json() == {"errors": [NOT_LET_IN]}


ANSWERED: dict[str, tuple[str, dict[str, str], int]] = {
    "no browser": (ASKED, {}, 200),
    "the gateway's own page": (ASKED, from_another_site("cors", site="same-origin"), 200),
    "the gateway's own page, behind a proxy": (ASKED, from_another_site("cors", site="same-origin", origin=OTHER), 200),
    "a page of a listed origin, over plain http": (ASKED, {"origin": LISTED}, 200),
    "the address bar": (ASKED, LINK | {"sec-fetch-site": "none", "accept": "*/*"}, 200),
    "a page of a listed origin": (ASKED, from_another_site("cors", origin=LISTED), 200),
    "a link to GraphiQL": (ASKED, LINK, 200),
    "a link to a file": (FILE, LINK, 404),
    "a file in an image of a listed page": (FILE, from_another_site("no-cors", "image", referer=f"{LISTED}/"), 404),
    "a file in a frame of a listed page": (FILE, FRAME | {"referer": f"{LISTED}/runs?of=me"}, 404),
}


@pytest.mark.parametrize("case", ANSWERED)
def test_all_others_are_answered(client: httpx.Client, case: str) -> None:
    url, headers, status = ANSWERED[case]
    assert client.get(url, headers=headers).status_code == status


# as the gateway is called, with --public-url or without; and the origin of its own page
OWN = [
    (None, "gateway.lan:8000", "http://gateway.lan:8000"),
    (None, "Gateway.lan", "http://gateway.lan"),
    (None, "[fd00::1]:8000", "http://[fd00::1]:8000"),
    (None, "runs.example", "https://runs.example"),  # of a proxy that ends TLS
    (None, "runs.example:443", "https://runs.example"),
    ("https://Runs.example/metaflow", "10.0.0.5:8000", "https://runs.example"),
    ("https://runs.example:443", "10.0.0.5:8000", "https://runs.example"),
    ("http://runs.example:8080", "10.0.0.5:8000", "http://runs.example:8080"),
]


@pytest.mark.parametrize(("public_url", "host", "origin"), OWN)
def test_the_gateways_own_page_asks_also_over_plain_http(public_url: str | None, host: str, origin: str) -> None:
    app = application(schema, Gateway({}, "default"), public_url=public_url)
    with served(app) as client:
        answers = [
            client.get(ASKED, headers={"host": host, "origin": page}).status_code
            for page in (origin, f"{origin}0", "http://runs.example:8081")
        ]
    assert answers == [200, 403, 403]


def test_where_graphiql_is_off_a_link_leads_to_no_answer() -> None:
    with served(application(schema, Gateway({}, "default"), graphiql=False)) as client:
        assert client.get("/graphql?query={serverInfo{version}}", headers=LINK).status_code == 403


def test_files_of_signed_urls_may_stand_anywhere_and_are_read_nowhere(tmp_path: Path) -> None:
    config = written(tmp_path, f'{TWO_PEOPLE}[urls]\nkey = "{KEY}"')
    principal = Principal("alice", identity=b'["token","alice",[],null]')
    file = File("log", Key("default", "F/1/s/2"), ("stdout",))
    valid = urlencode(Signatures(KEY.encode(), 900).parameters(file.signed, principal, time()))
    with served(application(schema, Gateway({}, "default"), access=AccessControl(config, ["default"]))) as client:
        shown = client.get(f"{FILE}?{valid}", headers=from_another_site("no-cors", "image"))
        read = client.get(f"{FILE}?{valid}", headers=from_another_site("cors", origin=OTHER))
        over_http = client.get(f"{FILE}?{valid}", headers={"origin": OTHER})
        query = client.get(f"/graphql?{valid}", headers=from_another_site("no-cors", "image"))
        altered = client.get(f"{FILE}?{valid}a", headers=from_another_site("no-cors", "image"))
    assert altered.status_code == 403
    assert (shown.status_code, shown.headers["cross-origin-resource-policy"]) == (404, "cross-origin")
    assert (read.status_code, read.headers.get("access-control-allow-origin")) == (404, None)
    assert (over_http.status_code, over_http.headers.get("access-control-allow-origin")) == (404, None)
    assert query.status_code == 403


EXPOSED = (
    "content-disposition, content-length, content-range, etag, ratelimit, ratelimit-policy, retry-after, "
    "www-authenticate, x-request-id"
)


def of_cors(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control")}


# method, URL, status
ANSWERS = [
    ("GET", ASKED, 200),
    ("PUT", "/graphql", 405),
    ("POST", "/graphql", 415),
    ("GET", "/graphql", 400),
    ("GET", FILE, 404),
    ("GET", "/nowhere", 404),
    ("GET", "/healthz", 200),
]


@pytest.mark.parametrize(("method", "url", "status"), ANSWERS)
def test_every_answer_may_be_read_by_the_origins_that_are_listed(
    client: httpx.Client, method: str, url: str, status: int
) -> None:
    answers = [client.request(method, url, headers={"origin": origin}) for origin in (LISTED, OTHER)]
    read = {"access-control-allow-origin": LISTED, "access-control-expose-headers": EXPOSED}
    # Whether a page may send what it does by POST, a browser asks first.
    told = status if method == "POST" else 403
    assert [(answer.status_code, of_cors(answer)) for answer in answers] == [(status, read), (told, {})]
    assert all("origin" in answer.headers["vary"].split(", ") for answer in answers)


MISTAKEN: list[tuple[str, str, dict[str, str], int, str]] = [
    ("GET", "/graphql", {"host": "evil.example"}, 421, "FORBIDDEN"),
    ("POST", "/graphql", {"sec-fetch-site": "cross-site", "origin": OTHER}, 403, "FORBIDDEN"),
    ("POST", "/graphql", {}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ("PATCH", FILE, {}, 405, "METHOD_NOT_ALLOWED"),
    ("GET", FILE, {}, 404, "UNKNOWN_METADATA_PROVIDER"),
    ("GET", "/nowhere", {}, 404, "NOT_FOUND"),
    ("GET", "/graphiql/nothing.js", {}, 404, "NOT_FOUND"),
    ("DELETE", "/healthz", {}, 405, "METHOD_NOT_ALLOWED"),
]


@pytest.mark.parametrize(("method", "url", "headers", "status", "code"), MISTAKEN)
def test_errors_have_one_form_wherever_they_are_found(
    method: str, url: str, headers: dict[str, str], status: int, code: str
) -> None:
    app = application(schema, Gateway({}, "default"), (LISTED,), hosts=Hosts(None, anywhere=False))
    with served(app) as client:
        answer = client.request(method, url, headers={"origin": LISTED} | headers)
    found = (answer.status_code, [told["extensions"] for told in answer.json()["errors"]])
    assert found == (status, [{"code": code}])
    assert {name: answer.headers[name] for name in ERROR} == ERROR
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers.get("access-control-allow-origin") == (None if "origin" in headers else LISTED)


def test_none_is_listed_unless_given() -> None:
    with served(small_application()) as client:
        answer = client.post("/graphql", json={"query": "{ greeting }"}, headers={"origin": OTHER})
        preflight = client.options("/graphql", headers={"origin": OTHER, "access-control-request-method": "POST"})
    vary = "authorization, accept, accept-encoding, origin"
    assert (answer.status_code, of_cors(answer), answer.headers["vary"]) == (200, {}, vary)
    assert (preflight.status_code, of_cors(preflight)) == (403, {})


def preflight(client: httpx.Client, origin: str, **asked: str) -> httpx.Response:
    """`asked`: method, headers, private_network."""
    wanted = {f"access-control-request-{name.replace('_', '-')}": value for name, value in asked.items()}
    return client.options("/graphql", headers={"origin": origin, **wanted})


ALLOWED = {
    "access-control-allow-headers": "Accept, Accept-Language, Content-Language, Content-Type, "
    "apollo-require-preflight, apollographql-client-name, apollographql-client-version, authorization, "
    "if-none-match, if-range, range, x-apollo-operation-id, x-apollo-operation-name",
    "access-control-allow-methods": "GET, HEAD, POST",
    "access-control-allow-origin": LISTED,
    "access-control-expose-headers": EXPOSED,
    "access-control-max-age": "7200",
}


def test_listed_origins_are_told_beforehand_what_they_may_send(client: httpx.Client) -> None:
    answer = preflight(client, LISTED, method="POST", headers="authorization,content-type,apollographql-client-name")
    assert (answer.status_code, of_cors(answer)) == (200, ALLOWED)
    assert "Origin" in answer.headers["vary"]


NOT_OF_PAGES = error(
    "FORBIDDEN",
    f"Pages may ask by GET, HEAD, POST, with these headers: {ALLOWED['access-control-allow-headers']}.",
)
NOT_OF_THIS_ORIGIN = error("FORBIDDEN", "Pages of this origin are not let in.")


@pytest.mark.parametrize(
    ("origin", "asked", "status"),
    [
        (OTHER, {"method": "POST", "headers": "content-type"}, 403),
        (OTHER, {"method": "GET", "private_network": "true"}, 403),
        ("null", {"method": "POST"}, 403),
        (LISTED, {"method": "PUT"}, 400),
        (LISTED, {"method": "POST", "headers": "x-forwarded-user"}, 400),
        (LISTED, {"method": "POST", "headers": "cookie"}, 400),
    ],
)
def test_what_is_not_allowed_is_refused_beforehand(
    client: httpx.Client, origin: str, asked: dict[str, str], status: int
) -> None:
    answer = preflight(client, origin, **asked)
    assert (answer.status_code, "origin" in answer.headers["vary"].lower()) == (status, True)
    assert of_cors(answer) == ({} if origin != LISTED else ALLOWED)
    assert answer.json() == {"errors": [NOT_OF_PAGES if origin == LISTED else NOT_OF_THIS_ORIGIN]}


def test_a_network_that_is_private_is_no_hindrance_to_listed_origins_alone(client: httpx.Client) -> None:
    answer = preflight(client, LISTED, method="POST", private_network="true")
    assert answer.headers["access-control-allow-private-network"] == "true"


ERROR = {
    "cache-control": "no-store",
    "content-type": "application/json; charset=utf-8",
    "vary": "authorization, accept, accept-encoding, origin",
}
KEPT = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize(("method", "url", "status"), [*ANSWERS, ("GET", "/graphiql/start.js", 200)])
def test_every_answer_is_kept_from_other_sites_pages(client: httpx.Client, method: str, url: str, status: int) -> None:
    answer = client.request(method, url)
    assert (answer.status_code, {name: answer.headers.get(name) for name in KEPT}) == (status, KEPT)


def test_graphiql_runs_and_shows_what_its_policy_names_alone(client: httpx.Client) -> None:
    pages = [client.get("/graphql", headers={"accept": "text/html"}) for _ in range(2)]
    nonces = [page.headers["content-security-policy"].partition("'nonce-")[2].partition("'")[0] for page in pages]
    assert len({*nonces}) == 2
    assert all(len(nonce) == 22 for nonce in nonces)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonces[0]}'; style-src 'nonce-{nonces[0]}'; font-src data:; "
        "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    told = KEPT | {
        "content-security-policy": policy,
        "cache-control": "no-store",
        "vary": "authorization, accept, accept-encoding, origin",
    }
    assert {name: pages[0].headers.get(name) for name in told} == told
    assert pages[0].text.count(f'nonce="{nonces[0]}"') == 6


@pytest.mark.parametrize("said", [b"HELLO\r\n\r\n", b"GET /" + b"a" * 70_000])
def test_what_is_no_request_is_answered_with_the_same_headers(said: bytes) -> None:
    with served(small_application(), http=Connection, server_header=False, date_header=False) as client:
        head, _, body = answered(client, said).partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:])
    assert re.fullmatch("[0-9a-f]{32}", headers.pop("x-request-id"))
    assert headers == KEPT | ERROR | {"connection": "close", "content-length": str(len(body))}
