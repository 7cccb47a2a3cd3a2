"""What the tests of the local provider share: asking it, and trees made by hand."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from metaflow_graphql.providers import records, usage
from metaflow_graphql.providers.base import Key, Position, RunFilter, RunPage, RunPageKey, RunsKey
from metaflow_graphql.providers.errors import GatewayError
from metaflow_graphql.providers.local.provider import LocalProvider

T = TypeVar("T")

EPOCH_MS = 1_795_000_000_000
EVERY_RUN = RunFilter()


def ask(question: Callable[[], Awaitable[T]]) -> T:
    async def asked() -> T:
        return await question()

    return asyncio.run(asked())


def one(question: Callable[[], Awaitable[list[T]]]) -> T:
    """The answer for the only key."""
    (answer,) = ask(question)
    return answer


def opened(question: Callable[[], Awaitable[object]]) -> int:
    """How many files an answer opens."""
    used = usage.Usage()
    token = usage.current.set(used)
    try:
        ask(question)
    finally:
        usage.current.reset(token)
    return used.file_reads


def key(pathspec: str, attempt: int | None = None) -> Key:
    return Key("default", pathspec, attempt)


def provider(root: Path | None) -> LocalProvider:
    return LocalProvider("default", root)


def runs_key(namespace: str | None = None, filter: RunFilter = EVERY_RUN) -> RunsKey:
    return RunsKey("default", namespace, filter)


def page_of(
    local: LocalProvider,
    limit: int = 1000,
    *,
    flow: str | None = None,
    namespace: str | None = None,
    filter: RunFilter = EVERY_RUN,
    after: Position | None = None,
    before: Position | None = None,
    backward: bool = False,
) -> RunPage:
    if flow:
        filter = filter._replace(flows=frozenset({flow}))
    asked = RunPageKey(runs_key(namespace, filter), limit, after, before, backward)
    page = one(lambda: local.run_pages([asked]))
    assert isinstance(page, RunPage)
    return page


def ids(page: RunPage) -> list[str]:
    return [run.run_id for run in page.runs if isinstance(run, records.Run)]


def names(found: list[records.Step | GatewayError] | list[records.Task | GatewayError] | GatewayError) -> list[str]:
    assert isinstance(found, list)
    return [record.path_components[-1] for record in found if isinstance(record, records.Record)]


def put(path: Path, content: object) -> None:
    """Write as Metaflow does: JSON under another name, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f"tmp{os.getpid()}{path.name}")
    written.write_text(json.dumps(content))
    written.rename(path)


def put_object(root: Path, pathspec: str, ts_epoch: int, **more: object) -> Path:
    """The record of an object, and its folder."""
    folder = root / ".metaflow" / pathspec
    put(folder / "_meta" / "_self.json", {"ts_epoch": ts_epoch, **more})
    return folder


def put_run(root: Path, run_id: str, ts_epoch: int = EPOCH_MS, tags: tuple[str, ...] = (), flow: str = "Made") -> Path:
    put_object(root, flow, EPOCH_MS)
    system = ["user:tester", "runtime:dev"]
    return put_object(root, f"{flow}/{run_id}", ts_epoch, user_name="tester", tags=list(tags), system_tags=system)


def put_runs(root: Path, count: int) -> list[str]:
    """So many runs, newest first, a second apart."""
    made = [str(EPOCH_MS * 1000 + second * 1_000_000) for second in range(count)]
    for run_id in made:
        put_run(root, run_id, int(run_id) // 1000)
    return made[::-1]


def settle() -> None:
    """Wait until what was just written counts as old: what changed lately is never taken from memory."""
    time.sleep(2.2)


def set_modified(path: Path, ms: int) -> None:
    os.utime(path, ns=(ms * 1_000_000, ms * 1_000_000))


def rewritten(path: Path, text: str) -> None:
    """Written in place, and left alone since for long enough to be whole."""
    path.write_text(text)
    while_ago = time.time() - 1
    os.utime(path, (while_ago, while_ago))
