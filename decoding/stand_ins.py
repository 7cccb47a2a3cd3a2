"""What stands for the things of a pickle that are never made: globals, objects, and odd keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import TypeVar, cast

from .errors import FAULTS

NAME_LENGTH = 500
T = TypeVar("T")


class Global:
    """A class, function or other global, by its name alone."""

    __slots__ = ("module", "name", "owner", "qualname", "shown")

    def __init__(
        self,
        module: str,
        qualname: str,
        owner: Global | None = None,
        shown: Callable[[Instance], object] | None = None,
    ) -> None:
        self.module = module
        self.qualname = qualname
        self.name = f"{module}.{qualname}"
        self.owner = owner  # set where the pickle asks for an attribute of another global
        self.shown = shown  # what the caller of decode shows for instances

    @property
    def attribute(self) -> str:
        return self.qualname.rpartition(".")[2]

    def __repr__(self) -> str:
        return f"Global({self.name!r})"


class Instance:
    """An object, as the pickle describes it: nothing of it was called."""

    __slots__ = ("args", "callee", "items", "kwargs", "new", "pairs", "state")

    def __init__(
        self,
        callee: Global,
        args: tuple[object, ...] = (),
        kwargs: dict[object, object] | None = None,
        *,
        new: bool = False,
    ) -> None:
        self.callee = callee
        self.args = args
        self.kwargs = kwargs or {}
        self.new = new  # made by __new__ without __init__, rather than by a call
        self.state: object = None
        self.items: list[object] | None = None  # what was appended or added
        self.pairs: list[tuple[object, object]] | None = None  # what was set by key

    @property
    def name(self) -> str:
        """Dotted: module.Name of the class, or of the function that would have built it."""
        return self.callee.name

    def __repr__(self) -> str:
        return f"<Instance of {self.name}>"


class Key:
    """A key of a dict or a member of a set that is not a plain scalar: the same only as itself.

    Hashing what strangers nest (tuples of tuples that share their parts) can take for ever, and so can
    comparing tuples made to have the same hash.
    """

    __slots__ = ("order", "value")

    def __init__(self, value: object) -> None:
        self.value = value
        self.order = next(_orders)

    def __repr__(self) -> str:
        return f"Key({type(self.value).__name__})"


_orders = count()
# str and bytes hash with a secret; a float shares its hash with some thirty others at most.
_SAFE_KEYS: frozenset[type] = frozenset({str, bytes, float, bool, type(None)})
# Ints up to here have a hash of their own; beyond, any number of them can share one.
_OWN_HASH = 2**61 - 1


def safe_key(value: object) -> object:
    """The value itself where a dict may hash it, else a Key around it."""
    if type(value) in _SAFE_KEYS or (type(value) is int and -_OWN_HASH < value < _OWN_HASH):
        return value
    return Key(value)


def safe_keys(values: list[object]) -> list[object]:
    if _SAFE_KEYS.issuperset(map(type, values)):
        return values
    return [safe_key(value) for value in values]


def unwrapped(key: object) -> object:
    return key.value if type(key) is Key else key


def named(state: object) -> dict[str, object] | None:
    """The state itself, where it is a dict and all its keys are names."""
    if isinstance(state, dict) and set(map(type, cast(dict[object, object], state))) <= {str}:
        return cast(dict[str, object], state)
    return None


def shown_by(known: Callable[[Instance], object], value: Instance) -> object:
    """What the caller's function has for the instance; the instance where it fails on what strangers wrote."""
    try:
        return known(value)
    except Exception:  # whatever it meets, it costs this one value its reading and no more
        return value


def read(readers: Mapping[str, Callable[[Instance], T | None]], instance: Instance) -> T | None:
    """What the reader for the class of the instance makes of it; None where none does."""
    reader = readers.get(instance.name)
    try:
        return None if reader is None else reader(instance)
    except FAULTS:
        return None  # not as the class itself would have written it
