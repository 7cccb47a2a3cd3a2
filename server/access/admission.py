"""What access control has found of a request, for those who answer it."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from ...providers.grants import Principal
from ...resolvers.signatures import Signatures
from ..audit.entries import Entry
from ..errors import RequestError
from .charges import Charges


@dataclass(frozen=True, slots=True)
class Admission:
    """`who` asks, or why nobody was let in: a route that needs no credential may lead to one that does. `charges`: what
    it takes of what they may ask for. `entry`: what the audit log will tell of it. `signatures`: what URLs of files are
    signed by; None where they are not. `bearer`: to whom one was given out, by what it carries."""

    who: Principal | RequestError
    charges: Charges
    entry: Entry
    signatures: Signatures | None
    bearer: Callable[[bytes], Principal | None]

    @property
    def refusal(self) -> RequestError | None:
        """Why nobody was let in; None where somebody was."""
        return self.who if isinstance(self.who, RequestError) else None

    @property
    def principal(self) -> Principal:
        """RequestError where nobody was let in."""
        if isinstance(self.who, RequestError):
            raise self.who
        return self.who


def admission_of(request: HTTPConnection) -> Admission | None:
    """None without access control."""
    return request.scope.get("state", {}).get("admission")


def principal_of(request: HTTPConnection) -> Principal | None:
    """Who sent it; None without access control. RequestError where nobody was let in."""
    admission = admission_of(request)
    return admission and admission.principal
