"""A gateway in this process over a metadata service that is served: its answers, and the requests that they cost."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from yarl import URL

from gateways import as_sent
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.service.client import Client
from metaflow_graphql.providers.service.provider import ServiceProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.errors import Faults
from metaflow_graphql.server.operations import Operation, Operations
from service import Served, Store
from upstreams import upstream

T = TypeVar("T")

# One that can do all, and those at which something of it came.
RELEASES = ("2.0.5", "2.2.4", "2.5.1", "9477778", "971d82b", "91634bf", "head")

# Once in a process, a gateway asks so whether there are pages.
PROBE = "/flows/-/runs/0/steps/-/tasks?_cursor=-"
_RUN = "/flows/{flow}/runs/{run}"
_TASK = f"{_RUN}/steps/{{step}}/tasks/{{task}}"
# What the routes are called.
_ROUTES = {
    "/flows": "flows",
    "/flows/{flow}": "flow",
    "/flows/{flow}/runs": "runs",
    _RUN: "run",
    f"{_RUN}/steps": "steps",
    f"{_RUN}/steps/{{step}}": "step",
    f"{_RUN}/steps/{{step}}/tasks": "tasks",
    _TASK: "task",
    f"{_RUN}/metadata": "run metadata",
    f"{_TASK}/metadata": "task metadata",
    f"{_RUN}/artifacts": "run artifacts",
    f"{_RUN}/steps/{{step}}/artifacts": "step artifacts",
    f"{_TASK}/artifacts": "task artifacts",
    f"{_TASK}/attempt/{{attempt}}/artifacts": "attempt artifacts",
    f"{_TASK}/artifacts/{{artifact}}": "artifact",
    f"{_TASK}/artifacts/{{artifact}}/attempt/{{attempt}}": "artifact",
    f"{_RUN}/tag/mutate": "tag mutation",
}


class Asking:
    """A gateway whose metadata provider `default` is a service; to be used in one event loop."""

    def __init__(self, url: str, root: Path | None = None, **settings: Any) -> None:
        self.provider = ServiceProvider("default", Client(url, name="default"), LocalDatastore(root))
        # What one operation asks of it is a provider as well; itself it is but what makes these.
        providers: dict[str, Any] = {"default": self.provider}
        self._operations = Operations(schema, Gateway(providers, "default", **settings))

    async def answer(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer, with its errors."""
        # Each operation in a context of its own, as the server has it.
        operation = Operation(query, None, variables, show_usage=True)
        return as_sent(await asyncio.create_task(self._operations.answer(operation, Faults())))


@asynccontextmanager
async def asking(url: str, **settings: Any) -> AsyncGenerator[Asking]:
    """A gateway that knows nothing yet, closed at the end."""
    gateway = Asking(url, **settings)
    try:
        yield gateway
    finally:
        await gateway.provider.close()


@dataclass(frozen=True, slots=True)
class Gate:
    """The same for tests that are no coroutines."""

    asking: Asking
    runner: asyncio.Runner

    @property
    def provider(self) -> ServiceProvider:
        return self.asking.provider

    def answer(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer, with its errors and without what it cost."""
        told = self.run(self.asking.answer(query, **variables))
        return {name: part for name, part in told.items() if name != "extensions"}

    def data(self, query: str, **variables: Any) -> Any:
        """What it answers; it must have no errors."""
        return data_of(self.run(self.asking.answer(query, **variables)))

    def run(self, question: Awaitable[T]) -> T:
        async def asked() -> T:
            return await question

        return self.runner.run(asked())


@contextmanager
def opened(url: str, **settings: Any) -> Generator[Gate]:
    """A gateway that knows nothing yet, closed at the end."""
    with asyncio.Runner() as runner:
        gate = Gate(Asking(url, **settings), runner)
        try:
            yield gate
        finally:
            gate.run(gate.provider.close())


def data_of(answer: dict[str, Any]) -> Any:
    """The data of an answer that must have no errors."""
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def requests(served: Served) -> dict[str, int]:
    """What has come to the service since it began to count, by route, but for what is asked once in a process."""
    found = Counter[str]()
    for route, count in served.requests.items():
        found[_ROUTES[route.partition(" ")[2]]] += count
    found["tasks"] -= probes(served)
    return {route: count for route, count in found.items() if count}


def probes(served: Served) -> int:
    """How often the service was asked what it can do."""
    return sum(PROBE in line for line in served.log)


def cost(served: Served, query: str, **variables: Any) -> tuple[Any, dict[str, int]]:
    """What a gateway that knows nothing yet answers, and the requests that came to the service for it."""
    with opened(served.url) as gate:
        served.reset()
        return gate.data(query, **variables), requests(served)


class Rounds:
    """Between a gateway and a service: holds requests until no more come, for what waits together is one round.

    `sizes`: of how many requests each consisted.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.sizes: list[int] = []
        self._gate: asyncio.Task[None] | None = None

    async def pass_on(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._gate is None:
            self.sizes.append(0)
            self._gate = asyncio.create_task(self._quiet())
        self.sizes[-1] += PROBE not in request.raw_path
        gate = self._gate
        async with aiohttp.request(request.method, URL(self.url + request.raw_path, encoded=True)) as got:
            body, headers = await got.read(), {name: got.headers[name] for name in got.headers if name[0] in "XM"}
        await gate
        return web.Response(status=got.status, body=body, headers=headers)

    async def _quiet(self) -> None:
        waiting, quiet = 0, 0
        # On a busy machine one pause may be over before others had the time to begin.
        while quiet < 4:
            await asyncio.sleep(0.05)
            quiet = quiet + 1 if waiting == self.sizes[-1] else 0
            waiting = self.sizes[-1]
        self._gate = None


async def rounds_of(served: Served, query: str, **variables: Any) -> list[int]:
    """How many requests a question costs in each round, where whatever can be asked at once is."""
    rounds = Rounds(served.url)
    async with upstream(rounds.pass_on) as url, asking(url) as gateway:
        data_of(await gateway.answer(query, **variables))
    return rounds.sizes


def add_run(
    store: Store,
    flow: str,
    steps: Mapping[str, Sequence[bool | None]],
    starts: int,
    *,
    end_step: str = "end",
    heartbeat: int | None = None,
    rows_of_metadata: int = 0,
    artifacts: Sequence[str] = (),
) -> str:
    """The pathspec of a run with these steps, one task for each outcome, which is None where it has none yet.

    `starts`, `heartbeat`: ms. Each task has so many rows of metadata more, and these artifacts.
    """
    if store.row("SELECT 1 FROM flows WHERE flow_id = ?", flow) is None:
        store.insert("flows", flow_id=flow, ts_epoch=starts)
    tags = {"user_name": "alice", "tags": "[]", "system_tags": '["user:alice"]'}
    beat = None if heartbeat is None else heartbeat // 1000
    run = store.insert("runs", flow_id=flow, ts_epoch=starts, **tags, last_heartbeat_ts=beat)
    more = [(f"more-{number}", "x", 10) for number in range(rows_of_metadata)]
    with store.writing():
        ends = [("start_step", "start", 10), ("end_step", end_step, 10)]
        _add_task(store, run, "_parameters", starts, [*ends, *more], ())
        for after, (step, outcomes) in enumerate(steps.items(), 1):
            for ok in outcomes:
                course = [("attempt", "0", 20), *([] if ok is None else [("attempt_ok", str(ok), 300)])]
                _add_task(store, run, step, starts + 1000 * after, [*course, *more], artifacts)
    return f"{flow}/{run}"


def _add_task(
    store: Store, run: int, step: str, at: int, metadata: Sequence[tuple[str, str, int]], artifacts: Sequence[str]
) -> None:
    if store.row("SELECT 1 FROM steps WHERE run_key = ? AND step_name = ?", run, step) is None:
        store.insert("steps", run_key=run, step_name=step, ts_epoch=at)
    task = store.insert("tasks", run_key=run, step_name=step, ts_epoch=at)
    for name, value, after in metadata:
        told = {"field_name": name, "value": value, "tags": '["attempt_id:0"]'}
        store.insert("metadata", task_key=task, ts_epoch=at + after, **told)
    for name in artifacts:
        place = {"location": ":root:s3://test/metaflow", "sha": f"{task:040x}", "content_type": "pickle-v4"}
        store.insert("artifacts", task_key=task, attempt_id=0, name=name, ts_epoch=at + 400, **place)
