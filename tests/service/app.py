"""The service as a web application: its routes, and what happens around each request."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from aiohttp import web

from . import admin, reads, writes
from .asked import Asked
from .faults import Faults, with_fault
from .options import Options
from .releases import version_of
from .replies import NoRoute, OutOfHandlers, Refused, broken, database_refused, reply, trouble
from .store import Store
from .tagging import Mutations

Answer = Callable[[Asked], Awaitable[web.Response]]

_RUN = "/flows/{flow}/runs/{run}"
_STEP = f"{_RUN}/steps/{{step}}"
_TASK = f"{_STEP}/tasks/{{task}}"
READS: dict[str, Answer] = {
    "/flows": reads.flows,
    "/flows/{flow}": reads.flow,
    "/flows/{flow}/runs": reads.runs,
    _RUN: reads.run,
    f"{_RUN}/metadata": reads.metadata_of_run,
    f"{_RUN}/artifacts": reads.artifacts_of_run,
    f"{_RUN}/steps": reads.steps,
    _STEP: reads.step,
    f"{_STEP}/tasks": reads.tasks,
    f"{_STEP}/filtered_tasks": reads.filtered_tasks,
    f"{_STEP}/artifacts": reads.artifacts_of_step,
    _TASK: reads.task,
    f"{_TASK}/metadata": reads.metadata_of_task,
    f"{_TASK}/artifacts": reads.artifacts_of_task,
    f"{_TASK}/attempt/{{attempt}}/artifacts": reads.artifacts_of_attempt,
    f"{_TASK}/artifacts/{{artifact}}": reads.artifact,
    f"{_TASK}/artifacts/{{artifact}}/attempt/{{attempt}}": reads.artifact_at_attempt,
}
WRITES: dict[str, Answer] = {
    "/flows/{flow}": writes.flow,
    "/flows/{flow}/run": writes.run,
    f"{_RUN}/heartbeat": writes.heartbeat_of_run,
    f"{_STEP}/step": writes.step,
    f"{_STEP}/task": writes.task,
    f"{_TASK}/metadata": writes.metadata,
    f"{_TASK}/artifact": writes.artifacts,
    f"{_TASK}/heartbeat": writes.heartbeat_of_task,
}
ADMIN: dict[str, Answer] = {
    "/ping": admin.ping,
    "/version": admin.version,
    "/healthcheck": admin.healthcheck,
    "/auth/token": admin.token,
}
MUTATION = f"{_RUN}/tag/mutate"
_CONTROL = "/_test/"
# Of a soak of hours only the last are kept.
LOGGED = 10_000


@dataclass
class Service:
    """The store behind its routes; `requests` counts them by method and pattern, `log` has the last as they came."""

    store: Store
    options: Options
    prefix: str = ""
    requests: Counter[str] = field(default_factory=Counter[str])
    log: deque[str] = field(default_factory=lambda: deque(maxlen=LOGGED))

    def __post_init__(self) -> None:
        self._faults = Faults()
        self._one_at_a_time = asyncio.Lock()

    def reset(self) -> None:
        """Begin to count anew."""
        self.requests.clear()
        self.log.clear()
        self._faults.reset()

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._around], client_max_size=2**30)
        router = app.router
        for path, answer in (READS | ADMIN).items():
            router.add_get(self.prefix + path, partial(self._answer, answer), allow_head=False)
        for path, answer in WRITES.items():
            router.add_post(self.prefix + path, partial(self._answer, answer))
        router.add_patch(self.prefix + MUTATION, partial(self._answer, Mutations().mutate))
        router.add_get(f"{_CONTROL}requests", self._counted)
        router.add_post(f"{_CONTROL}reset", self._begin_anew)
        return app

    @web.middleware
    async def _around(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.path.startswith(_CONTROL):
            return await handler(request)
        route = self._count(request)
        await asyncio.sleep(self.options.delay)
        if self.options.api_key not in (None, request.headers.get("x-api-key")):
            return admin.refused_for_no_key()
        if self.options.read_only and request.method != "GET":
            raise web.HTTPMethodNotAllowed(request.method, ["GET"])
        if fault := self._faults.due(self.options.faults, route):
            try:
                return await with_fault(fault, request, partial(self._whole, request, handler))
            except Refused as refused:
                return self._refusal(refused)
        return await handler(request)

    async def _whole(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.Response:
        answer = await handler(request)
        assert isinstance(answer, web.Response)
        return answer

    def _count(self, request: web.Request) -> str:
        resource = request.match_info.route.resource
        route = request.method + " " + (resource.canonical.removeprefix(self.prefix) if resource else "")
        self.requests[route] += 1
        self.log.append(f"{request.method} {request.raw_path}")
        return route

    async def _answer(self, answer: Answer, request: web.Request) -> web.Response:
        asked = Asked(self.store, self.options, request)
        try:
            self._refuse_if_down(asked)
            answered = await answer(asked)
        except Refused as refused:
            return self._refusal(refused)
        except OutOfHandlers:
            return trouble()
        except NoRoute as absent:
            raise web.HTTPNotFound from absent
        if self.options.row_cost:
            async with self._one_at_a_time:
                # Each row names its flow, and nothing else does.
                await asyncio.sleep((answered.text or "").count('"flow_id": ') * self.options.row_cost)
        return answered

    def _refuse_if_down(self, asked: Asked) -> None:
        path = asked.request.path.removeprefix(self.prefix)
        if not self.options.database_down or path in ADMIN:
            return
        gone = database_refused(None, None)
        if path.endswith("/artifacts"):
            raise broken(gone.body)
        raise broken("'NoneType' object has no attribute '_replace'") if asked.paged else gone

    def _refusal(self, refused: Refused) -> web.Response:
        return reply(refused.body, version_of(self.options.release), refused.status)

    async def _counted(self, request: web.Request) -> web.Response:
        return web.json_response({"requests": self.requests, "log": [*self.log]})

    async def _begin_anew(self, request: web.Request) -> web.Response:
        self.reset()
        return web.Response()
