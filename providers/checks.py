"""Whether something can be asked at all."""

from .base import Key, Provider
from .errors import GatewayError

_NO_RUN = "Metaflow/0"


async def ask_for_no_run(provider: Provider) -> None:
    """A run that does not exist: the provider says so, if it says anything. Raises the GatewayError that comes."""
    (found,) = await provider.for_operation().runs([Key(provider.name, _NO_RUN)])
    if isinstance(found, GatewayError):
        raise found
