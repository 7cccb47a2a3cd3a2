"""The service as a program, in the folder tests: `python -m service --port 8080 --store FILE.sqlite`."""

import argparse
import asyncio

from . import Options, Served, Store, fill
from .releases import NEWEST, RELEASES


def main() -> None:
    parser = argparse.ArgumentParser(prog="service", description="A metadata service for tests and demos only.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--store", default=":memory:", help="a file, made where it is absent")
    parser.add_argument("--prefix", default="", help="a path that all routes are under")
    parser.add_argument("--release", default=NEWEST, choices=RELEASES)
    parser.add_argument("--delay", type=float, default=0, help="seconds before each request")
    parser.add_argument("--row-cost", type=float, default=0, help="seconds for each row of an answer")
    parser.add_argument("--api-key", help="what x-api-key must be")
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--fill", type=int, default=0, metavar="RUNS", help="begin with a made history")
    given = parser.parse_args()
    store = Store(given.store)
    if given.fill:
        fill(store, runs=given.fill)
    named = ("release", "delay", "row_cost", "api_key", "read_only")
    service = Served(store, Options(**{name: getattr(given, name) for name in named}), given.prefix)
    try:
        asyncio.run(service.serve(given.port, lambda: print(service.url, flush=True), asyncio.Event()))
    except KeyboardInterrupt:
        pass
    finally:
        store.close()


if __name__ == "__main__":
    main()
