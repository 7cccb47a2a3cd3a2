"""Access control as it is set up on the command line: a token, a file, a server."""

import re
import tomllib
from pathlib import Path

import httpx

from gateways import serving
from guarded import EVERYONE, TWO_PEOPLE, ask, written
from metaflow_graphql.server.access.reading import read
from metaflow_graphql.server.access.tokens import hash_of
from test_cli import ran

ROOT = Path(__file__).parent.parent
EXPLAINED = "The first line is the token, told only here; the others are for the file of serve --config.\n"


def put_folders(tmp_path: Path) -> Path:
    """A working directory without flows, and a home without configuration, as `ran` takes them."""
    (tmp_path / "home").mkdir()
    (tmp_path / "here" / ".metaflow").mkdir(parents=True)
    return tmp_path / "here"


def test_a_token_is_printed_with_the_lines_that_let_it_in(tmp_path: Path) -> None:
    folder = put_folders(tmp_path)
    code, printed, explained = ran(folder, "token", 'a "night" job\u00f6', "--group", "ml", "--group", "data")
    token, _, lines = printed.partition("\n")
    table = {"name": 'a "night" job\u00f6', "hash": hash_of(token), "groups": ["ml", "data"]}
    assert (code, tomllib.loads(lines), explained) == (0, {"tokens": [table]}, EXPLAINED)
    assert (len(token), token[:6], token in lines) == (49, "mfgql_", False)
    assert ran(folder, "token", "other")[1].partition("\n")[0] != token
    path = str(written(tmp_path, lines + EVERYONE))
    with serving(folder, "--config", path) as gateway, httpx.Client(base_url=gateway.url) as client:
        answers = [ask(client, "{ defaultNamespace }", given) for given in (token, None, f"{token}x")]
    assert [answer.status_code for answer in answers] == [200, 401, 401]


def test_other_machines_may_reach_what_asks_who_they_are(tmp_path: Path) -> None:
    folder = put_folders(tmp_path)
    path = str(written(tmp_path, TWO_PEOPLE))
    with serving(folder, "--host", "0.0.0.0", "--config", path) as gateway:
        answer = httpx.get(f"{gateway.url}/healthz", headers={"host": "gateway.example.org"})
    assert answer.status_code == 200


def test_a_file_that_can_not_be_used_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    folder = put_folders(tmp_path)
    (folder / "access.toml").write_text("[[rules]]\neveryone = true\nall_run = true\n")
    assert ran(folder, "serve", "--port", "0", "--config", "access.toml") == (
        2,
        "",
        f"metaflow-graphql: --config {folder}/access.toml: rules[0]: Object contains unknown field `all_run`.\n",
    )
    assert ran(folder, "serve", "--port", "0", "--config", "nothing.toml") == (
        2,
        "",
        f"metaflow-graphql: --config {folder}/nothing.toml: No such file or directory.\n",
    )


def test_what_the_docs_show_are_configurations() -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    texts = [shown.encode(), (ROOT / "examples" / "platform" / "gateway.toml").read_bytes()]
    found = [read(text) for text in texts]
    assert [(len(one.tokens), len(one.jwt), len(one.rules)) for one in found] == [(1, 1, 2), (1, 1, 4)]
