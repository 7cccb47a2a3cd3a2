"""A service that runs: in a thread of this process, or as this process."""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from .app import Service
from .options import Options
from .store import Store


@contextmanager
def serving(store: Store, *, prefix: str = "", port: int = 0, **options: Any) -> Generator["Served"]:
    """A service over the store in a thread of its own; `options` are those of `Options`, and may be changed later."""
    service = Served(store, Options(**options), prefix)
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(service.serve(port, ready.set, ended))

    thread = threading.Thread(target=run, name="metadata service", daemon=True)
    thread.start()
    try:
        if not ready.wait(30):
            raise TimeoutError("the service did not begin")
        yield service
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(30)


class Served(Service):
    """A service that has an address."""

    url: str = ""

    async def serve(self, port: int, ready: Callable[[], None], ended: asyncio.Event) -> None:
        """Answers at 127.0.0.1 until the end; port 0 is any that is free."""
        # Who is slow to end is a test of ours that hangs.
        runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}{self.prefix}"
            ready()
            await ended.wait()
            await site.stop()
            await asyncio.sleep(0.02)  # connections that came just now are known by then, and closed with the others
        finally:
            await runner.cleanup()
