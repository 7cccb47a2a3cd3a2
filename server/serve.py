"""The server's process: its socket, uvicorn, and how it ends."""

import errno
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from .browsers.hosts import is_loopback
from .connections.connection import Connection
from .connections.descriptors import made_room
from .settings.metaflow_config import SettingsError
from .settings.serving_options import EVERYONE

_logger = logging.getLogger(__name__)

# What runs may end for so long, after SIGTERM or Ctrl-C.
GRACE_SECONDS = 3
# A thread that reads from a disk which does not answer can't be ended but with the process.
LAST_SECONDS = GRACE_SECONDS + 3


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        last = threading.Timer(LAST_SECONDS, os._exit, [128 + sig])
        last.daemon = True
        last.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:  # a second Ctrl-C: uvicorn leaves the application as it is, and it is told of that
            await self.lifespan.shutdown()


def listen(host: str, port: int, *, anywhere: bool = False) -> socket.socket:
    """The socket that listens there; SettingsError where that can't be.

    `anywhere`: where other machines reach it too.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        if not anywhere and not is_loopback(str(address[0])):
            raise SettingsError(
                f"--host {host}: other machines reach it there, and nobody is asked who they are. Say who may do what "
                f"by --config, or that all who reach it may read all runs and change their tags by {EVERYONE}."
            )
        return socket.create_server(address[:2], family=family, backlog=2048)
    except (socket.gaierror, UnicodeError) as error:
        raise SettingsError(f"--host {host}: there is no such address here.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(f"Port {port} of {host} is in use: choose another by --port.") from error
        raise SettingsError(f"{host} can't be listened on at port {port}: {os.strerror(error.errno or 0)}.") from error


def url_of(listening: socket.socket) -> str:
    """The URL that it is reached at, from this machine."""
    host, port = listening.getsockname()[:2]
    local = str({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host))
    return f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"


def collect_briefly() -> None:
    """Have the garbage collector stall the event loop for as little as can be at a time, from now on."""
    # What lives as long as the process is no business of its full passes.
    gc.collect()
    gc.freeze()
    # While a large answer is made all that is young lives: a pass over 3,500 such objects takes 1 to 3 ms, one over
    # the 400,000 of (20_000, 20, …) took 64 to 79.
    gc.set_threshold(700, 4, 2_000)


def serve(application: ASGIApp, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serves until a signal ends it; `ready` is called once it answers."""
    room = made_room()
    if room.notice:
        _logger.warning(room.notice)
    collect_briefly()
    config = uvicorn.Config(
        application,
        http=cast("type[Connection]", partial(Connection, most=room.connections)),
        ws="none",  # else uvicorn answers them itself, where a library for them is installed
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Whose address it is matters to access control, and no header may say so of just anyone on this machine.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=room.waiting,
    )
    ready()
    try:
        _Server(config).run([listening])
    except KeyboardInterrupt:  # uvicorn raises the signal again, once all has ended
        signal.signal(signal.SIGINT, signal.SIG_IGN)
