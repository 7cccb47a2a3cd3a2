"""What came of an operation that was executed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

OK = "OK"
# What is refused for who asks, or for how much they ask.
REFUSALS = frozenset({"UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED", "LIMIT_EXCEEDED", "PAYLOAD_TOO_LARGE"})
# With which a field of Mutation ends before it changes anything. By others it can't be told whether it did.
NOTHING_CHANGED = frozenset(
    {
        "BAD_USER_INPUT", "FORBIDDEN", "INVALID_PATHSPEC", "INVALID_TAG", "NAMESPACE_MISMATCH", "NOT_FOUND",
        "READ_ONLY_PROVIDER", "SYSTEM_TAG", "TAG_CONFLICT", "UNKNOWN_METADATA_PROVIDER",
    }
)  # fmt: skip
_MOST_PATHS, _LONGEST = 5, 200  # of the fields that were refused: how many are told, in how many characters


@dataclass(slots=True)
class Outcomes:
    """Told of error by error, as an answer may have a hundred thousand: `code` of the first, `refusal` of the first
    that is one, `refused_at` which fields; `of_root`: what became of each field of the root, by its key."""

    code: str | None = None
    refusal: str | None = None
    refused_at: list[str] = field(default_factory=list[str])
    of_root: dict[str, str] = field(default_factory=dict[str, str])

    def meet(self, error: Mapping[str, Any]) -> None:
        """It is in the answer, as it is sent."""
        code: str = error["extensions"]["code"]
        path: list[str | int] = error.get("path") or []
        self.code = self.code or code
        if path:
            # What is wrong further down is so after the field of the root was executed.
            self.of_root.setdefault(str(path[0]), code if len(path) == 1 else OK)
        if code in REFUSALS:
            self.refusal = self.refusal or code
            if path and len(self.refused_at) < _MOST_PATHS:
                self.refused_at.append(".".join(map(str, path))[:_LONGEST])

    def end(self, keys: Iterable[str]) -> None:
        """There are no more; `keys` of the root are in the answer."""
        for key in keys:
            self.of_root.setdefault(key, OK)
