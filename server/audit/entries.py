"""What the audit log tells of one request."""

from collections.abc import Mapping
from time import time
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode, OperationType
from starlette.types import Scope

from ...providers.times import rfc3339
from ..errors import RequestError
from ..senders import Sender
from .mutations import Mutated, mutated, shortened
from .outcomes import NOTHING_CHANGED, REFUSALS, Outcomes
from .room import told

# Of a whole request: it came too slowly, or the gateway ends.
_LATE = "TIMEOUT"


class Entry:
    """One request, of which the audit log is told as it goes on. `outcomes`: of what is executed;
    `told_of`: where it is answered, at whose end its line is written, which is another place once the connection
    refuses it."""

    def __init__(self, request_id: str, sender: Sender) -> None:
        self.sender = sender
        self.outcomes = Outcomes()
        self.told_of: Scope | None = None
        self._request_id = request_id
        self._principal: Mapping[str, str | None] | None = None
        self._operation: dict[str, Any] = {}
        self._mutations: list[Mutated] = []
        self._executing = False
        self._refusal: RequestError | None = None
        self._ended_connection = False

    @property
    def changed_nothing(self) -> bool:
        """Whether it is certain that nothing was changed."""
        return all(self._outcome(one) in NOTHING_CHANGED for one in self._mutations) or not self._executing

    def know(self, principal: Mapping[str, str | None]) -> None:
        """It is them who ask."""
        self._principal = principal

    def begin(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any] | None,
        default_metadata: str | None,
    ) -> None:
        """It is this operation, of a valid document, that they ask for: of the default provider where none is said."""
        name = operation.name.value if operation.name else None
        self._operation = {"name": shortened(name), "kind": operation.operation.value}
        if operation.operation is OperationType.MUTATION:
            self._mutations = mutated(document, operation, variables, default_metadata)

    def estimate(self, cost: int) -> None:
        """It may touch so many objects."""
        self._operation["cost"] = cost

    def execute(self) -> None:
        """From now on something may be changed."""
        self._executing = True

    def execute_nothing(self) -> None:
        """Its variables have values that they can't have, so that nothing was executed after all."""
        self._executing = False

    def refuse(self, error: RequestError, *, ends_connection: bool = False) -> None:
        """This error is what is answered; of several, the first is why."""
        self._refusal = self._refusal or error
        self._ended_connection = self._ended_connection or ends_connection

    def line(self, scope: Scope, status: int | None) -> dict[str, Any] | None:
        """None where it is neither a mutation nor refused. `status`: None where nothing was answered."""
        codes = [*self._refused, self.outcomes.refusal, self.outcomes.code]
        refusals = [code for code in codes if code in REFUSALS] or [
            code for code in self._refused if code == _LATE or self._ended_connection
        ]
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
            **told([(one, self._outcome(one)) for one in self._mutations]),
            "outcome": next(filter(None, [*refusals, *codes]), "OK" if status else "CANCELLED"),
            "at": self.outcomes.refused_at,
            "reason": self._refusal.errors[0]["message"] if self._refusal else None,
            "status": status,
        }

    @property
    def _refused(self) -> list[str]:
        return [error["extensions"]["code"] for error in self._refusal.errors] if self._refusal else []

    def _outcome(self, one: Mutated) -> str | None:
        """None where it can't be known."""
        if self._refusal and not self._executing:
            return self._refused[0]
        return self.outcomes.of_root.get(one.key)


def entry_of(scope: Scope) -> Entry | None:
    """None without access control."""
    return scope.get("state", {}).get("entry")


def now() -> str:
    """The time, as all lines tell it."""
    return rfc3339(int(time() * 1000))
