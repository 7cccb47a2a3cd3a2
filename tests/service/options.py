"""How a service behaves, beyond what it stores; to be changed while it runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .releases import NEWEST

Kind = Literal["error", "database", "unavailable", "html", "dropped", "truncated", "half", "slow", "late"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with every nth request whose route contains `route`.

    error: 500 with a traceback; database: 500 with a pgcode; unavailable: 503, with Retry-After if `seconds`;
    html: 502 with a page of a proxy; dropped: the connection ends without an answer; truncated: it ends amid the
    body; half: an answer whose JSON ends halfway; slow: its body takes `seconds`; late: it begins after `seconds`.
    """

    kind: Kind
    every: int = 1
    route: str = ""
    seconds: float = 0
    # After so many it is over.
    times: int | None = None


@dataclass(slots=True)
class Options:
    """All of it at its default is the newest release, at once, without a fault."""

    release: str = NEWEST
    # Seconds before each request, as of a network: they do not add up.
    delay: float = 0
    # Seconds for each row of an answer, during which nothing else is answered: the service has one thread.
    row_cost: float = 0
    # A gateway in front wants it as x-api-key.
    api_key: str | None = None
    # As the copy that a UI backend serves.
    read_only: bool = False
    database_down: bool = False
    # Tag mutations of one run that overlap within so many seconds are a conflict, and this share of all others, too.
    mutation_seconds: float = 0.002
    conflicts: float = 0
    faults: Sequence[Fault] = ()
