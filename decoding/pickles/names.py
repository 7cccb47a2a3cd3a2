"""The names of globals."""

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

from ..errors import Unreadable
from ..stand_ins import NAME_LENGTH, Global


def dotted(module: str, qualname: str, protocol: int) -> Global:
    """The global of this name; below protocol 3 the names are those of Python 2."""
    if len(module) + len(qualname) > NAME_LENGTH:
        raise Unreadable("The pickle names a global by more than a name.")
    if protocol < 3:
        if (module, qualname) in NAME_MAPPING:
            module, qualname = NAME_MAPPING[module, qualname]
        elif module in IMPORT_MAPPING:
            module = IMPORT_MAPPING[module]
    return Global(module, qualname)
