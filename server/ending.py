"""How requests end whose time has come before their answer."""

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..providers.errors import TimedOut
from .errors import extensions


def ending(application: ASGIApp) -> ASGIApp:
    """The application, which answers with 503 what did not end within the grace time.

    uvicorn cancels it then, and would log each request with a traceback.
    """

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await application(scope, receive, noted)
        except asyncio.CancelledError:
            if not begun:
                error = TimedOut("The gateway is about to stop; try again.")
                told = {"message": str(error), "extensions": extensions(error)}
                await JSONResponse({"errors": [told]}, 503, {"connection": "close"})(scope, receive, send)

    return called
