"""Hostile requests: each is refused as it should be or answered, and takes no more work than its size allows."""

import asyncio
import gc
import time
from collections.abc import Generator
from itertools import pairwise

import pytest
from starlette.types import Receive, Scope, Send

from edge import CORPUS, LONG
from edge.calling import call, counted
from edge.form import checked, outcome
from edge.hostile import ANSWERED, sent
from edge.socket_client import Client
from edge.trees import fresh, gateway_over, small_tree
from edge.work import Hang, allowed, watchdog
from executors import ON_GRAPHQL_CORE
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.server.connections.connection import Connection
from metaflow_graphql.server.serve import collect_briefly
from serving import served

IN_PROCESS = [name for name, hostile in CORPUS.items() if not hostile.in_http]
IN_BODY = [name for name, hostile in CORPUS.items() if hostile.in_body]
# One of each family goes over a socket too, with those that are about the socket.
OVER_HTTP = [
    name for name, hostile in CORPUS.items() if hostile.in_http or "1,000,000" in name or "bodies: a MiB" in name
]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway]:
    with gateway_over(small_tree(tmp_path_factory.mktemp("edge"))) as gateway:
        asyncio.run(counted(fresh(gateway), sent("{ __typename }")))  # what is made at the first request
        yield gateway


@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_hostile_request_takes_no_more_work_than_its_size_allows(gateway: Gateway, name: str) -> None:
    hostile = CORPUS[name]
    asked = hostile.made()
    with watchdog():
        answer, calls = asyncio.run(counted(fresh(gateway), asked))
    assert outcome(checked(answer)) in hostile.outcomes, answer.content[:300]
    assert calls < allowed(asked, answer)


@pytest.mark.parametrize("name", IN_BODY)
def test_what_is_wrong_with_the_body_itself_is_4xx_whatever_is_accepted(gateway: Gateway, name: str) -> None:
    asked = CORPUS[name].made()
    headers = {**asked.headers, "accept": "application/json"}
    answer, _ = asyncio.run(counted(fresh(gateway), asked._replace(headers=headers)))
    assert (400 <= answer.status < 500, outcome(checked(answer)) in CORPUS[name].outcomes) == (True, True)


@pytest.fixture(scope="module")
def client(gateway: Gateway) -> Generator[Client]:
    with served(fresh(gateway), http=Connection) as served_to, Client(str(served_to.base_url)) as client:
        yield client


@pytest.mark.parametrize("name", OVER_HTTP)
def test_a_hostile_request_is_refused_over_a_socket(client: Client, name: str) -> None:
    hostile = CORPUS[name]
    with watchdog():
        assert client.outcome(hostile.made()) in hostile.outcomes
    assert client.outcome(sent("{ __typename }")) == ANSWERED


@pytest.fixture
def briefly_collected() -> Generator[None]:
    """Garbage is collected as in a process that serves."""
    thresholds = gc.get_threshold()
    collect_briefly()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


# For how long graphql-core's executor holds the event loop is not ours to mend.
@pytest.mark.skipif(ON_GRAPHQL_CORE, reason="TESTS_EXECUTOR is graphql-core's")
@pytest.mark.usefixtures("briefly_collected")
@pytest.mark.parametrize("name", LONG)
def test_others_have_turns_while_a_long_answer_is_made(gateway: Gateway, name: str) -> None:
    async def turns() -> list[float]:
        """What the event loop's thread computes in each turn of the loop, in seconds."""
        app, ends = fresh(gateway), [time.thread_time()]
        answer = asyncio.ensure_future(call(app, LONG[name].made()))
        while not answer.done():
            await asyncio.sleep(0)
            ends.append(time.thread_time())
        assert outcome(checked(answer.result())) in LONG[name].outcomes
        return [end - begin for begin, end in pairwise(ends)]

    of_turns = asyncio.run(turns())
    assert max(of_turns) < sum(of_turns) / 5


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 300


def test_what_a_request_has_done_in_a_thread_is_counted() -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.to_thread(lambda: [abs(number) for number in range(10_000)])

    assert asyncio.run(counted(app, sent("{ a }")))[1] > 10_000


def test_a_request_that_hangs_is_seen() -> None:
    with pytest.raises(Hang), watchdog(0.05):
        time.sleep(10)
