"""What a request takes of what may be asked for in a while."""

from .config import Rates
from .meters import Account, Meters
from .rates import header_fields


class Charges:
    """Of one request, from a `network`: that is charged whoever asks."""

    def __init__(self, meters: Meters, rates: Rates, network: str) -> None:
        self._meters = meters
        self._rates = rates
        self._account = Account(None, network)
        self._charged = 0
        self._wanted: int | None = None  # what was refused

    @property
    def payer(self) -> str:
        """Who it is, by whatever credential of theirs; the network of whom nobody knows."""
        return self._account.principal or self._account.address

    def share(self, key: str) -> None:
        """From now on whoever has this key is charged too."""
        self._account = self._account._replace(principal=key)

    def take(self, objects: int) -> None:
        """Charge so many; RequestError (429) where that is too much. Of a quota that is smaller, the whole is taken."""
        self._wanted = min(objects, min(self._rates.principal, self._rates.address) - self._charged)
        self._meters.charge(self._account, self._rates, self._wanted)
        self._charged += self._wanted
        self._wanted = None

    def headers(self) -> dict[str, str]:
        """What is left, for the answer; nothing where nothing was asked for."""
        if not self._charged and self._wanted is None:
            return {}
        return header_fields(self._meters.standings(self._account, self._rates, self._wanted))
