"""Credentials that were refused, by the address that they came from: whoever guesses is not listened to for long."""

import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256

from ..errors import RequestError, refused
from .rates import Buckets, Quota, Standing, header_fields

_MOST_GOOD = 10_000


class Attempts:
    """While a network has spent its failures, only what was good before is looked at of it: a guess never was, and
    those who share the network go on."""

    def __init__(self) -> None:
        self._failures = Buckets()
        self._good: OrderedDict[bytes, None] = OrderedDict()
        # Looked at, by network: each may become a failure while others come, for keys may have to be fetched.
        self._looked_at: defaultdict[str, Counter[bytes]] = defaultdict(Counter)

    @contextmanager
    def one(self, network: str, credential: str, quota: Quota) -> Generator[None]:
        """To look at a credential; RequestError (429) where it is not to be looked at. One of 401 is a failure."""
        mark = sha256(f"{network} {credential}".encode()).digest()
        if mark not in self._good and mark not in self._looked_at.get(network, ()):
            self._check(network, quota)
        with self._looking(network, mark):
            try:
                yield
            except RequestError as error:
                if error.status == 401:
                    self._good.pop(mark, None)
                    self._failures.take(network, quota, time.monotonic(), 1)
                raise
        self._good[mark] = None
        self._good.move_to_end(mark)
        if len(self._good) > _MOST_GOOD:
            self._good.popitem(last=False)

    def _check(self, network: str, quota: Quota) -> None:
        """RequestError (429) where the network could fail more often than it may, if one more was looked at."""
        unsure = sum(mark not in self._good for mark in self._looked_at.get(network, ()))
        standing = self._failures.standing(network, quota, time.monotonic(), wanted=unsure + 1)
        if standing.seconds:
            raise _too_many(standing)

    @contextmanager
    def _looking(self, network: str, mark: bytes) -> Generator[None]:
        looked_at = self._looked_at[network]
        looked_at[mark] += 1
        try:
            yield
        finally:
            looked_at[mark] -= 1
            if not looked_at[mark]:
                del looked_at[mark]
            if not looked_at:
                del self._looked_at[network]


def _too_many(standing: Standing) -> RequestError:
    message = f"Too many credentials of this address were refused: try again in {standing.seconds} s."
    headers = {"retry-after": str(standing.seconds)} | header_fields([standing])
    return refused("RATE_LIMITED", message, 429, headers)
