"""The names that a gateway without access control answers to (DNS rebinding)."""

import pytest

from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.app import application
from metaflow_graphql.server.browsers.hosts import Hosts
from serving import answered, error, served

# name: whether loopback alone, and whether anywhere
NAMES: dict[str, tuple[bool, bool]] = {
    "localhost": (True, True),
    "LOCALHOST:9000": (True, True),
    "127.0.0.1:8080": (True, True),
    "127.1.2.3": (True, True),
    "[::1]": (True, True),
    "[::1]:80": (True, True),
    "runs.example": (True, True),
    "Runs.Example:8443": (True, True),
    "192.0.2.1": (False, True),
    "[2001:db8::1]:80": (False, True),
    "team": (False, True),
    "other.example": (False, False),
    "localhost.other.example": (False, False),
    "127.0.0.1.other.example": (False, False),
    "runs.example.": (False, False),
    "me@localhost": (False, False),
    "localhost:80:80": (False, False),
    "": (False, False),
}


@pytest.mark.parametrize("anywhere", [False, True])
def test_a_gateway_is_called_by_names_that_no_other_site_can_have(anywhere: bool) -> None:
    hosts = Hosts("https://runs.example/metaflow", anywhere=anywhere)
    with served(application(schema, Gateway({}, "default"), hosts=hosts)) as client:
        found = {name: client.get("/healthz", headers={"host": name}).status_code for name in NAMES}
    assert found == {name: 200 if answered[anywhere] else 421 for name, answered in NAMES.items()}


TWO_HOSTS = b"host: localhost\r\nhost: localhost\r\n"


def test_another_name_is_told_how_it_could_be_one() -> None:
    with served(application(schema, Gateway({}, "default"), hosts=Hosts(None, anywhere=False))) as client:
        answer = client.get("/graphql?query={serverInfo{version}}", headers={"host": "runs.example"})
        others = [
            answered(client, b"GET / HTTP/1.1\r\nconnection: close\r\n%s\r\n" % hosts) for hosts in (b"", TWO_HOSTS)
        ]
    message = "The gateway is not called 'runs.example': if it should be, start it with --public-url."
    assert answer.json() == {"errors": [error("FORBIDDEN", message)]}
    assert [other[9:12] for other in others] == [b"400", b"400"]


def test_where_any_name_will_do_there_is_one_all_the_same() -> None:
    lines = {b"HTTP/1.1\r\n": b"400", b"HTTP/1.1\r\n" + TWO_HOSTS: b"400", b"HTTP/1.0\r\n": b"200"}
    with served(application(schema, Gateway({}, "default"))) as client:
        answers = {of: answered(client, b"GET /healthz %sconnection: close\r\n\r\n" % of) for of in lines}
    assert {of: answer[9:12] for of, answer in answers.items()} == lines
