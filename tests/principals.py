"""Gateways as principals see them, and runs of users. Who asks stands in the scope, as the gate leaves him."""

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from gateways import Gateway as Asked
from in_process import Calls
from local_trees import EPOCH_MS, put, put_object
from metaflow_graphql.providers.base import Provider
from metaflow_graphql.providers.grants import Grant, Principal, Right
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.resolvers.signatures import Signatures
from metaflow_graphql.schema import schema
from metaflow_graphql.server.access.admission import Admission
from metaflow_graphql.server.access.charges import Charges
from metaflow_graphql.server.access.config import Rates
from metaflow_graphql.server.access.identities import no_credential
from metaflow_graphql.server.access.meters import Meters
from metaflow_graphql.server.app import application
from metaflow_graphql.server.audit.entries import Entry
from metaflow_graphql.server.senders import Sender

ALL_RIGHTS = frozenset(Right)


def of_team(team: str, rights: frozenset[Right] = ALL_RIGHTS, **more: Any) -> Principal:
    """Who may see the runs of one user, with these rights."""
    return Principal(team, (Grant(None, (f"user:{team}",), rights=rights, **more),))


Bearer = Callable[[bytes], Principal | None]


def as_principal(
    app: ASGIApp, principal: Principal | None, signatures: Signatures | None = None, bearer: Bearer = lambda _: None
) -> ASGIApp:
    """The application as somebody who was let in gets to it; None: nobody was, or, without signatures, all are."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        entry = Entry("0", Sender("127.0.0.1", "127.0.0.1"))
        charges = Charges(Meters(), Rates(), entry.sender.network)
        admission = Admission(principal or no_credential(), charges, entry, signatures, bearer)
        state = {} if principal is None and signatures is None else {"admission": admission}
        await app({**scope, "state": state}, receive, send)

    return call


@contextmanager
def asked_by(
    principal: Principal | None, providers: Mapping[str, Provider], signatures: Signatures | None = None
) -> Generator[Asked]:
    """A gateway over these providers, which are closed at the end, as a principal sees it; None: as it is."""
    with shared(providers, signatures) as asked:
        yield asked(principal)


@contextmanager
def shared(
    providers: Mapping[str, Provider], signatures: Signatures | None = None
) -> Generator[Callable[[Principal | None], Asked]]:
    """One gateway, as each principal sees it. A URL that is signed is of who was last given that name."""
    known: dict[bytes, Principal] = {}
    gateway = Gateway(providers, next(iter(providers)))
    app = application(schema, gateway)
    with ExitStack() as clients, asyncio.Runner() as runner:

        def asked(principal: Principal | None) -> Asked:
            if principal is not None and signatures is not None:
                principal = msgspec.structs.replace(principal, identity=principal.name.encode())
                known[principal.identity] = principal
            calls = Calls(as_principal(app, principal, signatures, known.get), runner)
            client = clients.enter_context(httpx.Client(transport=calls, base_url="http://gateway"))
            return Asked(str(client.base_url), client)

        yield asked
        clients.close()
        runner.run(gateway.close())


def put_run_of(
    root: Path, number: int, user: str, flow: str = "Made", tags: Sequence[str] = (), system: Sequence[str] = ()
) -> str:
    """A run of a user; the higher its number, the newer it is."""
    run_id = str(EPOCH_MS * 1000 + number * 1_000_000)
    if not (root / ".metaflow" / flow).exists():
        put_object(root, flow, EPOCH_MS + number * 1000)
    put_object(
        root,
        f"{flow}/{run_id}",
        EPOCH_MS + number * 1000,
        user_name=user,
        tags=list(tags),
        system_tags=[f"user:{user}", "runtime:dev", *system],
    )
    return run_id


def opened(root: Path, principal: Principal | None, *others: Path) -> AbstractContextManager[Asked]:
    roots = {"default": root} | {f"other{number}": other for number, other in enumerate(others, 1)}
    return asked_by(principal, {name: LocalProvider(name, folder) for name, folder in roots.items()})


def granted(*grants: Grant, **more: Any) -> Principal:
    return Principal("somebody", grants, **more)


def put_task(root: Path, run: str, **metadata: object) -> Path:
    """A task of the step `start`, with these metadata (of `_`, with a hyphen), and its folder."""
    put_object(root, f"Made/{run}/start", EPOCH_MS)
    task = put_object(root, f"Made/{run}/start/1", EPOCH_MS)
    for field, value in metadata.items():
        name = field.replace("_", "-")
        event = {"field_name": name, "type": name, "value": value, "tags": ["attempt_id:0"], "ts_epoch": EPOCH_MS}
        put(task / "_meta" / f"sysmeta_{name}_{EPOCH_MS}.json", event)
    return task
