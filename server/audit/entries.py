"""What the audit log tells of one request."""

from collections.abc import Mapping
from itertools import islice
from time import time
from typing import Any, NamedTuple

from graphql import DocumentNode, OperationDefinitionNode, OperationType
from starlette.types import Scope

from ...providers.times import rfc3339
from ..errors import RequestError
from ..senders import Sender
from .mutations import Mutated, mutated, shortened

# What is refused for who asks, or for how much they ask.
_REFUSALS = frozenset({"UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED", "LIMIT_EXCEEDED", "PAYLOAD_TOO_LARGE"})
# Of a whole request: it came too slowly, or the gateway ends.
_LATE = "TIMEOUT"
_MOST_PATHS, _LONGEST = 5, 200  # of the fields that were refused: how many are told, in how many characters


class _Executed(NamedTuple):
    """What came of an operation: the codes of its errors, the fields that were refused, and what became of each field
    of its root, by its key."""

    codes: list[str]
    refused_at: list[str]
    outcomes: dict[str, str]


class Entry:
    """One request, of which the audit log is told as it goes on."""

    def __init__(self, request_id: str, sender: Sender) -> None:
        self.sender = sender
        self._request_id = request_id
        self._principal: Mapping[str, str | None] | None = None
        self._operation: dict[str, Any] = {}
        self._mutations: list[Mutated] = []
        self._executing = False
        self._executed: _Executed | None = None
        self._refusal: RequestError | None = None

    @property
    def came_to_nothing(self) -> bool:
        """Whether it was refused before anything was executed."""
        return self._refusal is not None and not self._executing

    def know(self, principal: Mapping[str, str | None]) -> None:
        """It is them who ask."""
        self._principal = principal

    def begin(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
    ) -> None:
        """It is this operation, of a valid document, that they ask for."""
        name = operation.name.value if operation.name else None
        self._operation = {"name": shortened(name), "kind": operation.operation.value}
        if operation.operation is OperationType.MUTATION:
            self._mutations = mutated(document, operation, variables)

    def estimate(self, cost: int) -> None:
        """It may touch so many objects."""
        self._operation["cost"] = cost

    def execute(self) -> None:
        """From now on something may be changed."""
        self._executing = True

    def answer(self, answer: Mapping[str, Any]) -> None:
        """It was executed, with this answer."""
        errors: list[Mapping[str, Any]] = answer.get("errors") or []
        codes = [error["extensions"]["code"] for error in errors]
        at = [(error["path"], code) for error, code in zip(errors, codes, strict=True) if error.get("path")]
        refused_at = (".".join(map(str, path))[:_LONGEST] for path, code in at if code in _REFUSALS)
        outcomes = dict.fromkeys(answer.get("data") or (), "OK") | {str(path[0]): code for path, code in reversed(at)}
        self._executed = _Executed(codes, list(islice(refused_at, _MOST_PATHS)), outcomes)

    def refuse(self, error: RequestError) -> None:
        """This error is what is answered; of several, the first is why."""
        self._refusal = self._refusal or error

    def line(self, scope: Scope, status: int | None) -> dict[str, Any] | None:
        """None where it is neither a mutation nor refused. `status`: None where nothing was answered."""
        executed = self._executed or _Executed([], [], {})
        codes = [*self._refused, *executed.codes]
        refusals = [code for code in codes if code in _REFUSALS] or [code for code in self._refused if code == _LATE]
        if not refusals and not self._mutations:
            return None
        return {
            "time": now(),
            "requestId": self._request_id,
            "address": self.sender.address,
            "principal": self._principal,
            "method": scope["method"] or None,
            "path": shortened(scope["path"]) or None,
            "operation": self._operation or None,
            "mutations": [self._told(one, executed) for one in self._mutations],
            "outcome": (refusals or codes or ["OK" if status else "CANCELLED"])[0],
            "at": executed.refused_at,
            "reason": self._refusal.errors[0]["message"] if self._refusal else None,
            "status": status,
        }

    @property
    def _refused(self) -> list[str]:
        return [told["extensions"]["code"] for told in self._refusal.errors] if self._refusal else []

    def _told(self, one: Mutated, executed: _Executed) -> dict[str, Any]:
        """`outcome`: None where it can't be known."""
        outcome = self._refused[0] if self.came_to_nothing else executed.outcomes.get(one.key)
        return {"field": one.field, "run": one.run, "metadata": one.metadata, "tags": one.tags, "outcome": outcome}


def entry_of(scope: Scope) -> Entry | None:
    """None without access control."""
    return scope.get("state", {}).get("entry")


def now() -> str:
    """The time, as all lines tell it."""
    return rfc3339(int(time() * 1000))
