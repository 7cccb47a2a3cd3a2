"""README.md says what is true: its commands run, its queries are answered as it shows, its tables are complete.

So do CONTRIBUTING.md and ARCHITECTURE.md of targets and files.
"""

import itertools
import json
import os
import re
import subprocess
import sysconfig
import tomllib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import metaflow_graphql
from gateways import Gateway, serving
from metaflow_graphql.schema import schema

ROOT = Path(metaflow_graphql.__path__[0])
README = (ROOT / "README.md").read_text()
SHOWN_ADDRESS = "http://127.0.0.1:8080"
SCRIPTS = sysconfig.get_path("scripts")  # where metaflow-graphql is, and node
# What a run of the demo has of its own, each by the name that stands for it.
OWN = {"RUN": r"\b1\d{15}\b", '"fileReads": N': r'"fileReads": \d+'}


class Block(NamedTuple):
    """A block of code, and the answer that is shown after it, if any."""

    line: int
    language: str
    text: str
    answer: Any


def blocks() -> Iterator[Block]:
    found = list(re.finditer(r"^```(\w+)\n(.*?)^```\n", README, re.MULTILINE | re.DOTALL))
    for block, following in zip(found, [*found[1:], None], strict=True):
        if block[1] != "json":
            answered = following and following[1] == "json"
            answer = json.loads(following[2]) if following and answered else None
            yield Block(README.count("\n", 0, block.start()) + 1, block[1], block[2], answer)


def commands(text: str) -> Iterator[str]:
    """The commands of a shell block; a quoted text may go over several lines."""
    lines: list[str] = []
    for line in text.splitlines():
        lines.append(line)
        if "\n".join(lines).count("'") % 2 == 0:
            yield "\n".join(lines)
            lines = []
    assert not lines, lines


BLOCKS = list(blocks())
QUERIES = [block for block in BLOCKS if block.language == "graphql"]
COMMANDS = [(command, block.answer) for block in BLOCKS if block.language == "sh" for command in commands(block.text)]


def of(program: str) -> list[tuple[str, Any]]:
    """The commands that begin so, with their answers."""
    return [(command, answer) for command, answer in COMMANDS if f"{command} ".startswith(f"{program} ")]


def alone(program: str) -> list[str]:
    """The same, of which no answer is shown."""
    return [command for command, answer in of(program) if answer is None]


def demonstrated(home: Path) -> list[str]:
    """What `make demo-once` says of each run that it makes, before its query has an answer."""
    options = ["--assume-old", "install", f"VENV={Path(SCRIPTS).parent}", f"DEMO={home / 'demo'}"]
    said = subprocess.run(["make", "demo-once", *options], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert "metaflow-graphql serves " in said
    return re.findall(r"^\w+\.py run .*  (?:done|failed, as it should)$", said, re.MULTILINE)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the demo's runs in demo/, and the folders that the README names."""
    home = tmp_path_factory.mktemp("home")
    assert len(demonstrated(home)) == 9
    for name in ("flows", "team"):
        (home / name / ".metaflow").mkdir(parents=True)
    return home


@pytest.fixture(scope="module")
def demo(home: Path) -> Generator[Gateway]:
    with serving(home / "demo") as gateway:
        yield gateway


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("METAFLOW_")}
    return kept | {"HOME": str(home), "USER": "reader", "PATH": os.pathsep.join([SCRIPTS, os.environ["PATH"]])}


def printed(command: str, home: Path, address: str = SHOWN_ADDRESS) -> str:
    """What a command of the README prints in the folder of the demo's runs."""
    command = command.replace(SHOWN_ADDRESS, address)
    ended = subprocess.run(
        ["bash", "-c", command], cwd=home / "demo", env=environment(home), capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def make_help() -> dict[str, str]:
    """What each target of the Makefile does."""
    told = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return dict(line.split(maxsplit=1) for line in told.splitlines())


def in_general(answer: Any) -> str:
    """The answer as text, without what differs from one run of the demo to the other."""
    text = json.dumps(answer, indent=1, ensure_ascii=False)
    for name, own in OWN.items():
        text = re.sub(own, name, text)
    return text


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    (below,) = re.findall(rf"^##+ {heading}\n(.*?)(?=^##|\Z)", README, re.MULTILINE | re.DOTALL)
    lines = [line for line in below.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def test_the_sample_flows_run_once(home: Path) -> None:
    runs = {path.name: len(list(path.glob("1*"))) for path in (home / "demo" / ".metaflow").glob("*Flow")}
    assert runs == {"TrainFlow": 4, "OrdersFlow": 3, "ForecastFlow": 2}
    assert demonstrated(home) == []


def test_each_block_is_tested_below() -> None:
    # Those of toml: test_access_command.py.
    assert {block.language for block in BLOCKS} == {"graphql", "sh", "toml", "ts"}
    tested = [
        *alone("make"),
        *alone("pip install"),
        *alone("metaflow-graphql"),
        *(command for command, _ in of("curl")),
    ]
    assert sorted(command for command, _ in COMMANDS) == sorted(tested)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: f"line {query.line}")
def test_a_query_has_the_answer_that_is_shown(query: Block, demo: Gateway) -> None:
    latest = demo.data('{ flow(name: "TrainFlow") { latestRun { pathspec } } }')["flow"]["latestRun"]["pathspec"]
    variables = {"run": latest} if "$run" in query.text else {}
    assert in_general(demo.answer(query.text, variables=variables)) == in_general(query.answer)


@pytest.mark.parametrize(("command", "answer"), of("curl"), ids=itertools.count(1))
def test_curl_gets_the_answer_that_is_shown(command: str, answer: Any, home: Path, demo: Gateway) -> None:
    assert in_general(json.loads(printed(command, home, demo.url))) == in_general(answer)


@pytest.mark.parametrize("command", alone("metaflow-graphql query"))
def test_the_command_line_answers(command: str, home: Path) -> None:
    assert list(json.loads(printed(command, home))) == ["data"]


@pytest.mark.parametrize("command", alone("metaflow-graphql schema"))
def test_the_command_line_prints_the_schema(command: str, home: Path) -> None:
    assert printed(command, home) == schema.as_str() + "\n"


@pytest.mark.parametrize("command", alone("metaflow-graphql serve"))
def test_a_server_starts(command: str, home: Path) -> None:
    with subprocess.Popen(
        ["bash", "-c", f"exec {command} --port 0"], cwd=home / "demo", env=environment(home), stdout=subprocess.PIPE
    ) as server:
        assert server.stdout
        line = server.stdout.readline().decode()
        server.terminate()
    assert re.fullmatch(r"metaflow-graphql serves http://127\.0\.0\.1:\d+/graphql over .*\n", line)


def test_the_script_prints_what_is_shown(home: Path, demo: Gateway, tmp_path: Path) -> None:
    (script,) = [block.text for block in BLOCKS if block.language == "ts"]
    (tmp_path / "script.ts").write_text(script.replace(SHOWN_ADDRESS, demo.url))
    shown = re.findall(r"^// (.*)$", script, re.MULTILINE)
    assert printed(f"node {tmp_path}/script.ts", home).splitlines() == shown


def test_make_does_what_is_said() -> None:
    said = [command.removeprefix("make ").split("  # ") for command in alone("make")]
    assert [[target, make_help().get(target)] for target, _ in said] == said


def test_contributing_tells_of_targets_that_are_there() -> None:
    told = re.findall(r"^\| `make (\S+)`", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert len(told) > 5
    assert [target for target in told if target not in make_help()] == []


def test_the_architecture_tells_of_files_that_are_there() -> None:
    told = re.findall(r"`((?:\w+/)+(?:\w+\.\w+)?)[:`]", (ROOT / "ARCHITECTURE.md").read_text())
    assert len(told) > 30
    assert [path for path in told if not (ROOT / path).exists()] == []


def test_what_is_installed_is_this() -> None:
    assert alone("pip install") == ["pip install ."]
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"] == "metaflow-graphql"


def test_every_option_is_told(home: Path) -> None:
    helped = printed("metaflow-graphql serve --help", home)
    options = set(re.findall(r"^  (--\S+(?: \S+)?)", helped, re.MULTILINE))
    told = {
        option.replace("local@PATH", "TYPE@INFO") for option, _ in rows("Your own runs") for option in names(option)
    }
    assert told == options


def test_every_error_code_is_told_once(demo: Gateway) -> None:
    codes = demo.data("{ serverInfo { errorCodes } }")["serverInfo"]["errorCodes"]
    told = [code for cell, _ in rows("Errors") for code in names(cell)]
    assert sorted(told) == sorted(codes)


def test_every_limit_is_told(demo: Gateway) -> None:
    limits = demo.data("{ serverInfo { limits { name value } } }")["serverInfo"]["limits"]
    told = [{"name": names(name)[0], "value": int(value.replace(",", ""))} for name, value, _ in rows("Limits")]
    assert told == limits


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "examples/python/README.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
