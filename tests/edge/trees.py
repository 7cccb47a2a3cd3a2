"""The small history that hostile requests are made to: one run of a few steps and tasks, with values."""

import asyncio
import gzip
import hashlib
import pickle
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from local_trees import EPOCH_MS, put, put_object, put_run
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.app import application
from metaflow_graphql.server.limits import LIMITS

_TASKS = {"start": 1, "work": 5, "end": 1}


def small_tree(root: Path) -> Path:
    """Made/1 with steps start, work and end, whose tasks 1, 2… have three artifacts each."""
    for run in ("1", "2", "3"):
        put_run(root, run, tags=("nightly",))
        for step, tasks in _TASKS.items():
            put_object(root, f"Made/{run}/{step}", EPOCH_MS)
            for task in range(1, tasks + 1):
                _put_task(root, f"Made/{run}/{step}/{task}")
    return root


def _put_task(root: Path, pathspec: str) -> None:
    meta = put_object(root, pathspec, EPOCH_MS) / "_meta"
    events = {"attempt": "0", "attempt-done": "0", "attempt_ok": "True", "ds-type": "local"}
    for name, value in events.items():
        event = {"field_name": name, "type": name, "value": value, "tags": ["attempt_id:0"], "ts_epoch": EPOCH_MS}
        put(meta / f"sysmeta_{name}_{EPOCH_MS}.json", event)
    for name, value in {"numbers": [1, 2, 3], "text": "a" * 100, "table": [{"a": 1}, {"a": 2}]}.items():
        pickled = pickle.dumps(value)
        sha = hashlib.sha1(pickled, usedforsecurity=False).hexdigest()
        blob = root / ".metaflow/Made/data" / sha[:2] / sha
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(gzip.compress(pickled))
        recorded = {"name": name, "sha": sha, "ts_epoch": EPOCH_MS, "content_type": "pickle-v4"}
        put(meta / f"0_artifact_{name}.json", recorded)


@contextmanager
def gateway_over(root: Path) -> Generator[Gateway]:
    """A gateway's providers over a folder, with the limits as they are served."""
    provider = LocalProvider("default", root)
    yield Gateway({"default": provider}, "default", limits=LIMITS)
    asyncio.run(provider.close())


def fresh(gateway: Gateway) -> ASGIApp:
    """Its application, which has seen no document yet."""
    return application(schema, gateway)
