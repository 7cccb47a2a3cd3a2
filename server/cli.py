"""The command line: metaflow-graphql serve, query, schema, token."""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from .. import __version__
from ..schema import schema
from .access.control import AccessControl
from .access.tokens import new_token, table_of
from .app import application
from .browsers.hosts import Hosts
from .encoding import dumps
from .errors import Faults, RequestError
from .operations import Operation, Operations
from .persisted.documents import Mode
from .serve import listen, serve, url_of
from .settings.metaflow_config import SettingsError
from .settings.provider_options import Parser, provider_options
from .settings.s3_access import S3Options
from .settings.serving_options import add_serving
from .settings.settings import Options, Settings, gateway, settings
from .settings.sources import HeaderOptions


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command, and returns the exit code of the process."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    given = _parser().parse_args(arguments)
    try:
        return given.run(given)
    except SettingsError as error:
        sys.stderr.write(f"metaflow-graphql: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # what read our output has seen enough; nothing may be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _serve(given: argparse.Namespace) -> int:
    for limit, value in given.limits:
        limit.value = value
    chosen = _settings(given)
    access = AccessControl(chosen.config, chosen.metadata, chosen.tls) if chosen.config else None
    anywhere = chosen.everyone_may_read_and_tag
    app = application(
        schema,
        gateway(chosen),
        chosen.cors_origins,
        chosen.public_url,
        chosen.documents,
        graphiql=chosen.graphiql,
        hosts=None if access else Hosts(chosen.public_url, anywhere=anywhere),
        access=access,
    )
    listening = listen(given.host, given.port, anywhere=anywhere or access is not None)

    def ready() -> None:
        url = chosen.public_url or url_of(listening)
        _write(f"metaflow-graphql serves {url}/graphql over {chosen.shown_metadata}")

    serve(app, listening, ready)
    return 0


def _query(given: argparse.Namespace) -> int:
    operation = Operation(_text(given.query), None, _variables(given.variables))
    answer = asyncio.run(_answer(operation, _settings(given)))
    _write(dumps(answer, indent=sys.stdout.isatty()).decode())
    return 1 if "errors" in answer else 0


def _schema(_: argparse.Namespace) -> int:
    _write(schema.as_str())
    return 0


def _token(given: argparse.Namespace) -> int:
    token = new_token()
    sys.stderr.write("The first line is the token, told only here; the others are for the file of serve --config.\n")
    _write(f"{token}\n{table_of(token, given.name, given.group)}")
    return 0


async def _answer(operation: Operation, chosen: Settings) -> dict[str, Any]:
    faults, over = Faults(), gateway(chosen)
    try:
        return await Operations(schema, over).answer(operation, faults)
    except RequestError as error:
        return {"errors": error.errors}
    except Exception as error:  # as over HTTP
        return {"errors": [faults.internal(error)]}
    finally:
        await over.close()


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode() + b"\n")
    sys.stdout.buffer.flush()


def _text(given: str) -> str:
    """The query: what was given, or what stands in the file of that name."""
    if not os.path.isfile(given):
        if "{" in given:
            return given
        raise SettingsError(f"{given!r} is neither a query nor a file.")
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{given} can't be read: {error}.") from error


def _variables(given: str | None) -> dict[str, Any]:
    try:
        variables = json.loads(given or "{}")
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"--variables is not JSON: {error}.") from error
    if not isinstance(variables, dict):
        raise SettingsError('--variables must be a JSON object, such as {"flow": "HelloFlow"}.')
    return cast(dict[str, Any], variables)


def _settings(given: argparse.Namespace) -> Settings:
    options = Options(
        metadata=given.metadata,
        default_metadata=given.default_metadata,
        default_namespace=given.default_namespace,
        inactive_after=given.inactive_after,
        stalled_after=given.stalled_after,
        public_url=getattr(given, "public_url", None),
        cors_origins=getattr(given, "cors_origin", ()),
        service_headers=HeaderOptions(
            given.service_headers_file, given.service_headers_command, given.service_headers_seconds
        ),
        s3=S3Options(given.s3_root, given.disk_cache, given.disk_cache_bytes),
        graphiql=getattr(given, "graphiql", True),
        everyone_may_read_and_tag=getattr(given, "everyone", False),
        persisted_documents=getattr(given, "persisted_documents", Mode.OFF),
        trusted_documents=getattr(given, "trusted_documents", None),
        config=getattr(given, "config", None),
    )
    chosen = settings(options, os.environ, Path.cwd())
    if chosen.notice:
        sys.stderr.write(f"metaflow-graphql: {chosen.notice}\n")
    return chosen


def _parser() -> Parser:
    parser = Parser(prog="metaflow-graphql", description="A GraphQL gateway over the runs that Metaflow recorded.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    over = provider_options()

    serving = commands.add_parser(
        "serve", parents=[over], help="answer queries over HTTP", description="Answers queries over HTTP, at /graphql."
    )
    serving.set_defaults(run=_serve)
    add_serving(serving)

    asking = commands.add_parser(
        "query",
        parents=[over],
        help="answer one query, without a server",
        description="Prints the JSON answer to a query. The exit code is 1 if there are errors in it.",
    )
    asking.set_defaults(run=_query)
    asking.add_argument("query", metavar="QUERY|FILE", help="the query, or a file that holds it")
    asking.add_argument("--variables", metavar="JSON", help="the query's variables, as a JSON object")

    printing = commands.add_parser("schema", help="print the GraphQL schema", description="Prints the GraphQL schema.")
    printing.set_defaults(run=_schema)

    making = commands.add_parser(
        "token",
        help="make an API token",
        description="Prints a new API token, and the lines of a configuration that have the gateway know it.",
    )
    making.set_defaults(run=_token)
    making.add_argument("name", metavar="NAME", help="what rules call it")
    making.add_argument(
        "--group", metavar="GROUP", action="append", default=[], help="group that it is in; may be repeated"
    )
    return parser
