"""The gateway's ASGI application."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import strawberry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from ..resolvers.context import Gateway
from ..resolvers.links import PREFIX
from .access.audited import Audited
from .access.control import AccessControl
from .access.gate import Gate
from .browsers.hosts import Hosts
from .browsers.origins import Origins
from .browsers.page import GRAPHIQL
from .browsers.rules import BrowserRules
from .downloads import Downloads, is_signed
from .ending import ending
from .error_answers import without_route
from .graphql import GraphQLEndpoint
from .health import Readiness, alive
from .operations import Operations
from .persisted.documents import Mode, PersistedDocuments


def application(
    schema: strawberry.Schema,
    gateway: Gateway,
    cors_origins: Sequence[str] = (),
    public_url: str | None = None,
    documents: PersistedDocuments | None = None,
    *,
    graphiql: bool = True,
    hosts: Hosts | None = None,
    access: AccessControl | None = None,
) -> ASGIApp:
    """The application that serves a schema; `cors_origins`: whose pages may read it, besides its own.

    `public_url`: what its URLs begin with for clients, where that is not what they call. `documents`: those that are
    known, if any; where no others are answered, there is no introspection, and no GraphiQL, which needs that.
    `graphiql`: whether browsers get that. `hosts`: the names that it answers to; None: any. `access`: who is
    let in; None: everyone.
    """
    documents = documents or PersistedDocuments()
    ad_hoc = documents.mode is not Mode.ONLY
    graphiql = graphiql and ad_hoc
    operations = Operations(schema, gateway, introspection=ad_hoc)
    endpoint = GraphQLEndpoint(operations, documents, public_url, graphiql=graphiql)
    others: list[BaseRoute] = [
        Route(f"{PREFIX}/{{path:path}}", Downloads(gateway)),
        Route("/healthz", alive),
        Route("/readyz", Readiness(gateway).ready),
    ]
    if graphiql:
        others.append(Mount("/graphiql", StaticFiles(directory=GRAPHIQL)))

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            if access:
                await access.close()
            await gateway.close()

    def signed(scope: Scope) -> bool:
        return access is not None and access.signatures is not None and is_signed(Request(scope), access.signatures)

    origins = Origins(cors_origins, public_url, graphiql=graphiql, signed=signed)
    # The endpoint lets no error pass: what Starlette puts around routes for them would be a tenth of a short query.
    # And no redirects: they would lead to what the client calls the gateway, which is not always what is public.
    rest = Starlette(routes=others, exception_handlers={HTTPException: without_route})
    rest.router.redirect_slashes = False
    routed = Router([Route("/graphql", endpoint)], redirect_slashes=False, default=rest, lifespan=lifespan)
    if access is None:
        return BrowserRules(ending(routed), origins, hosts)
    return Audited(BrowserRules(ending(Gate(routed, access)), origins, hosts), access)
