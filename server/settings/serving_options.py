"""The options of `serve` besides: where it listens, whom it serves, and which documents."""

import argparse

from ...resolvers.context import Limit
from ..limits import BY_NAME
from ..persisted.documents import Mode
from .provider_options import Parser

# Has a gateway without access control listen where other machines reach it.
EVERYONE = "--everyone-may-read-and-tag"

# What JSON's numbers are exact up to.
_MOST = 2**53


def add_serving(serving: Parser) -> None:
    """Adds them to the command's parser."""
    serving.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine only)"
    )
    serving.add_argument("--port", type=_port, default=8080, help="port to listen on; 0: any free one (default: 8080)")
    serving.add_argument(
        "--public-url",
        metavar="URL",
        help="what the gateway's own address begins with for clients, if not with HOST and PORT",
    )
    serving.add_argument(
        "--cors-origin",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="origin whose pages may read answers in a browser, such as http://localhost:5173; may be repeated "
        "(default: none but the gateway's own)",
    )
    serving.add_argument(
        "--no-graphiql", dest="graphiql", action="store_false", help="serve no GraphiQL, which is a page for browsers"
    )
    serving.add_argument(
        EVERYONE,
        dest="everyone",
        action="store_true",
        help="listen where other machines reach it, though it asks nobody who they are: all who do may read all runs "
        "and change their tags",
    )
    _add_documents(serving)
    serving.add_argument(
        "--limit",
        dest="limits",
        metavar="NAME=VALUE",
        type=_limit,
        action="append",
        default=[],
        help="another value of a limit of requests, such as seconds=20; may be repeated (default: as the README lists "
        "them; bodyBytes=1048576)",
    )
    serving.add_argument(
        "--config",
        metavar="FILE",
        help="who may see and do what, in TOML; read again when it changes (default: whoever reaches it may do all)",
    )


def _add_documents(serving: Parser) -> None:
    serving.add_argument(
        "--persisted-documents",
        metavar="MODE",
        choices=[mode.value for mode in Mode],
        default=Mode.OFF,
        help="whether clients may ask by a document's hash or documentId: off; on: they register documents as Apollo's "
        "clients do, and may ask for trusted ones; only: trusted documents are all that is answered, without "
        "introspection and GraphiQL (default: off)",
    )
    serving.add_argument(
        "--trusted-documents",
        metavar="FILE",
        help="manifest of trusted documents, as graphql-codegen, Relay or Apollo write it; read again when it has "
        "changed",
    )


def _limit(text: str) -> tuple[Limit, int]:
    name, _, value = text.partition("=")
    if name not in BY_NAME:
        raise argparse.ArgumentTypeError(f"no limit that can be set is called {name!r}: there are {', '.join(BY_NAME)}")
    if not (value.isascii() and value.isdigit() and int(value) <= _MOST):
        raise argparse.ArgumentTypeError(f"{name}: a whole number from 0 to {_MOST} is needed, not {value!r}")
    return BY_NAME[name], int(value)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


_port.__name__ = "port"  # argparse: "invalid port value"
