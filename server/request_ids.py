"""What a request is called: in its answer, in the log, in the audit log."""

from secrets import token_hex

from starlette.types import Scope


def request_id(scope: Scope) -> str:
    """The same whoever asks for it."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        state["request_id"] = token_hex(16)
    return state["request_id"]
