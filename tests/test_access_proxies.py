"""Identity headers: of a trusted proxy's own addresses, and of nobody else's."""

import socket
from pathlib import Path

import httpx
import pytest
from starlette.requests import HTTPConnection

from gateways import serving
from guarded import EVERYONE, TOKEN, TWO_PEOPLE, ask, guarded, replaced, rule, token_table, who, written
from metaflow_graphql.server.access.config import Proxy
from metaflow_graphql.server.access.proxies import TrustedProxy, sender_of

NO_CREDENTIAL = (401, "Say who asks by a header Authorization: Bearer, with a token.")
TWICE = "The proxy says more than once who asks."


def proxy(*addresses: str) -> str:
    shown = ", ".join(f'"{address}"' for address in addresses)
    return f'[proxy]\naddresses = [{shown}]\nuser_header = "X-Remote-User"\ngroups_header = "X-Remote-Groups"\n'


HERE, ELSEWHERE = proxy("10.0.0.0/8", "127.0.0.1"), proxy("10.0.0.0/8", "127.0.0.2")


def test_a_trusted_proxy_says_who_asks(tmp_path: Path) -> None:
    with guarded(written(tmp_path, HERE + rule('groups = ["ml"]', "all_runs = true"))) as client:
        assert who(client, X_Remote_User="dora", X_Remote_Groups="data, ml") == (200, "dora")
        headers = [(b"x-remote-user", "d\u00f6ra".encode()), (b"x-remote-groups", b"ml")]
        assert client.post("/graphql", json={"query": "{ me }"}, headers=headers).json() == {
            "data": {"me": "d\u00f6ra"}
        }
        assert who(client, X_Remote_User="dora", X_Remote_Groups="mlops")[0] == 403
        assert who(client, X_Remote_User="dora")[0] == 403
        assert who(client, X_Remote_Groups="ml") == NO_CREDENTIAL
        assert who(client, X_Remote_User="", X_Remote_Groups="ml") == NO_CREDENTIAL


# What a client may send to be taken for the proxy.
SPOOFED = [
    {"x-remote-user": "dora"},
    {"x-remote-user": "dora", "x-forwarded-for": "10.0.0.1"},
    {"x-remote-user": "dora", "x-forwarded-for": "127.0.0.2, 10.0.0.1"},
    {"x-remote-user": "dora", "x-real-ip": "10.0.0.1", "forwarded": "for=10.0.0.1;by=127.0.0.2"},
    {"x-remote-user": "dora", "host": "10.0.0.1", "via": "1.1 10.0.0.1", "client-ip": "10.0.0.1"},
]


@pytest.mark.parametrize("headers", SPOOFED)
def test_from_elsewhere_its_headers_are_nothing(tmp_path: Path, headers: dict[str, str]) -> None:
    with guarded(written(tmp_path, ELSEWHERE + EVERYONE)) as client:
        assert who(client, **headers) == NO_CREDENTIAL


@pytest.mark.parametrize("headers", SPOOFED)
def test_no_header_changes_whom_a_process_takes_for_the_proxy(tmp_path: Path, headers: dict[str, str]) -> None:
    (tmp_path / ".metaflow").mkdir()
    with serving(tmp_path, "--config", str(written(tmp_path, ELSEWHERE + EVERYONE))) as gateway:
        answer = httpx.post(f"{gateway.url}/graphql", json={"query": "{ defaultNamespace }"}, headers=headers)
        assert answer.status_code == 401


@pytest.mark.parametrize("headers", [
    [("x-remote-user", "dora"), ("x-remote-user", "admin")],
    [("x-remote-user", "dora"), ("X-Remote-User", "dora")],
    [("x-remote-user", "dora"), ("x-remote-groups", "data"), ("x-remote-groups", "ml")],
])  # fmt: skip
def test_who_says_a_thing_twice_is_not_believed(tmp_path: Path, headers: list[tuple[str, str]]) -> None:
    with guarded(written(tmp_path, HERE + EVERYONE)) as client:
        answer = client.post("/graphql", json={"query": "{ me }"}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (401, TWICE)


def test_nobody_is_in_more_than_a_thousand_groups(tmp_path: Path) -> None:
    with guarded(written(tmp_path, HERE + EVERYONE)) as client:
        assert who(client, X_Remote_User="dora", X_Remote_Groups=",".join("g" * 1_000)) == (200, "dora")
        told = who(client, X_Remote_User="dora", X_Remote_Groups=",".join("g" * 1_001))
    assert told == (401, "The proxy names too many groups.")


@pytest.mark.parametrize("header", ["x_remote_user", "x-remote_user", "xx-remote-user", "x-remote-user-"])
def test_a_name_that_is_like_the_headers_is_another(tmp_path: Path, header: str) -> None:
    with guarded(written(tmp_path, HERE + EVERYONE)) as client:
        answer = client.post("/graphql", json={"query": "{ me }"}, headers={header: "dora"})
    assert answer.status_code == 401


def test_what_is_no_name_is_refused(tmp_path: Path) -> None:
    with guarded(written(tmp_path, HERE + EVERYONE)) as client:
        host, port = client.base_url.host, client.base_url.port or 80
        statuses: list[bytes] = []
        for name in (b"d\xff", "d\u2028ora".encode(), b"d" * 20_000):
            with socket.create_connection((host, port)) as connection:
                head = b"GET /graphql?query={me} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-remote-user: " + name
                connection.sendall(head + b"\r\n\r\n")
                statuses.append(connection.makefile("rb").readline().split()[1])
    assert statuses == [b"401", b"401", b"401"]


def test_a_token_says_more_than_the_proxy_and_a_password_of_the_proxys_says_nothing(tmp_path: Path) -> None:
    with guarded(written(tmp_path, token_table("alice", TOKEN) + HERE + EVERYONE)) as client:
        assert who(client, TOKEN, X_Remote_User="dora") == (200, "alice")
        assert who(client, "mfgql_wrong", X_Remote_User="dora") == (401, "The token is not known here.")
        assert who(client, authorization="Basic ZG9yYTp4", X_Remote_User="dora") == (200, "dora")


def test_trust_ends_with_the_configuration(tmp_path: Path) -> None:
    path = written(tmp_path, HERE + EVERYONE)
    with guarded(path) as client:
        assert who(client, X_Remote_User="dora") == (200, "dora")
        replaced(path, ELSEWHERE + EVERYONE)
        assert who(client, X_Remote_User="dora") == NO_CREDENTIAL


# peer, X-Forwarded-For: where the request comes from
ADDRESSES: list[tuple[str, list[str], str]] = [
    ("192.0.2.1", [], "192.0.2.1"),
    ("192.0.2.1", ["203.0.113.7"], "192.0.2.1"),
    ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
    ("10.0.0.1", ["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
    ("10.0.0.1", ["6.6.6.6", "203.0.113.7, 10.2.0.1"], "203.0.113.7"),
    ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
    ("10.0.0.1", ["203.0.113.7, nonsense"], "10.0.0.1"),
    ("10.0.0.1", [", ".join(["10.0.0.2"] * 50)], "10.0.0.2"),
    ("10.0.0.1", [], "10.0.0.1"),
    ("fe80::1%eth0", ["203.0.113.7"], "203.0.113.7"),
    ("no address", [], "None"),
]


@pytest.mark.parametrize(("peer", "forwards", "address"), ADDRESSES)
def test_where_a_request_comes_from_is_told_by_the_proxy_alone(peer: str, forwards: list[str], address: str) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwards]
    request = HTTPConnection({"type": "http", "client": (peer, 1), "headers": headers})
    trusted = TrustedProxy(Proxy(addresses=("10.0.0.0/8", "fe80::/10"), user_header="X-User"))
    assert sender_of(request, trusted).address == address


def test_a_network_of_ipv6_is_limited_as_one() -> None:
    def limited(peer: str) -> str:
        return sender_of(HTTPConnection({"type": "http", "client": (peer, 1), "headers": []}), None).network

    assert [
        limited(peer) for peer in ("2001:db8:0:1::5", "2001:db8:0:1:ffff::", "2001:db8:0:2::5", "::ffff:1.2.3.4")
    ] == [
        "2001:db8:0:1::/64",
        "2001:db8:0:1::/64",
        "2001:db8:0:2::/64",
        "1.2.3.4",
    ]


def test_another_address_of_this_machine_is_another(tmp_path: Path) -> None:
    with guarded(written(tmp_path, ELSEWHERE + EVERYONE)) as client:
        transport = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(transport=transport, base_url=client.base_url) as other:
            assert who(other, X_Remote_User="dora") == (200, "dora")
        assert ask(client, X_Remote_User="dora").status_code == 401


def test_a_proxy_may_tell_whom_it_passes_on_and_not_who_asks(tmp_path: Path) -> None:
    proxy = '[proxy]\naddresses = ["127.0.0.1"]\n[rates]\nfailures = 1\n'
    with guarded(written(tmp_path, TWO_PEOPLE + proxy)) as client:
        guesses = [ask(client, token=f"mfgql_{n}", x_forwarded_for="192.0.2.7") for n in range(2)]
        assert [guess.status_code for guess in guesses] == [401, 429]
        assert who(client, TOKEN, x_forwarded_for="192.0.2.8", x_remote_user="bob") == (200, "alice")
