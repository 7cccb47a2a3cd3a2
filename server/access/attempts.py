"""Credentials that were refused, by the address that they came from: whoever guesses is not listened to for long."""

from collections import OrderedDict
from hashlib import sha256
from typing import NamedTuple

from .rates import Buckets, Quota

_MOST_GOOD = 10_000


class Attempt(NamedTuple):
    """A credential that came from an address; `mark`: a hash of both."""

    address: str
    mark: bytes


def attempt_of(address: str, credential: str) -> Attempt:
    return Attempt(address, sha256(f"{address} {credential}".encode()).digest())


class Attempts:
    """While an address has spent its failures, only what was good before is looked at of it: a guess never was, and
    those who share the address go on."""

    def __init__(self) -> None:
        self._failures = Buckets()
        self._good: OrderedDict[bytes, None] = OrderedDict()

    def wait(self, attempt: Attempt, quota: Quota, now: float) -> int:
        """After how many seconds the credential will be looked at; 0: now."""
        if attempt.mark in self._good:
            return 0
        return self._failures.standing(attempt.address, quota, now, wanted=1).seconds

    def failed(self, attempt: Attempt, quota: Quota, now: float) -> None:
        self._good.pop(attempt.mark, None)
        self._failures.take(attempt.address, quota, now, 1)

    def succeeded(self, attempt: Attempt) -> None:
        self._good[attempt.mark] = None
        self._good.move_to_end(attempt.mark)
        if len(self._good) > _MOST_GOOD:
            self._good.popitem(last=False)
