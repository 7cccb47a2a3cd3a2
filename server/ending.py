"""How requests end whose time has come before their answer."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..providers.errors import TimedOut
from .error_answers import error_answer
from .errors import RequestError, refused_by


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
                await error_answer(scope, stopping())(scope, receive, send)

    return called


def stopping() -> RequestError:
    """What those are told who were not answered in time."""
    return refused_by(TimedOut("The gateway is about to stop; try again."), 503, {"connection": "close"})
