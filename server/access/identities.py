"""Who asks, as a credential says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import RequestError, refused

By = Literal["token", "jwt", "proxy"]

_REALM = 'Bearer realm="metaflow-graphql"'


@dataclass(frozen=True, slots=True)
class Identity:
    """`by`: the kind of credential; the same name by another is another identity. `until`: seconds since the epoch."""

    by: By
    name: str
    groups: frozenset[str] = frozenset()
    claims: Mapping[str, Any] | None = None
    until: float | None = None

    @property
    def issuer(self) -> str | None:
        """Of a JWT."""
        return (self.claims or {}).get("iss")

    @property
    def shown(self) -> dict[str, str | None]:
        """As the audit log tells it."""
        return {"name": self.name, "by": self.by, "issuer": self.issuer}

    @property
    def key(self) -> str:
        """That of no other identity: none of these texts has a line break."""
        return f"{self.by}\n{self.issuer}\n{self.name}"


def unauthenticated(message: str, error: str | None = "invalid_token") -> RequestError:
    """401, as RFC 6750 has it, section 3; `error`: None where there is no credential at all."""
    described = message.encode("ascii", "replace").decode().translate({ord('"'): "'", ord("\\"): "/"})
    reason = "" if error is None else f', error="{error}", error_description="{described}"'
    return refused("UNAUTHENTICATED", message, 401, {"www-authenticate": _REALM + reason})


def no_credential() -> RequestError:
    """A request that does not say who asks."""
    return unauthenticated("Say who asks by a header Authorization: Bearer, with a token.", None)
