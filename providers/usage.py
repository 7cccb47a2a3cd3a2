"""What an operation costs upstream: counted where it is spent, shown in `extensions` on request, asserted in tests."""

from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf


@dataclass(slots=True)
class Usage:
    """`calls`: batches that went to a provider, by method. `file_reads`: files that were opened for them.

    `values_left`: bytes that values of artifacts may still take in memory.
    """

    calls: Counter[str] = field(default_factory=Counter[str])
    file_reads: int = 0
    values_left: float = inf


# Threads that read for an operation run in a copy of its context, hence see the same object.
current: ContextVar[Usage] = ContextVar("usage", default=Usage())  # noqa: B039 - nobody reads the default's counts
