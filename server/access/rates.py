"""Token buckets: how much may be asked for in a while, by whom (draft-ietf-httpapi-ratelimit-headers-10)."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

# Whose buckets are remembered. One that is forgotten is full again: those are that were asked for longest ago.
_MOST_BUCKETS = 10_000
_UNIT = "metaflow-graphql-unit"


class Quota(NamedTuple):
    """So many units in any while of so many seconds; all of them at once where none were taken for as long.

    `unit`: None for requests.
    """

    name: str
    units: int
    seconds: int
    unit: str | None = "objects"


class Standing(NamedTuple):
    """What is left of a quota, and after how many seconds there is as much as was asked for, or all of it."""

    quota: Quota
    left: int
    seconds: int


class Buckets:
    """One for each key, which is known by the time at which it is full again."""

    def __init__(self, most: int = _MOST_BUCKETS) -> None:
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._most = most

    def standing(self, key: str, quota: Quota, now: float, wanted: int | None = None) -> Standing:
        """`now`: time.monotonic(). `wanted`: units that are asked for."""
        missing = round(max(0.0, self._full_at.get(key, now) - now) * quota.units / quota.seconds, 6)
        left = max(0, quota.units - math.ceil(missing))
        short = missing if wanted is None else wanted - (quota.units - missing)
        return Standing(quota, left, math.ceil(max(0.0, short) * quota.seconds / quota.units))

    def take(self, key: str, quota: Quota, now: float, units: int) -> None:
        """All there is where it is less: no bucket is emptier than empty."""
        full_at = max(now, self._full_at.get(key, now)) + units * quota.seconds / quota.units
        self._full_at[key] = min(full_at, now + quota.seconds)
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)

    def __len__(self) -> int:
        return len(self._full_at)


def header_fields(standings: Sequence[Standing]) -> dict[str, str]:
    """RateLimit-Policy and RateLimit (sections 3 and 4)."""
    limits = [f'"{of.quota.name}";r={of.left};t={of.seconds}' for of in standings]
    return {"ratelimit-policy": ", ".join(_policy(of.quota) for of in standings), "ratelimit": ", ".join(limits)}


def _policy(quota: Quota) -> str:
    """A unit of objects has no word in `qu`: only what IANA registers may stand there. So it is left out, which means
    requests, and true as far as it goes: each takes one unit or more. A parameter of ours says what it is."""
    unit = f';{_UNIT}="{quota.unit}"' if quota.unit else ""
    return f'"{quota.name}";q={quota.units};w={quota.seconds}{unit}'
