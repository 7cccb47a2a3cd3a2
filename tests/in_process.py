"""A gateway in this process, over folders that a test may change."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateways import Gateway
from metaflow_graphql import decoding
from metaflow_graphql.providers.artifacts import Artifacts
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers import context
from metaflow_graphql.schema import schema
from metaflow_graphql.server.app import application
from serving import served

Errors = list[tuple[str, list[str | int]]]


@contextmanager
def opened(
    root: Path,
    *others: Path,
    default_namespace: str | None = None,
    inactive_after: float = 86_400,
    read_only: bool = False,
    limits: decoding.Limits | None = None,
) -> Generator[Gateway]:
    """A gateway whose metadata provider `default` reads a folder; `other1`, `other2`… read the others."""
    roots = {"default": root} | {f"other{number}": other for number, other in enumerate(others, 1)}
    providers = {name: LocalProvider(name, folder, read_only=read_only) for name, folder in roots.items()}
    artifacts = Artifacts(limits=limits) if limits else Artifacts()
    gateway = context.Gateway(providers, "default", default_namespace, inactive_after, artifacts=artifacts)
    try:
        with served(application(schema, gateway)) as client:
            yield Gateway(str(client.base_url), client)
    finally:
        for provider in providers.values():
            provider.close()


def errors_of(answer: dict[str, Any]) -> Errors:
    """The code and the path of each error."""
    return [(error["extensions"]["code"], error.get("path", [])) for error in answer.get("errors", [])]
