"""A gateway over a metadata service in trouble: every answer is right, or says at its place what failed."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from conftest import BUILDS, Limiting
from faults import PASSING, SECRET, Fault, Plan, Proxy, always, seeded, spoiled
from metaflow_graphql.server import limits
from over_service import asking
from questions import LATEST, LATEST_OF_EACH, NAMES, TWO_RUNS, Question, judged, questions
from service import fill
from service_runs import ServiceRuns, runs_of_service
from upstreams import in_a_loop, upstream
from watched import Watched, watching

CLIENTS = 50
USER, PASSWORD, TOKEN = "gateway", "password-of-the-url", "token-of-a-header"
# What no client and no log may ever show.
SECRETS = (SECRET, PASSWORD, TOKEN, "Traceback", "password", "<html", "service.sqlite", "site-packages")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[ServiceRuns]:
    """Runs of real flows, and beside them a made history of eight flows."""
    with runs_of_service(BUILDS, tmp_path_factory.mktemp("service")) as served:
        fill(served.service.store, flows=8, runs=1_200, running=0)
        yield served


@contextmanager
def troubled(service: ServiceRuns, folder: Path) -> Generator[tuple[Watched, Proxy]]:
    """A gateway with credentials, and the proxy through which it asks the service."""
    headers = folder / "headers"
    headers.write_text(f"x-api-key: {TOKEN}\n")
    with spoiled(service.url) as proxy:
        url = proxy.url.replace("//", f"//{USER}:{PASSWORD}@")
        with watching(folder, url, "--service-headers-file", str(headers), root=service.runs.root) as gateway:
            yield gateway, proxy


async def sent(session: aiohttp.ClientSession, gateway: Watched, question: Question) -> str:
    """The answer as it came."""
    async with session.post(f"{gateway.url}/graphql", json=question.body) as answer:
        return await answer.text()


async def asked(gateway: Watched, *given: Question) -> list[dict[str, Any]]:
    """The answers to what is asked all at once, each by a client of its own."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        return [json.loads(text) for text in await asyncio.gather(*(sent(session, gateway, one) for one in given))]


def answer(gateway: Watched, query: str, **variables: Any) -> dict[str, Any]:
    (told,) = asyncio.run(asked(gateway, Question(query, variables)))
    return told


def all_questions(service: ServiceRuns) -> list[Question]:
    """About the made history and about runs of real flows, down to their values."""
    store = service.service.store
    made = [f"MadeFlow{number:02}" for number in range(6)]
    sql = "SELECT flow_id || '/' || run_number AS run FROM run_view ORDER BY ts_epoch DESC"
    runs = [row["run"] for row in store.rows(sql) if row["run"].startswith("MadeFlow")][:40:4]
    real = [service.runs[name].pathspec for name in ("linear", "foreach")]
    return questions(made, [*runs, *real], [f"{real[0]}/start/{task_of(service, real[0], 'start')}/x"])


def task_of(service: ServiceRuns, run: str, step: str) -> str:
    sql = "SELECT task_id FROM task_view WHERE flow_id || '/' || run_number = ? AND step_name = ?"
    return service.service.store.rows(sql, run, step)[0]["task_id"]


def test_of_a_thousand_operations_each_answer_is_right_or_says_what_failed(
    service: ServiceRuns, tmp_path: Path
) -> None:
    chance, outcomes = random.Random(10), Counter[str]()

    async def client(gateway: Watched, expected: dict[int, Any], given: list[Question]) -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(20):
                number = chance.randrange(len(given))
                text = await sent(session, gateway, given[number])
                assert [secret for secret in SECRETS if secret in text] == []
                outcomes[judged(expected[number], json.loads(text))] += 1

    async def run(gateway: Watched, proxy: Proxy) -> None:
        given = all_questions(service)
        right = await asked(gateway, *given)
        assert [told for told in right if "errors" in told] == []
        expected = {number: told["data"] for number, told in enumerate(right)}
        proxy.plan = seeded(10, 0.25)
        await asyncio.gather(*(client(gateway, expected, given) for _ in range(CLIENTS)))

    with troubled(service, tmp_path) as (gateway, proxy):
        asyncio.run(run(gateway, proxy))
        print(outcomes, proxy.counts.total(), proxy.counts)
        assert outcomes.total() == 20 * CLIENTS
        assert min(outcomes["right"], outcomes["with errors"]) > 50
        assert proxy.counts.keys() == {Fault.NONE, *PASSING}
    assert gateway.said == ""


@pytest.mark.parametrize("kind", [Fault.TRACEBACK, Fault.CUT])
def test_a_run_has_not_failed_because_its_graph_could_not_be_read(
    service: ServiceRuns, tmp_path: Path, kind: Fault
) -> None:
    """A resumed run does not record which step is its last: its graph tells that it is not called `end`."""
    query = f'{{ run(pathspec: "{service.runs["renamed_resumed"].pathspec}") {{ status }} }}'
    with troubled(service, tmp_path) as (gateway, proxy):
        assert answer(gateway, query) == {"data": {"run": {"status": "SUCCEEDED"}}}
        proxy.plan = of_lines("artifacts", kind)
        told = answer(gateway, query)
        assert told["data"] == {"run": {"status": None}}
        assert [(error["path"], error["extensions"]["retryable"]) for error in told["errors"]] == [
            (["run", "status"], True)
        ]


def of_lines(part: str, kind: Fault) -> Plan:
    """The fault for all requests whose first line has that part."""

    def plan(line: str) -> Fault:
        return kind if part in line else Fault.NONE

    return plan


@pytest.mark.parametrize("kind", [Fault.TRACEBACK, Fault.HTML, Fault.HALF_JSON, Fault.CUT, Fault.DATABASE_REFUSED])
def test_a_flow_whose_requests_fail_costs_its_own_fields(service: ServiceRuns, tmp_path: Path, kind: Fault) -> None:
    with troubled(service, tmp_path) as (gateway, proxy):
        expected = answer(gateway, LATEST_OF_EACH)["data"]
        proxy.plan = of_lines("/flows/MadeFlow03/", kind)
        told = answer(gateway, LATEST_OF_EACH)
        place = next(place for place, flow in enumerate(expected["flows"]["nodes"]) if flow["name"] == "MadeFlow03")
        expected["flows"]["nodes"][place]["latestSuccessfulRun"] = None
        assert told["data"] == expected
        assert [error["path"] for error in told["errors"]] == [["flows", "nodes", place, "latestSuccessfulRun"]]
        assert judged(told["data"], told) == "with errors"


@in_a_loop
async def test_an_older_run_is_never_taken_for_the_latest_successful_one(service: ServiceRuns) -> None:
    question = {"flow": "MadeFlow02"}
    with spoiled(service.url) as proxy:
        async with asking(proxy.url) as gateway:
            newest = (await gateway.answer(LATEST, **question))["data"]["flow"]["latestSuccessfulRun"]["pathspec"]
        number = newest.split("/")[1]

        def plan(line: str) -> Fault:
            return Fault.TRACEBACK if "status=" in line or f"/runs/{number}/metadata" in line else Fault.NONE

        proxy.plan = plan
        async with asking(proxy.url) as gateway:
            told = await gateway.answer(LATEST, **question)
    assert told["data"] == {"flow": {"name": "MadeFlow02", "latestSuccessfulRun": None}}
    (error,) = told["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["flow", "latestSuccessfulRun"], "PROVIDER_UNAVAILABLE")


def test_a_service_that_goes_away_is_left_alone_and_asked_again_when_it_is_back(
    service: ServiceRuns, tmp_path: Path
) -> None:
    with troubled(service, tmp_path) as (gateway, proxy):
        expected = answer(gateway, LATEST, flow="MadeFlow01")
        proxy.plan = always(Fault.RESET)
        gone = [answer(gateway, LATEST, flow="MadeFlow01") for _ in range(20)]
        assert {error["extensions"]["code"] for told in gone for error in told["errors"]} == {"PROVIDER_UNAVAILABLE"}
        assert {json.dumps(told["data"]) for told in gone} == {'{"flow": null}'}
        # Five opened the breaker; each trial since was one.
        assert proxy.counts[Fault.RESET] < 10
        proxy.plan = always(Fault.NONE)
        assert answer_in_the_end(gateway, LATEST, flow="MadeFlow01") == expected


def answer_in_the_end(gateway: Watched, query: str, **variables: Any) -> dict[str, Any]:
    """The first answer without errors, or the last after ten seconds."""
    until = time.monotonic() + 10
    while "errors" in (told := answer(gateway, query, **variables)) and time.monotonic() < until:
        time.sleep(0.1)
    return told


@pytest.mark.parametrize("kind", [Fault.BUSY, Fault.THROTTLED])
def test_a_service_that_asks_for_patience_is_given_it(service: ServiceRuns, tmp_path: Path, kind: Fault) -> None:
    with troubled(service, tmp_path) as (gateway, proxy):
        expected = answer(gateway, LATEST, flow="MadeFlow01")
        proxy.retry_after = "3"
        proxy.next.append(kind)
        began = time.monotonic()
        assert answer(gateway, LATEST, flow="MadeFlow01") == expected
        assert (time.monotonic() - began >= 3) is (kind is Fault.BUSY)


def test_a_service_that_asks_for_half_a_minute_is_asked_nothing_meanwhile(service: ServiceRuns, tmp_path: Path) -> None:
    with troubled(service, tmp_path) as (gateway, proxy):
        proxy.retry_after = "30"
        proxy.next.append(Fault.BUSY)
        told = [answer(gateway, LATEST, flow="MadeFlow01") for _ in range(5)]
        codes = [(error["path"], error["extensions"]) for one in told for error in one["errors"]]
        assert codes == [(["flow"], {"code": "PROVIDER_UNAVAILABLE", "retryable": True})] * 5
        assert len(proxy.done) == 1


class Holding:
    """In front of a service: passes requests on at once, or, those of a kind, once `go` is set; notes them all.

    `left`: how many of them were given up by the gateway.
    """

    def __init__(self, url: str, kind: str) -> None:
        self.asked: list[str] = []
        self.held = self.left = 0
        self.go = asyncio.Event()
        self._url = url
        self._kind = kind

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path.endswith(self._kind):
            self.held += 1
            try:
                await self.go.wait()
            except asyncio.CancelledError:
                self.left += 1
                raise
        async with aiohttp.request(request.method, URL(self._url + request.raw_path, encoded=True)) as got:
            headers = {name: got.headers[name] for name in got.headers if name.startswith("X-")}
            return web.Response(status=got.status, body=await got.read(), headers=headers)


@asynccontextmanager
async def held_up(service: ServiceRuns, folder: Path, kind: str) -> AsyncGenerator[tuple[Watched, Holding]]:
    """A gateway whose requests of a kind are held."""
    holding = Holding(service.url, kind)
    async with upstream(holding) as url:
        with watching(folder, url) as gateway:
            yield gateway, holding


async def until(so: Callable[[], bool]) -> None:
    """Returns once it is so, which must be within seconds."""
    async with asyncio.timeout(10):
        while not so():  # noqa: ASYNC110 - what changes it is in another process
            await asyncio.sleep(0.01)


@in_a_loop
async def test_what_is_asked_for_a_client_that_goes_away_is_given_up(service: ServiceRuns, tmp_path: Path) -> None:
    async with held_up(service, tmp_path, "/metadata") as (gateway, holding), aiohttp.ClientSession() as session:
        await sent(session, gateway, Question("{ flows(first: 1) { nodes { name } } }", {}))
        await asyncio.sleep(0.3)  # the task of a request ends a moment after its answer
        idle = await gateway.held_soon()
        going = asyncio.create_task(sent(session, gateway, Question(NAMES, {"flow": "MadeFlow00", "runs": 200})))
        await until(lambda: holding.held == 12)
        going.cancel()
        await until(lambda: holding.left == 12)
        await asyncio.sleep(0.3)
        # Of what waited for its turn nothing was asked.
        assert holding.held == 12
        assert (await gateway.held_soon()).tasks == idle.tasks
        holding.go.set()
        told = json.loads(await sent(session, gateway, Question(NAMES, {"flow": "MadeFlow00", "runs": 3})))
        assert "errors" not in told
    assert gateway.said == ""


@in_a_loop
async def test_a_small_question_does_not_wait_for_a_large_one(service: ServiceRuns, tmp_path: Path) -> None:
    run = service.runs["linear"].pathspec
    async with held_up(service, tmp_path, "/metadata") as (gateway, holding), aiohttp.ClientSession() as session:
        large = asyncio.create_task(sent(session, gateway, Question(NAMES, {"flow": "MadeFlow00", "runs": 380})))
        await until(lambda: holding.held == 12)
        small = asyncio.create_task(sent(session, gateway, Question(TWO_RUNS, {"run": run, "other": run})))
        await asyncio.sleep(0.3)
        holding.go.set()
        assert "errors" not in json.loads(await small)
        first = next(
            place for place, path in enumerate(holding.asked) if path.startswith(f"/flows/{run.split('/')[0]}")
        )
        before = sum("/metadata" in path for path in holding.asked[:first])
        assert "errors" not in json.loads(await large)
        assert sum("/flows/MadeFlow00/" in path for path in holding.asked) > 700
        # Those that were under way already, and a few that had their turn at the same time.
        assert before <= 20


@in_a_loop
async def test_equal_questions_at_once_are_asked_once(service: ServiceRuns, tmp_path: Path) -> None:
    question = Question(NAMES, {"flow": "MadeFlow01", "runs": 5})
    async with held_up(service, tmp_path, "/flows/MadeFlow01") as (gateway, holding):
        holding.go.set()
        # The first time, it is asked as well what the release can do.
        await asked(gateway, question)
        holding.asked = []
        (first,) = await asked(gateway, question)
        once, holding.asked = sorted(holding.asked), []
        holding.go.clear()
        together = asyncio.create_task(asked(gateway, *[question] * 20))
        await until(lambda: holding.held == 2)
        await asyncio.sleep(1)
        holding.go.set()
        assert await together == [first] * 20
    # From when on they are no longer together, some are asked again.
    assert len(once) <= len(holding.asked) < 2 * len(once)


@in_a_loop
async def test_an_operation_has_so_much_time(service: ServiceRuns, limit: Limiting) -> None:
    limit(limits.SECONDS, 0.3)
    holding = Holding(service.url, "/metadata")
    async with upstream(holding) as url, asking(url) as gateway:
        query = """{ flow(name: "MadeFlow00") { name latestRun { pathspec userTags steps { name } } } }"""
        began = time.monotonic()
        told = await gateway.answer(query)
        assert 0.3 <= time.monotonic() - began < 2
        run = told["data"]["flow"]["latestRun"]
        assert run == {"pathspec": run["pathspec"], "userTags": run["userTags"], "steps": None}
        (error,) = told["errors"]
        assert error["path"] == ["flow", "latestRun", "steps"]
        assert error["extensions"] == {"code": "TIMEOUT", "retryable": True}
        await until(lambda: holding.left == holding.held == 1)
