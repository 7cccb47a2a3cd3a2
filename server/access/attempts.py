"""Credentials that were refused, by the address that they came from: whoever guesses is not listened to for long."""

import time
from collections import OrderedDict
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

    @contextmanager
    def one(self, network: str, credential: str, quota: Quota) -> Generator[None]:
        """To look at a credential; RequestError (429) where it is not to be looked at. One of 401 is a failure."""
        mark = sha256(f"{network} {credential}".encode()).digest()
        standing = self._failures.standing(network, quota, time.monotonic(), wanted=1)
        if standing.seconds and mark not in self._good:
            raise _too_many(standing)
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


def _too_many(standing: Standing) -> RequestError:
    message = f"Too many credentials of this address were refused: try again in {standing.seconds} s."
    headers = {"retry-after": str(standing.seconds)} | header_fields([standing])
    return refused("RATE_LIMITED", message, 429, headers)
