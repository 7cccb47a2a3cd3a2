"""Values are read and decoded for some at a time: what was read is held until a decoder is free."""

import asyncio
import pickle
from pathlib import Path

from metaflow_graphql.providers import usage
from metaflow_graphql.providers.artifacts import Artifacts, ValueKey
from metaflow_graphql.providers.base import BlobKey
from metaflow_graphql.providers.errors import GatewayError
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.strangers_json import JSON


class Slow(LocalDatastore):
    """Gives out its blobs once it is let go; `asked`: how often it was asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked = 0
        self.let_go = asyncio.Event()

    async def blobs(self, keys: list[BlobKey], limit: int, budget: int) -> list[bytes | GatewayError | None]:
        self.asked += 1
        await self.let_go.wait()
        return [pickle.dumps(int(key.sha)) for key in keys]


def reading(
    artifacts: Artifacts, datastore: Slow, number: int, asker: str, provider: str = "default"
) -> asyncio.Task[list[JSON | GatewayError]]:
    async def read() -> list[JSON | GatewayError]:
        usage.current.set(usage.Usage(asker=asker))
        key = ValueKey(provider, f"A/1/start/{number}/x", 0, "pickle-v4", BlobKey("", "A", str(number)))
        return await artifacts.reader(datastore).values([key])

    return asyncio.create_task(read())


def test_values_are_read_for_some_at_a_time_and_nobody_has_all_places(tmp_path: Path) -> None:
    async def read() -> None:
        artifacts, datastore = Artifacts(), Slow(tmp_path)
        of_one = [reading(artifacts, datastore, number, "one") for number in range(10)]
        await asyncio.sleep(0.05)
        assert datastore.asked == 6
        of_others = [reading(artifacts, datastore, number, f"other{number}") for number in range(10, 20)]
        await asyncio.sleep(0.05)
        assert datastore.asked == 8
        datastore.let_go.set()
        assert await asyncio.gather(*of_one, *of_others) == [[number] for number in range(20)]
        await datastore.close()

    asyncio.run(read())


def test_values_of_a_store_that_does_not_answer_keep_no_others_waiting(tmp_path: Path) -> None:
    async def read() -> None:
        artifacts, stalled, other = Artifacts(), Slow(tmp_path), Slow(tmp_path)
        waiting = [reading(artifacts, stalled, number, f"one{number}", "stalled") for number in range(10)]
        await asyncio.sleep(0)
        other.let_go.set()
        async with asyncio.timeout(10):
            assert await reading(artifacts, other, 10, "other") == [10]
        stalled.let_go.set()
        await asyncio.gather(*waiting)
        await stalled.close()
        await other.close()

    asyncio.run(read())
