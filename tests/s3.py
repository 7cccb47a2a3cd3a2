"""S3 for tests: moto's server, and in it what Metaflow stored in a folder, as it stores the same in S3."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.request import Request, urlopen

from boto3 import Session  # pyright: ignore[reportMissingTypeStubs] - it has none
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs] - it has none
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from gateways import as_sent
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.base import Provider
from metaflow_graphql.providers.datastores import Datastores
from metaflow_graphql.providers.disk_cache import DiskCache
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.s3.client import S3Client
from metaflow_graphql.providers.s3.datastore import S3Datastore
from metaflow_graphql.providers.s3.provider import S3Provider
from metaflow_graphql.providers.s3.settings import S3Settings
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.errors import Faults
from metaflow_graphql.server.operations import Operation, Operations

T = TypeVar("T")

BUCKET = "bucket"
ROOT = f"s3://{BUCKET}/pre/fix"
KEYS: dict[str, Any] = {
    "aws_access_key_id": "AKIAsecret",
    "aws_secret_access_key": "secret",
    "region_name": "us-east-1",
}


class Server(NamedTuple):
    """A running server: `url`, a client of boto3 to it, and the gateway's with the loop that it lives in."""

    url: str
    boto: Any
    client: S3Client
    loop: asyncio.Runner

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a Metaflow that stores in it."""
        return {
            "METAFLOW_DEFAULT_DATASTORE": "s3",
            "METAFLOW_DATASTORE_SYSROOT_S3": ROOT,
            "METAFLOW_S3_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
            "AWS_DEFAULT_REGION": KEYS["region_name"],
            # 64 processes for a handful of artifacts take most of a run's time.
            "METAFLOW_S3_WORKER_COUNT": "2",
        }

    def put(self, key: str, content: bytes, attributes: object = None, bucket: str = BUCKET) -> None:
        """Store an object; `attributes` are kept with it as by Metaflow (datatools/s3/s3.py:S3.put).

        Not over HTTP, which would take the server sixty times as long: tests are of reading.
        """
        stored = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket, key, content)
        if attributes is not None:
            stored.set_metadata({"x-amz-meta-metaflow-user-attributes": json.dumps(attributes)})

    def upload(self, folder: Path, prefix: str, among: Sequence[str] = ("",)) -> None:
        """Put all files below a datastore's folder whose paths begin so, blobs with what stands beside them."""
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if not path.is_file() or not name.startswith(tuple(among)) or "_meta" in name:
                continue
            beside = path.with_name(f"{path.name}_meta")
            kept = json.loads(beside.read_bytes()) if beside.exists() else None
            self.put(f"{prefix}/{name}", path.read_bytes(), kept)

    def provider(self, root: str = ROOT, local: Path | None = None) -> S3Provider:
        """The metadata provider over the datastore there, which has been asked nothing yet.

        `local`: where it reads what runs say is in a local datastore, as those do that were uploaded.
        """
        datastore = S3Datastore(self.client, [root])
        return S3Provider("default", root, datastore, Datastores(LocalDatastore(local), datastore))

    def answer(self, query: str, over: Provider | None = None, **variables: Any) -> dict[str, Any]:
        """The whole answer of a gateway over that provider, else over a new one; with what it cost."""
        # What has fallen silent is taken for dead at once: how long ago it was stored is no question here.
        gateway = Gateway({"default": over or self.provider()}, "default", stalled_after=0.001)
        operation = Operation(query, None, variables, show_usage=True)
        answer = Operations(schema, gateway).answer(operation, Faults())
        return as_sent(self.loop.run(answer, context=copy_context()))

    def cost(self, query: str, over: Provider | None = None, **variables: Any) -> tuple[Any, dict[str, int]]:
        """The data of an answer that must have no errors, and the requests to S3 that it took, by kind."""
        told = self.answer(query, over, **variables)
        assert "errors" not in told, told["errors"]
        return told["data"], told["extensions"]["usage"]["requests"]

    def ask(
        self,
        question: Callable[[S3Datastore], Awaitable[T]],
        roots: Sequence[str] = (ROOT,),
        *,
        datatools_roots: Sequence[str] = (),
        disk: DiskCache | None = None,
    ) -> T:
        """The answer of a datastore that has been asked nothing yet."""

        async def asked() -> T:
            return await question(S3Datastore(self.client, roots, datatools_roots=datatools_roots, disk=disk))

        return self.loop.run(asked(), context=copy_context())


@contextmanager
def serving() -> Generator[Server]:
    """An empty server with one bucket."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    try:
        host, port = running.get_host_and_port()
        url = f"http://{host}:{port}"
        # All servers of a process share what they hold.
        urlopen(Request(f"{url}/moto-api/reset", method="POST")).close()
        session: Any = Session()
        # By itself it waits a minute for an answer, and five times.
        patience: Any = Config(connect_timeout=5, read_timeout=10)
        boto = session.client("s3", endpoint_url=url, config=patience, **KEYS)
        boto.create_bucket(Bucket=BUCKET)
        client = S3Client(S3Settings(endpoint_url=url, client_params=KEYS))
        with asyncio.Runner() as loop:
            yield Server(url, boto, client, loop)
            loop.run(client.close())
        boto.close()
    finally:
        running.stop()


def ask(settings: S3Settings, question: Callable[[S3Datastore], Awaitable[T]], roots: Sequence[str] = (ROOT,)) -> T:
    """The answer of a datastore with a client of its own."""

    async def asked() -> T:
        client = S3Client(settings)
        try:
            return await question(S3Datastore(client, roots))
        finally:
            await client.close()

    return asyncio.run(asked())


@contextmanager
def counted(**limits: Any) -> Generator[usage.Usage]:
    """What is asked inside counts as one operation."""
    spent = usage.Usage(**limits)
    token = usage.current.set(spent)
    try:
        yield spent
    finally:
        usage.current.reset(token)
