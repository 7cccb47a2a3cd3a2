"""What a request is called: in its answer, in the log, in the audit log."""

from uuid import uuid4

from starlette.types import Scope


def request_id(scope: Scope) -> str:
    """The same whoever asks for it."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        state["request_id"] = uuid4().hex
    return state["request_id"]
