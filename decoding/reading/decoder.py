"""From the bytes of a pickle to inert values."""

from collections.abc import Callable, Mapping

from ..errors import TooLarge
from ..limits import DEFAULT, Limits
from ..pickles.handlers import HANDLERS
from ..pickles.machine import Machine
from ..stand_ins import Instance

_NOTHING_KNOWN: Mapping[str, Callable[[Instance], object]] = {}


def decode(
    pickle: bytes,
    limits: Limits = DEFAULT,
    known: Mapping[str, Callable[[Instance], object]] = _NOTHING_KNOWN,
) -> object:
    """The value, with stand-ins for what only running code could make. `known` says by the dotted name of its
    class what to show instead of an instance: the instances remember it, to_json and preview ask it when they
    meet one, complete; one that raises, or answers with an Instance, changes nothing but that.
    Raises TooLarge, and Unreadable.
    """
    if len(pickle) > limits.bytes:
        raise TooLarge(f"The value takes {len(pickle)} bytes; up to {limits.bytes} are read.")
    return Machine(bytes(pickle), HANDLERS, limits, known).run()
