"""The options that say where runs are read from, of each command that reads them."""

import argparse
from typing import Any, NoReturn

from .s3_access import DISK_CACHE_BYTES


class Parser(argparse.ArgumentParser):
    """Takes options by their whole names, and says in one line what is wrong."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def provider_options() -> Parser:
    """Of which a command's parser is made."""
    options = Parser(add_help=False)
    options.add_argument(
        "--metadata",
        metavar="NAME=TYPE@INFO",
        action="append",
        default=[],
        help="where to read runs from, and the name that clients pick it by: NAME=local@PATH, where PATH holds "
        "the folder .metaflow, NAME=service@URL, a metadata service, or NAME=s3@URL, a datastore in S3 by itself; "
        "may be repeated "
        "(default: what Metaflow itself reads in this folder)",
    )
    options.add_argument(
        "--default-metadata",
        metavar="NAME",
        help="which of them answers where a client names none (default: the first)",
    )
    _add_headers(options)
    _add_s3(options)
    options.add_argument(
        "--default-namespace",
        metavar="TAG",
        help="namespace that applies where a client gives none, such as user:alice; user: Metaflow's own default "
        "(default: no namespace, which is all objects)",
    )
    options.add_argument(
        "--inactive-after",
        metavar="SECONDS",
        type=float,
        default=86_400,
        help="how long a run may leave no trace before it counts as dead (default: 86400, a day)",
    )
    options.add_argument(
        "--stalled-after",
        metavar="SECONDS",
        type=float,
        default=60,
        help="how long the next step of a run, or a retry, may take to begin before it counts as dead (default: 60)",
    )
    return options


def _add_headers(options: Parser) -> None:
    options.add_argument(
        "--service-headers-file",
        metavar="[NAME=]FILE",
        action="append",
        default=[],
        help="headers for the metadata service NAME, or for each, as a JSON object or lines 'Name: value'; read again "
        "when the file has changed; may be repeated (default: METAFLOW_SERVICE_HEADERS and METAFLOW_SERVICE_AUTH_KEY, "
        "for the service at METAFLOW_SERVICE_URL or, where that is not set, the only one)",
    )
    options.add_argument(
        "--service-headers-command",
        metavar="[NAME=]COMMAND",
        action="append",
        default=[],
        help="the same, from what a command prints, which is run without a shell, and again when the service refuses "
        "the headers; may be repeated",
    )
    options.add_argument(
        "--service-headers-seconds",
        metavar="SECONDS",
        type=float,
        default=60,
        help="how long what a command printed is used before it is run again (default: 60)",
    )


def _add_s3(options: Parser) -> None:
    options.add_argument(
        "--s3-root",
        metavar="URL",
        action="append",
        default=[],
        help="datastore in S3 that runs may have their data in, such as s3://bucket/prefix, besides those of "
        "METAFLOW_DATASTORE_SYSROOT_S3 and of --metadata; may be repeated",
    )
    options.add_argument(
        "--disk-cache",
        metavar="FOLDER",
        help="where to keep what was read from S3; processes may share it (default: in memory alone)",
    )
    options.add_argument(
        "--disk-cache-bytes",
        metavar="N",
        type=int,
        default=DISK_CACHE_BYTES,
        help="how much of it at most (default: 10737418240, 10 GiB)",
    )
