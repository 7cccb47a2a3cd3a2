"""How requests end whose time has come before their answer."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..providers.errors import TimedOut
from .error_answers import error_answer
from .errors import refused_by


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
                stopping = TimedOut("The gateway is about to stop; try again.")
                error = refused_by(stopping, 503, {"connection": "close"})
                await error_answer(scope, error)(scope, receive, send)

    return called
