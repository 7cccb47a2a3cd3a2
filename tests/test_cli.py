"""The command line, as people run it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from metaflow_graphql import __version__
from metaflow_graphql.schema import schema
from metaflow_graphql.server.cli import main

COMMAND = (sys.executable, "-m", "metaflow_graphql")
Called = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory without flows, and a home without configuration."""
    (tmp_path / "home").mkdir()
    (tmp_path / "here" / ".metaflow").mkdir(parents=True)
    return tmp_path / "here"


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("METAFLOW_")}
    return {**kept, "HOME": str(folder.parent / "home"), **more}


def ran(folder: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    """The exit code, and what was printed on both streams."""
    ended = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(folder, **more), capture_output=True, text=True, timeout=60
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def called(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Called:
    """As `ran`, but in this process: to start one takes two seconds."""

    def called(*arguments: str, **more: str) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        for name in os.environ.keys() - environment(folder).keys():
            monkeypatch.delenv(name)
        for name, value in environment(folder, **more).items():
            monkeypatch.setenv(name, value)
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed, complaint = capfd.readouterr()
        return code, printed, complaint

    return called


@contextmanager
def serving(folder: Path, *arguments: str, command: Sequence[str] = (*COMMAND, "serve")) -> Generator[tuple[str, str]]:
    """The line that a server prints first, and its address; SIGTERM ends it."""
    with subprocess.Popen(
        [*command, *arguments], cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            yield line, line.split()[2]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == -signal.SIGTERM


def asked(url: str, query: str) -> object:
    request = urllib.request.Request(url, json.dumps({"query": query}).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def status(url: str, host: str) -> int:
    """What a query is answered that is sent there by that name."""
    return httpx.get(url, params={"query": "{ defaultNamespace }"}, headers={"host": host}).status_code


def test_serve_answers_at_the_address_that_it_prints_first(folder: Path) -> None:
    with serving(folder, "--port", "0", "--default-namespace", "user:me") as (line, url):
        assert line == f"metaflow-graphql serves {url} over local@{folder}\n"
        assert asked(url, "{ defaultNamespace }") == {"data": {"defaultNamespace": "user:me"}}


def test_serve_tells_the_address_that_clients_reach_it_at(folder: Path) -> None:
    with serving(folder, "--port", "0", "--public-url", "https://runs.example.org/metaflow/") as (_, url):
        assert url == "https://runs.example.org/metaflow/graphql"


def test_query_prints_the_answer(folder: Path) -> None:
    assert ran(folder, "query", "{ defaultNamespace }") == (0, '{"data":{"defaultNamespace":null}}\n', "")


def test_a_service_that_is_configured_and_not_asked_is_told_in_one_line(called: Called) -> None:
    assert called("query", "{ defaultNamespace }", METAFLOW_SERVICE_URL="http://metadata") == (
        0,
        '{"data":{"defaultNamespace":null}}\n',
        "metaflow-graphql: METAFLOW_SERVICE_URL is set, but METAFLOW_DEFAULT_METADATA is not service: "
        "reading local metadata, as Metaflow would.\n",
    )


def test_query_takes_a_file_and_variables(called: Called, folder: Path) -> None:
    (folder / "asked.graphql").write_text("query A($is: Boolean!) { defaultNamespace @include(if: $is) __typename }")
    arguments = ("query", "asked.graphql", "--variables", '{"is": false}', "--default-namespace", "user:me")
    assert called(*arguments) == (0, '{"data":{"__typename":"Query"}}\n', "")


def test_query_fails_where_the_answer_has_errors(called: Called) -> None:
    code, printed, complaint = called("query", "{ zzz }")
    assert (code, json.loads(printed), complaint) == (
        1,
        {
            "errors": [
                {
                    "message": "Cannot query field 'zzz' on type 'Query'.",
                    "locations": [{"line": 1, "column": 3}],
                    "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
                }
            ]
        },
        "",
    )


def test_a_folder_without_flows_is_an_empty_answer(called: Called) -> None:
    answer = '{"data":{"flows":{"nodes":[],"totalCount":0}}}\n'
    query = "{ flows { nodes { name } totalCount } }"
    assert called("query", query) == (0, answer, "")
    code, printed, told = called("query", query, "--metadata", "a=local@../home")
    assert (code, printed, "There is no .metaflow in" in told) == (0, answer, True)


def test_schema_prints_the_schema(called: Called) -> None:
    assert called("schema") == (0, schema.as_str() + "\n", "")


def test_the_version_is_told(folder: Path) -> None:
    assert ran(folder, "--version") == (0, f"metaflow-graphql {__version__}\n", "")


# arguments: the line on stderr
REFUSED: dict[tuple[str, ...], str] = {
    (): "metaflow-graphql: the following arguments are required: COMMAND (see metaflow-graphql --help)",
    ("serve", "--prot", "1"): "metaflow-graphql: unrecognized arguments: --prot 1 (see metaflow-graphql --help)",
    ("serve", "--port", "x"): (
        "metaflow-graphql serve: argument --port: invalid port value: 'x' (see metaflow-graphql serve --help)"
    ),
    ("serve", "--port", "65536"): (
        "metaflow-graphql serve: argument --port: invalid port value: '65536' (see metaflow-graphql serve --help)"
    ),
    ("serve", "--metadata", "a=local@/not/there"): "metaflow-graphql: --metadata a: there is no folder /not/there.",
    ("query", "flows"): "metaflow-graphql: 'flows' is neither a query nor a file.",
    ("query", "{ flows }", "--variables", "[]"): (
        'metaflow-graphql: --variables must be a JSON object, such as {"flow": "HelloFlow"}.'
    ),
    ("query", "{ flows }", "--variables", "[" * 100_000): (
        "metaflow-graphql: --variables is not JSON: "
        "maximum recursion depth exceeded while decoding a JSON array from a unicode string."
    ),
    ("serve", "--port", "0", "--host", "a" * 70): (
        f"metaflow-graphql: --host {'a' * 70}: there is no such address here."
    ),
    ("query", "{ flows }", "--variables", "{"): (
        "metaflow-graphql: --variables is not JSON: "
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."
    ),
}


def test_a_process_ends_with_the_exit_code(folder: Path) -> None:
    assert ran(folder, "serve", "--prot", "1") == (2, "", REFUSED["serve", "--prot", "1"] + "\n")


@pytest.mark.parametrize("arguments", REFUSED)
def test_a_wrong_option_is_one_line_and_exit_code_2(called: Called, arguments: tuple[str, ...]) -> None:
    assert called(*arguments) == (2, "", REFUSED[arguments] + "\n")


def test_metadata_that_is_not_supported_yet_is_one_line(called: Called) -> None:
    code, printed, complaint = called("serve", METAFLOW_DEFAULT_METADATA="service")
    assert (code, printed, complaint.count("\n")) == (2, "", 1)


def test_a_port_in_use_is_one_line(called: Called) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = f"metaflow-graphql: Port {port} of 127.0.0.1 is in use: choose another by --port.\n"
        assert called("serve", "--port", str(port)) == (2, "", line)


def test_a_host_of_another_machine_is_one_line(called: Called) -> None:
    assert called("serve", "--host", "192.0.2.1", "--everyone-may-read-and-tag") == (
        2,
        "",
        "metaflow-graphql: 192.0.2.1 can't be listened on at port 8080: Cannot assign requested address.\n",
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_machines_do_not_reach_it_unless_that_is_said(called: Called, host: str) -> None:
    refusal = (
        f"metaflow-graphql: --host {host}: other machines reach it there, and nobody is asked who they are. Say who "
        "may do what by --config, or that all who reach it may read all runs and change their tags by "
        "--everyone-may-read-and-tag.\n"
    )
    assert called("serve", "--port", "0", "--host", host) == (2, "", refusal)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost"])
def test_at_loopback_addresses_it_answers_to_names_of_this_machine_alone(folder: Path, host: str) -> None:
    with serving(folder, "--port", "0", "--host", host) as (_, url):
        assert [status(url, name) for name in ("localhost:1", "127.0.0.1", "team", "runs.example")] == [
            200,
            200,
            421,
            421,
        ]


def test_where_everyone_may_ask_it_answers_to_names_of_the_network_too(folder: Path) -> None:
    with serving(folder, "--port", "0", "--host", "0.0.0.0", "--everyone-may-read-and-tag") as (_, url):
        assert [status(url, name) for name in ("192.0.2.1:80", "team", "runs.example")] == [200, 200, 421]


def test_limits_can_be_set(folder: Path) -> None:
    given = ("--limit", "rootFields=2", "--limit", "introspections=0", "--limit", "bodyBytes=200")
    with serving(folder, "--port", "0", *given) as (_, url):
        told: Any = asked(url, "{ serverInfo { limits { name value } } }")
        values = {limit["name"]: limit["value"] for limit in told["data"]["serverInfo"]["limits"]}
        assert (values["rootFields"], values["introspections"], values["aliases"]) == (2, 0, 500)
        refused: Any = [
            asked(url, query)
            for query in ("{ a: __typename b: __typename c: __typename }", "{ __schema { __typename } }")
        ]
        codes = [
            (error["extensions"]["code"], error["message"].rpartition(": ")[2])
            for of in refused
            for error in of["errors"]
        ]
        assert codes == [
            ("LIMIT_EXCEEDED", "rootFields is 2 at the most."),
            ("LIMIT_EXCEEDED", "introspections is 0 at the most."),
        ]
        assert httpx.post(url, json={"query": "{ __typename }" + " " * 200}).status_code == 413


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("zzz=1", "no limit that can be set is called 'zzz': there are bodyBytes, documentBytes, documentTokens, "),
        ("cost", "cost: a whole number from 0 to 9007199254740992 is needed, not ''"),
        ("cost=-1", "cost: a whole number from 0 to 9007199254740992 is needed, not '-1'"),
        ("cost=9007199254740993", "cost: a whole number from 0 to 9007199254740992 is needed, not '9007199254740993'"),
    ],
)
def test_a_limit_that_can_not_be_set_is_told(called: Called, given: str, complaint: str) -> None:
    code, printed, told = called("serve", "--limit", given)
    assert (code, printed, f"argument --limit: {complaint}" in told) == (2, "", True)


def test_graphiql_can_be_turned_off(folder: Path) -> None:
    with serving(folder, "--port", "0", "--no-graphiql") as (_, url):
        page = httpx.get(url, headers={"accept": "text/html, */*;q=0.8"})
        assert (page.status_code, page.headers["content-type"]) == (400, "application/json; charset=utf-8")
        assert httpx.get(url.replace("graphql", "graphiql/start.js")).status_code == 404


SLOW = """
import asyncio, time
import strawberry
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.server.app import application
from metaflow_graphql.server.serve import listen, serve, url_of

@strawberry.type
class Query:
    @strawberry.field
    async def sleeping(self) -> bool:
        await asyncio.sleep(60)
        return True

    @strawberry.field
    async def reading(self) -> bool:
        await asyncio.to_thread(time.sleep, 60)
        return True

listening = listen("127.0.0.1", 0)
app = application(strawberry.Schema(Query), Gateway({}, "default"))
serve(app, listening, lambda: print("serves at", url_of(listening), flush=True))
"""


@pytest.mark.parametrize("field", ["sleeping", "reading"])
def test_sigterm_ends_the_server_within_seconds_whatever_it_does(folder: Path, field: str) -> None:
    with serving(folder, command=(sys.executable, "-c", SLOW)) as (_, url):
        host, port = url.removeprefix("http://").split(":")
        client = socket.create_connection((host, int(port)))
        client.sendall(b"GET /graphql?query={%s} HTTP/1.1\r\nHost: a\r\n\r\n" % field.encode())
        time.sleep(0.5)
        begun = time.monotonic()
    client.close()
    assert time.monotonic() - begun < 8


def test_a_gateway_may_execute_trusted_documents_alone(folder: Path) -> None:
    (folder / "documents.json").write_text(json.dumps({"version": "{ serverInfo { version } }"}))
    trusted = ("--persisted-documents", "only", "--trusted-documents", "documents.json")
    with serving(folder, "--port", "0", *trusted) as (_, url):
        assert asked(url, "{ serverInfo { version } }") == {"data": {"serverInfo": {"version": __version__}}}
        with pytest.raises(urllib.error.HTTPError, match="403"):
            asked(url, "{ defaultNamespace }")
    code, _, said = ran(folder, "serve", "--persisted-documents", "some")
    assert (code, "invalid choice: 'some'" in said, "<" in said) == (2, True, False)
