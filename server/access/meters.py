"""What principals, and addresses, may still ask for."""

import time
from typing import NamedTuple

from ..errors import refused
from .config import Rates
from .rates import Buckets, Quota, Standing


class Account(NamedTuple):
    """The keys of whom a request is charged to; None where it is not known who asks."""

    principal: str | None
    address: str


class Meters:
    """A bucket for each principal, and one for each address."""

    def __init__(self) -> None:
        self._principals = Buckets()
        self._addresses = Buckets()

    def charge(self, account: Account, rates: Rates, objects: int) -> None:
        """Take so many objects of both; RequestError (429), and nothing is taken, where one has less."""
        now = time.monotonic()
        short = max(standing.seconds for standing in self._standings(account, rates, now, objects))
        if short:
            message = f"Too much was asked for in a short time: for {objects} objects, try again in {short} s."
            raise refused("RATE_LIMITED", message, 429, {"retry-after": str(short)})
        for buckets, key, quota in self._of(account, rates):
            buckets.take(key, quota, now, objects)

    def standings(self, account: Account, rates: Rates, wanted: int | None = None) -> list[Standing]:
        """What is left to both, and when there will be as much as is wanted, or all."""
        return self._standings(account, rates, time.monotonic(), wanted)

    def _standings(self, account: Account, rates: Rates, now: float, wanted: int | None) -> list[Standing]:
        return [buckets.standing(key, quota, now, wanted) for buckets, key, quota in self._of(account, rates)]

    def _of(self, account: Account, rates: Rates) -> list[tuple[Buckets, str, Quota]]:
        of_address = (self._addresses, account.address, Quota("address", rates.address, rates.seconds))
        if account.principal is None:
            return [of_address]
        return [(self._principals, account.principal, Quota("principal", rates.principal, rates.seconds)), of_address]
