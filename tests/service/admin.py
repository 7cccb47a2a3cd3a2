"""The routes about the service itself."""

import json

from aiohttp import web

from .asked import Asked
from .replies import OutOfHandlers, broken, text

_NO_ROLE = "Parameter validation failed:\nInvalid type for parameter RoleArn, value: None, type: <class 'NoneType'>, \
valid types: <class 'str'>"


async def ping(asked: Asked) -> web.Response:
    return text("pong", asked.version)


async def version(asked: Asked) -> web.Response:
    return text(asked.version, None)


async def healthcheck(asked: Asked) -> web.Response:
    if asked.options.database_down:
        raise OutOfHandlers
    answer = asked.answer('{"status": "UP"}')
    answer.headers["Content-Type"] = "application/json"
    return answer


async def token(asked: Asked) -> web.Response:
    traceback: str = broken(_NO_ROLE).body["traceback"]
    body = {"err_msg": _NO_ROLE, "traceback": traceback}
    return web.Response(text=json.dumps(body), status=500)


def refused_for_no_key() -> web.Response:
    """What a gateway of AWS says."""
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "ForbiddenException"}
    return web.Response(body=b'{"message":"Forbidden"}', status=403, headers=headers)
