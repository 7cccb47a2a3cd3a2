"""One request: who asks, what it costs them, and what became of it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import uuid4

from graphql import DocumentNode, OperationDefinitionNode, OperationType
from starlette.requests import HTTPConnection

from ...providers.grants import Principal
from ...resolvers.signatures import Signatures
from ..errors import RequestError, refused
from .config import Rates
from .identities import Identity, no_credential
from .meters import Account, Meters
from .mutations import Mutated, mutated, shortened
from .rates import header_fields

# What is refused for who asks, or for how much they ask.
REFUSALS = frozenset({"UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED", "LIMIT_EXCEEDED", "PAYLOAD_TOO_LARGE"})
_MOST_PATHS, _LONGEST = 5, 200  # of the fields that were refused: how many are told, in how many characters
_OF_STATUSES = {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 413: "PAYLOAD_TOO_LARGE", 429: "RATE_LIMITED"}


class Admission:
    """`address`: where the request comes from, and `limited_as`: what that is to limits. `signatures`: what URLs of
    files are signed by; None where they are not. `bearer`: to whom one was given out, by what it carries."""

    def __init__(
        self,
        address: str,
        limited_as: str,
        rates: Rates,
        meters: Meters,
        signatures: Signatures | None = None,
        bearer: Callable[[bytes], Principal | None] = lambda _: None,
    ) -> None:
        self.request_id = uuid4().hex
        self.address = address
        self.limited_as = limited_as
        self.signatures = signatures
        self.refusal: RequestError | None = None
        self.tried = False  # a credential was sent
        self._bearer = bearer
        self._rates = rates
        self._meters = meters
        self._identity: Identity | None = None
        self._principal: Principal | None = None
        self._account: Account | None = None
        self._charged = 0
        self._wanted: int | None = None  # what was refused
        self._operation: dict[str, Any] = {}
        self._mutated: list[Mutated] = []
        self._outcomes: dict[str, str] = {}
        self._refused_at: list[str] = []
        self._codes: list[str] = []

    @property
    def principal(self) -> Principal:
        """Who asks; RequestError (401) where nobody was let in: a route that needs no credential may lead to one that
        does."""
        if self._principal is None:
            raise self.refusal or no_credential()
        return self._principal

    @property
    def admitted(self) -> bool:
        """Whether somebody was let in."""
        return self._principal is not None

    def admit(self, identity: Identity, principal: Principal) -> None:
        """It is them who ask; RequestError (403) where nothing is granted to them, (429) where they ask too much."""
        self._identity = identity
        self._account = Account(identity.key, self.limited_as)
        if not principal.grants:
            raise refused("FORBIDDEN", f"Nothing is granted to {principal.name} here: no rule is about them.", 403)
        self.take(1)
        self._principal = principal

    def begin(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
    ) -> None:
        """It is this operation, of a valid document, that they ask for."""
        name = operation.name.value if operation.name else None
        self._operation = {"name": shortened(name), "kind": operation.operation.value}
        if operation.operation is OperationType.MUTATION:
            self._mutated = mutated(document, operation, variables)

    def charge(self, cost: int) -> None:
        """The operation is estimated at so many objects; RequestError (429) where that is too much."""
        self._operation["cost"] = cost
        self.take(cost)

    def admit_by_url(self, identity: bytes) -> Principal | None:
        """Whom a signed URL stands for, if it is still good; RequestError (429) where too much was asked for by those
        of one principal."""
        self._account = Account(f"url\n{identity.hex()}", self.limited_as)
        self.take(1)
        self._principal = self._bearer(identity)
        if self._principal is not None:
            self.refusal = None
        return self._principal

    def take(self, objects: int) -> None:
        """Charge so many; RequestError (429) where that is too much. Of a quota that is smaller, the whole is taken."""
        assert self._account is not None
        self._wanted = min(objects, min(self._rates.principal, self._rates.address) - self._charged)
        self._meters.charge(self._account, self._rates, self._wanted)
        self._charged += self._wanted
        self._wanted = None

    def answered(self, answer: Mapping[str, Any]) -> None:
        """The operation was executed, with this answer."""
        errors: list[Mapping[str, Any]] = answer.get("errors") or []
        self._codes = [error["extensions"]["code"] for error in errors]
        refused_at = (
            error["path"] for error in errors if error["extensions"]["code"] in REFUSALS and error.get("path")
        )
        self._refused_at = [".".join(map(str, path))[:_LONGEST] for path in islice(refused_at, _MOST_PATHS)]
        self._outcomes = dict.fromkeys(answer.get("data") or (), "OK") | {
            str(error["path"][0]): error["extensions"]["code"] for error in reversed(errors) if error.get("path")
        }

    def refused(self, error: RequestError) -> None:
        """Nothing was executed, or nothing is answered."""
        self.refusal = error
        self._codes = [told["extensions"]["code"] for told in error.errors]

    def failed(self, code: str) -> None:
        """It ended in a fault of ours."""
        self._codes = [code]
        self._outcomes = {}

    def headers(self) -> dict[str, str]:
        """What is told of it with every answer."""
        told = {"x-request-id": self.request_id}
        if self._account is None:
            return told
        return told | header_fields(self._meters.standings(self._account, self._rates, self._wanted))

    def record(self, request: HTTPConnection, status: int | None) -> dict[str, Any] | None:
        """Its line in the audit log; None where it is neither a mutation nor refused. `status`: None where nothing was
        answered."""
        codes = self._codes or [_OF_STATUSES.get(status or 0, "OK" if status else "CANCELLED")]
        if self.refusal and self.tried:  # where a credential is not needed, one that is refused is told all the same
            codes = [*(told["extensions"]["code"] for told in self.refusal.errors), *codes]
        refusals = [code for code in codes if code in REFUSALS]
        if not refusals and not self._mutated:
            return None
        who = self._identity
        return {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestId": self.request_id,
            "address": self.address,
            "principal": who and {"name": who.name, "by": who.by, "issuer": who.issuer},
            "method": request.scope["method"],
            "path": shortened(request.scope["path"]),
            "operation": self._operation or None,
            "mutations": [self._told(one) for one in self._mutated],
            "outcome": (refusals or codes)[0],
            "at": self._refused_at,
            "reason": self.refusal.errors[0]["message"] if self.refusal else None,
            "status": status,
        }

    def _told(self, one: Mutated) -> dict[str, Any]:
        return {
            "field": one.field,
            "run": one.run,
            "metadata": one.metadata,
            "tags": one.tags,
            "outcome": self._outcomes.get(one.key),
        }


def admission_of(request: HTTPConnection) -> Admission | None:
    """None without access control."""
    return request.scope.get("state", {}).get("admission")


def principal_of(request: HTTPConnection) -> Principal | None:
    """Who sent it; None without access control. RequestError where nobody was let in."""
    admission = admission_of(request)
    return admission and admission.principal
