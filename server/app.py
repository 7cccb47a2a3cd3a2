"""The gateway's ASGI application."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ..resolvers.context import Gateway
from ..resolvers.links import PREFIX
from .downloads import Downloads
from .graphql import GRAPHIQL, GraphQLEndpoint
from .health import Readiness, alive
from .operations import Operations

# What a page of another origin may read of an answer, beside its body.
_EXPOSED = ["content-disposition", "content-length", "content-range", "etag"]


def application(
    schema: strawberry.Schema, gateway: Gateway, cors_origins: Sequence[str] = (), public_url: str | None = None
) -> Starlette:
    """The application that serves a schema; `cors_origins`: whose pages may read it, besides its own.

    `public_url`: what its URLs begin with for clients, where that is not what they call.
    """
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
    routes = [
        Route("/graphql", GraphQLEndpoint(Operations(schema, gateway), public_url)),
        Route(f"{PREFIX}/{{path:path}}", Downloads(gateway)),
        Route("/healthz", alive),
        Route("/readyz", Readiness(gateway.providers).ready),
        Mount("/graphiql", StaticFiles(directory=GRAPHIQL)),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await gateway.close()

    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)
