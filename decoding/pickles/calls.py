"""What a pickle asks to call: a plain value where it is known of the standard library, else an Instance.

Each function here takes the arguments that the pickle gives, and answers None where they are not those that
the class itself writes: then an Instance shows what was asked.
"""

from collections.abc import Callable
from typing import cast

from ..errors import FAULTS
from ..plain import numerals, times
from ..stand_ins import NAME_LENGTH, Global, Instance, safe_keys
from . import rebuilt
from .payloads import Payload

Args = tuple[object, ...]


def call(callee: object, args: Args, kwargs: dict[object, object] | None, *, new: bool) -> object:
    """The value, or the Instance, that stands for what the call would return."""
    if not isinstance(callee, Global):
        return _partial_new(callee) or Instance(_called(callee), args, kwargs, new=new)
    build = _BUILDERS.get(callee.name)
    if build is not None and not kwargs:
        try:
            built = build(args)
        except FAULTS:
            built = None
        if built is not None:
            return built
    return Instance(callee, args, kwargs, new=new)


def weight_of(args: Args) -> int:
    """What copying them costs, in opcodes."""
    weight = len(args)
    for arg in args:
        if isinstance(arg, str | bytes):
            weight += len(arg) // 64
        elif isinstance(arg, list | dict | tuple):
            weight += len(cast(Args, arg))
    return weight


def _partial_new(callee: object) -> Instance | None:
    """partial(cls.__new__, cls, *args, **kwargs)(): what __getnewargs_ex__ becomes below protocol 4."""
    if not isinstance(callee, Instance) or callee.name != "functools.partial":
        return None
    match cast(Args, callee.state):
        case (Global(attribute="__new__"), tuple(), dict(), _):
            _, args, kwargs, _ = cast(tuple[object, Args, dict[object, object], object], callee.state)
            return Instance(args[0], args[1:], kwargs, new=True) if args and isinstance(args[0], Global) else None
        case _:
            return None


def _called(callee: object) -> Global:
    """The name of what is no global and is called all the same."""
    if isinstance(callee, Instance):
        return Global(callee.callee.module, callee.callee.qualname[: NAME_LENGTH - 2] + "()")
    return Global("builtins", type(callee).__name__ + "()")


def _getattr(args: Args) -> Global | None:
    """Nested classes, methods, and members of enums, by name alone."""
    match args:
        case (Global() as owner, str(name)) if len(owner.name) + len(name) < NAME_LENGTH:
            return Global(owner.module, f"{owner.qualname}.{name}", owner)
        case _:
            return None


def _type(args: Args) -> Global | None:
    """The classes of None, Ellipsis and NotImplemented have no name to be found by."""
    match args:
        case (None,):
            return Global("builtins", "NoneType")
        case (Global(name="builtins.Ellipsis" | "builtins.NotImplemented" as name),):
            return Global("builtins", "ellipsis" if name == "builtins.Ellipsis" else "NotImplementedType")
        case _:
            return None


def _either(args: Args) -> Global | None:
    """Python 3.11.2 pickles the flags A|B as the members A and B."""
    match args:
        case (Global(owner=Global() as owner) as left, Global() as right) if (
            right.owner and right.owner.name == owner.name
        ):
            return _getattr((owner, f"{left.attribute}|{right.attribute}"))
        case _:
            return None


def _newobj(args: Args) -> Instance | None:
    """copyreg.__newobj__(cls, *args)"""
    match args:
        case (Global() as callee, *rest):
            return Instance(callee, tuple(rest), new=True)
        case _:
            return None


def _newobj_ex(args: Args) -> Instance | None:
    """copyreg.__newobj_ex__(cls, args, kwargs)"""
    match args:
        case (Global() as callee, tuple(), dict()):
            return Instance(callee, cast(Args, args[1]), cast(dict[object, object], args[2]), new=True)
        case _:
            return None


def _reconstructor(args: Args) -> Instance | None:
    """copyreg._reconstructor(cls, base, value): any object, in protocols 0 and 1."""
    match args:
        case (Global() as callee, Global() as base, value):
            made = Instance(callee, new=True)
            if isinstance(value, dict):
                made.pairs = list(cast(dict[object, object], value).items())
            elif isinstance(value, list):
                made.items = list(cast(list[object], value))
            elif base.name != "builtins.object":
                made.args = (value,)
            return made
        case _:
            return None


def _encoded(args: Args) -> bytes | None:
    """_codecs.encode(text, "latin1"): bytes, in protocols below 3."""
    match args:
        case (str(text), "latin1" | "latin-1"):
            return text.encode("latin-1")
        case _:
            return None


def _bytes(args: Args) -> bytes | None:
    return b"" if not args else None


def _bytearray(args: Args) -> bytearray | Payload | None:
    match args:
        case ():
            return bytearray()
        case (bytes(data),):
            return bytearray(data)
        case (Payload() as data,):
            return data
        case (str(text), "latin-1" | "latin1"):
            return bytearray(text.encode("latin-1"))
        case _:
            return None


def _members(args: Args) -> list[object] | None:
    match args:
        case ():
            return []
        case (list() | tuple(),):
            return safe_keys(list(cast(list[object], args[0])))
        case _:
            return None


def _set(args: Args) -> set[object] | None:
    members = _members(args)
    return None if members is None else set(members)


def _frozenset(args: Args) -> frozenset[object] | None:
    members = _members(args)
    return None if members is None else frozenset(members)


_BUILDERS: dict[str, Callable[[Args], object | None]] = {
    "builtins.getattr": _getattr,
    "builtins.type": _type,
    "_operator.or_": _either,
    "copyreg.__newobj__": _newobj,
    "copyreg.__newobj_ex__": _newobj_ex,
    "copyreg._reconstructor": _reconstructor,
    "_codecs.encode": _encoded,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytearray,
    "builtins.set": _set,
    "builtins.frozenset": _frozenset,
    **numerals.BUILDERS,
    **rebuilt.BUILDERS,
    **times.BUILDERS,
}
