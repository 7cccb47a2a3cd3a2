"""The gateway's ASGI application."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from ..resolvers.context import Gateway
from ..resolvers.links import PREFIX
from .caching.headers import LASTING_SECONDS
from .downloads import Downloads
from .graphql import GRAPHIQL, GraphQLEndpoint
from .health import Readiness, alive
from .operations import Operations
from .persisted.documents import Mode, PersistedDocuments

# What a page of another origin may read of an answer, beside its body.
_EXPOSED = ["content-disposition", "content-length", "content-range", "etag"]


def application(
    schema: strawberry.Schema,
    gateway: Gateway,
    cors_origins: Sequence[str] = (),
    public_url: str | None = None,
    documents: PersistedDocuments | None = None,
    *,
    graphiql: bool = True,
    lasting_seconds: int = LASTING_SECONDS,
) -> Starlette:
    """The application that serves a schema; `cors_origins`: whose pages may read it, besides its own.

    `public_url`: what its URLs begin with for clients, where that is not what they call. `documents`: those that are
    known, if any; where no others are answered, there is no introspection, and no GraphiQL, which needs that.
    `lasting_seconds`: how long clients may keep what can't change any more; 0 where one may lose the right to see it.
    """
    documents = documents or PersistedDocuments()
    ad_hoc = documents.mode is not Mode.ONLY
    graphiql = graphiql and ad_hoc
    middleware: list[Middleware] = []
    if cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=cors_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["*"],
                expose_headers=_EXPOSED,
            )
        )
    operations = Operations(schema, gateway, introspection=ad_hoc)
    endpoint = GraphQLEndpoint(operations, documents, public_url, graphiql=graphiql, lasting_seconds=lasting_seconds)
    routes: list[BaseRoute] = [
        Route("/graphql", endpoint),
        Route(f"{PREFIX}/{{path:path}}", Downloads(gateway)),
        Route("/healthz", alive),
        Route("/readyz", Readiness(gateway.providers).ready),
    ]
    if graphiql:
        routes.append(Mount("/graphiql", StaticFiles(directory=GRAPHIQL)))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await gateway.close()

    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)
