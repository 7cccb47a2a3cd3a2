"""The gateway's ASGI application."""

from collections.abc import Sequence

import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ..resolvers.context import Gateway
from .graphql import GRAPHIQL, GraphQLEndpoint
from .operations import Operations


def application(schema: strawberry.Schema, gateway: Gateway, cors_origins: Sequence[str] = ()) -> Starlette:
    """The application that serves a schema; `cors_origins`: whose pages may read it, besides its own."""
    middleware: list[Middleware] = []
    if cors_origins:
        middleware.append(
            Middleware(CORSMiddleware, allow_origins=cors_origins, allow_methods=["GET", "POST"], allow_headers=["*"])
        )
    routes = [
        Route("/graphql", GraphQLEndpoint(Operations(schema, gateway))),
        Route("/healthz", _health),
        Mount("/graphiql", StaticFiles(directory=GRAPHIQL)),
    ]
    return Starlette(routes=routes, middleware=middleware)


async def _health(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})
