"""Headers that go with each request, where they come from, and that nobody sees them."""

import asyncio
import json
import os
import shlex
import sys
from pathlib import Path

import msgspec
import pytest

from local_trees import rewritten
from metaflow_graphql.providers.errors import ProviderError, ProviderUnavailable
from metaflow_graphql.providers.service.client import Reply
from metaflow_graphql.providers.service.credentials import BadHeaders, Headers, HeadersCommand, HeadersFile, parsed
from test_service_client import Recorder
from upstreams import asking, client_of, in_a_loop, said, upstream

FLOW = msgspec.json.Decoder(dict[str, str])
NO_CREDENTIALS = r"^team is not asked: the gateway has no credentials for it at the moment\.$"
FOUND = Reply(dict[str, str](), False, None)


def command(tmp_path: Path, script: str) -> str:
    """A command line of a Python script, which is run in tmp_path."""
    file = tmp_path / "print_headers.py"
    file.write_text(f"import os\nos.chdir({str(tmp_path)!r})\n{script}")
    return shlex.join([sys.executable, str(file)])


# Prints x-token: 1, and a number more each time.
COUNTING = """
count = 1 + (int(open("count").read()) if os.path.exists("count") else 0)
open("count", "w").write(str(count))
print("x-token:", count)
"""


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        (b' {"x-api-key": "a b", "Authorization": "Bearer t"}\n', {"x-api-key": "a b", "Authorization": "Bearer t"}),
        (b"x-api-key: a:b\r\n\r\n  Authorization :Bearer t", {"x-api-key": "a:b", "Authorization": "Bearer t"}),
        (b"", {}),
    ],
)
def test_headers_are_json_or_lines(text: bytes, headers: dict[str, str]) -> None:
    assert parsed(text) == headers


@pytest.mark.parametrize(
    "text",
    [b'{"x": 1}', b"[]", b'{"x": "secret"', b"secret", b"\xff: secret", b'{"x y": "secret"}', b'{"": "secret"}',
     b'{"x": "secret\\n"}', b'{"x": "secret\\u0000"}', b"x" * 70_000],
)  # fmt: skip
def test_what_are_no_headers_is_refused_without_being_shown(text: bytes) -> None:
    with pytest.raises(BadHeaders) as raised:
        parsed(text)
    assert "secret" not in str(raised.value)


def test_fixed_headers_with_control_characters_are_refused_at_once() -> None:
    with pytest.raises(BadHeaders, match=r"^the value of x-api-key has characters that can't be sent$"):
        Headers({"x-api-key": "a\r\nHost: elsewhere"})


@in_a_loop
async def test_the_source_is_stronger_than_fixed_headers_and_these_than_the_url(tmp_path: Path) -> None:
    (tmp_path / "headers").write_text("X-Api-Key: of the file")
    recorder = Recorder()
    given = Headers({"x-api-key": "fixed", "authorization": "fixed"}, HeadersFile(tmp_path / "headers"))
    async with upstream(recorder) as url, client_of(url.replace("//", "//me:secret@"), given) as client:
        await client.get(("A",), FLOW)
    assert [recorder.headers(name) for name in ("x-api-key", "authorization")] == [["of the file"], ["fixed"]]


@in_a_loop
async def test_a_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    file, recorder = tmp_path / "headers", Recorder()
    file.write_text("x-token: 1")
    async with asking(recorder, Headers(source=HeadersFile(file))) as client:
        await client.get(("A",), FLOW)
        rewritten(tmp_path / "new", "x-token: 2")
        os.replace(tmp_path / "new", file)
        await client.get(("A",), FLOW)
        rewritten(file, "half of a li")
        await client.get(("A",), FLOW)
        file.unlink()
        await client.get(("A",), FLOW)
        rewritten(file, '{"x-token": "3"}')
        await client.get(("A",), FLOW)
    assert recorder.headers("x-token") == ["1", "2", "2", "2", "3"]


def test_a_file_that_can_not_be_used_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadHeaders, match=r"headers can't be read: No such file or directory$"):
        HeadersFile(tmp_path / "headers")
    (tmp_path / "headers").write_text("secret")
    with pytest.raises(BadHeaders, match=r"^neither a JSON object"):
        HeadersFile(tmp_path / "headers")


@in_a_loop
async def test_what_a_command_prints_is_kept_for_a_while(tmp_path: Path) -> None:
    for kept, sent in ((60.0, ["1", "1", "1"]), (0.0, ["2", "3", "4"])):
        recorder = Recorder()
        async with asking(recorder, Headers(source=HeadersCommand(command(tmp_path, COUNTING), kept))) as client:
            for name in "abc":
                await client.get((name,), FLOW)
        assert recorder.headers("x-token") == sent


@in_a_loop
async def test_a_command_is_run_once_for_all_who_wait(tmp_path: Path) -> None:
    recorder = Recorder()
    async with asking(recorder, Headers(source=HeadersCommand(command(tmp_path, COUNTING)))) as client:
        await asyncio.gather(*(client.get((name,), FLOW) for name in "abc"))
    assert recorder.headers("x-token") == ["1", "1", "1"]


@in_a_loop
async def test_a_command_is_run_again_when_the_service_refuses_and_the_request_repeated_once(tmp_path: Path) -> None:
    recorder = Recorder(said("no", 401), said(), said("no", 403), said("no", 403), said("no", 403))
    async with asking(recorder, Headers(source=HeadersCommand(command(tmp_path, COUNTING)))) as client:
        assert await client.get(("A",), FLOW) == FOUND
        # Not again within a second, whoever is refused.
        for _ in range(3):
            with pytest.raises(ProviderError, match=r"^team refuses the gateway's credentials\.$"):
                await client.get(("A",), FLOW)
    assert recorder.headers("x-token") == ["1", "2", "2", "2", "2"]


@in_a_loop
async def test_a_change_is_repeated_too_when_the_service_refuses_old_credentials(tmp_path: Path) -> None:
    recorder = Recorder(said("no", 403))
    async with asking(recorder, Headers(source=HeadersCommand(command(tmp_path, COUNTING)))) as client:
        assert await client.patch(("A",), b"{}", FLOW) == {}
    assert recorder.headers("x-token") == ["1", "2"]


@in_a_loop
async def test_a_refusal_of_fixed_credentials_is_final() -> None:
    recorder = Recorder(said("secret", 403), said("secret", 401))
    async with asking(recorder, Headers({"x-api-key": "secret"})) as client:
        for _ in range(2):
            with pytest.raises(ProviderError) as raised:
                await client.get(("A",), FLOW)
            assert (str(raised.value), raised.value.retryable) == ("team refuses the gateway's credentials.", False)
    assert len(recorder.requests) == 2


@in_a_loop
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("print('secret'); raise SystemExit(3)", "the command for headers ended with 3"),
        ("print('secret')", "neither a JSON object of texts nor lines of the form Name: value"),
    ],
)
async def test_a_command_that_fails_is_told_to_the_log_without_what_it_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, script: str, reason: str
) -> None:
    recorder = Recorder()
    async with asking(recorder, Headers(source=HeadersCommand(command(tmp_path, script)))) as client:
        with pytest.raises(ProviderUnavailable, match=NO_CREDENTIALS):
            await client.get(("A",), FLOW)
    assert (recorder.requests, caplog.messages) == ([], [f"team is not asked, for want of headers: {reason}"])


# Prints x-token: 1 the first time, and fails after that; counts how often it is run.
FAILING = (
    COUNTING
    + """
raise SystemExit(int(count > 1))
"""
)


@in_a_loop
async def test_what_a_command_printed_is_used_while_it_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    async with asking(recorder, Headers(source=HeadersCommand(command(tmp_path, FAILING), 0.0))) as client:
        for name in "abc":
            assert await client.get((name,), FLOW) == FOUND
    assert recorder.headers("x-token") == ["1", "1", "1"]
    # Not again within a second.
    assert (tmp_path / "count").read_text() == "2"
    assert caplog.messages == [
        "What a command for headers printed before is used: the command for headers ended with 1"
    ]


@in_a_loop
async def test_a_command_that_fails_is_not_run_again_for_each_request(tmp_path: Path) -> None:
    (tmp_path / "count").write_text("1")
    source = HeadersCommand(command(tmp_path, FAILING))
    async with asking(Recorder(), Headers(source=source)) as client:
        for name in "abc":
            with pytest.raises(ProviderUnavailable, match=NO_CREDENTIALS):
                await client.get((name,), FLOW)
        assert (tmp_path / "count").read_text() == "2"
        (tmp_path / "count").unlink()
        await asyncio.sleep(1.1)
        assert await client.get(("d",), FLOW) == FOUND


@in_a_loop
async def test_a_command_that_is_not_there_and_one_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(BadHeaders, match=r"can't be run: No such file or directory$"):
        await HeadersCommand(str(tmp_path / "nothing")).current()
    for none in ("", "echo 'half"):
        with pytest.raises(BadHeaders, match=r"^it is no command"):
            HeadersCommand(none)


@in_a_loop
async def test_names_are_shown_and_values_never(tmp_path: Path) -> None:
    (tmp_path / "headers").write_text(json.dumps({"x-token": "secret"}))
    of_file = Headers({"x-api-key": "secret"}, HeadersFile(tmp_path / "headers"))
    of_command = HeadersCommand(f"{sys.executable} -c 'print(\"x-token: secret\")'")
    given = [await of_file.current(), await of_command.current()]
    assert list(map(repr, [of_file, of_command, *given])) == [
        "Headers(x-api-key, HeadersFile(x-token))",
        "HeadersCommand(x-token)",
        "Given(x-api-key, x-token)",
        "Given(x-token)",
    ]
