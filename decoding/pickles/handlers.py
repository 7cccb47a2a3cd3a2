"""What the less frequent opcodes do, and the old ones of protocols 0 and 1."""

import codecs
from collections.abc import Callable
from decimal import Decimal
from typing import Final, NoReturn, cast

from ..errors import Unreadable
from ..stand_ins import Instance, safe_keys
from . import opcodes as op
from .machine import Machine

_HIGHEST_PROTOCOL = 5
# Text of a number; longer ones do not come from pickling.
_NUMBER_LENGTH = 400
_DIGITS = 100_000
# The bytes that a set or an instance takes are worth several opcodes.
_HEAVY = 4

Handler = Callable[[Machine], None]


def _refused(reason: str) -> Handler:
    def refuse(_: Machine) -> NoReturn:
        raise Unreadable(reason)

    return refuse


def _proto(machine: Machine) -> None:
    machine.protocol = machine.number(1)
    if machine.protocol > _HIGHEST_PROTOCOL:
        raise Unreadable(f"Pickle protocol {machine.protocol} is not known.")


def _pop(machine: Machine) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.stack.pop()


def _text(size: int) -> Handler:
    def push(machine: Machine) -> None:
        machine.stack.append(str(machine.take(machine.number(size)), "utf-8", "surrogatepass"))

    return push


def _bytes(size: int) -> Handler:
    def push(machine: Machine) -> None:
        machine.stack.append(machine.take(machine.number(size)))

    return push


def _bytearray(machine: Machine) -> None:
    machine.stack.append(bytearray(machine.take(machine.number(8))))


def _old_text(data: bytes) -> str | bytes:
    """A str of Python 2, which may have held bytes."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _old_string(size: int) -> Handler:
    def push(machine: Machine) -> None:
        machine.stack.append(_old_text(machine.take(machine.number(size))))

    return push


def _string(machine: Machine) -> None:
    line = machine.line().strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b"'\"":
        raise Unreadable("The pickle is damaged: a string without quotes.")
    machine.stack.append(_old_text(codecs.escape_decode(line[1:-1])[0]))


def _unicode(machine: Machine) -> None:
    machine.stack.append(str(machine.line(), "raw-unicode-escape"))


def _int(machine: Machine) -> None:
    line = machine.line()
    machine.stack.append(line == b"01" if line in (b"00", b"01") else int(line[:_NUMBER_LENGTH]))


def _long(machine: Machine) -> None:
    line = machine.line().rstrip(b"L")
    if len(line) > _NUMBER_LENGTH:
        machine.check(len(line))  # a hundred thousand digits take a third of a second
    machine.stack.append(_number(line))


def _number(line: bytes) -> int:
    if len(line) <= _NUMBER_LENGTH:
        return int(line)
    if len(line) > _DIGITS:
        raise Unreadable(f"The pickle writes a number with more than {_DIGITS} digits.")
    # int() refuses more than 4300 digits.
    return int(Decimal(line.decode("ascii"))) if line.lstrip(b"-").isdigit() else int(b"")


def _float(machine: Machine) -> None:
    machine.stack.append(float(machine.line()[:_NUMBER_LENGTH]))


def _binary_long(size: int) -> Handler:
    def push(machine: Machine) -> None:
        machine.stack.append(int.from_bytes(machine.take(machine.number(size)), "little", signed=True))

    return push


def _append(machine: Machine) -> None:
    value = machine.stack.pop()
    machine.append_to(machine.stack[-1], [value])


def _appends(machine: Machine) -> None:
    values = machine.marked()
    machine.append_to(machine.stack[-1], values)


def _setitem(machine: Machine) -> None:
    value = machine.stack.pop()
    key = machine.stack.pop()
    machine.set_on(machine.stack[-1], [key, value])


def _setitems(machine: Machine) -> None:
    values = machine.marked()
    machine.set_on(machine.stack[-1], values)


def _list(machine: Machine) -> None:
    machine.stack.append(machine.marked())


def _dict(machine: Machine) -> None:
    values = machine.marked()
    made: dict[object, object] = {}
    machine.set_on(made, values)
    machine.stack.append(made)


def _tuple(machine: Machine) -> None:
    machine.stack.append(tuple(machine.marked()))


def _set(machine: Machine) -> None:
    machine.cost += _HEAVY
    machine.stack.append(set[object]())


def _frozenset(machine: Machine) -> None:
    machine.cost += _HEAVY
    machine.stack.append(frozenset(safe_keys(machine.marked())))


def _global(machine: Machine) -> None:
    module, name = machine.line(), machine.line()
    machine.find(module.decode(), name.decode())


def _stack_global(machine: Machine) -> None:
    name = machine.stack.pop()
    machine.find(machine.stack.pop(), name)


def _inst(machine: Machine) -> None:
    _global(machine)
    callee = machine.stack.pop()
    machine.call(callee, tuple(machine.marked()))


def _obj(machine: Machine) -> None:
    callee, *args = machine.marked()
    machine.call(callee, tuple(args))


def _reduce(machine: Machine) -> None:
    machine.cost += _HEAVY
    args = machine.stack.pop()
    machine.call(machine.stack.pop(), args)


def _newobj(machine: Machine) -> None:
    machine.cost += _HEAVY
    args = machine.stack.pop()
    machine.call(machine.stack.pop(), args, new=True)


def _newobj_ex(machine: Machine) -> None:
    machine.cost += _HEAVY
    kwargs = machine.stack.pop()
    args = machine.stack.pop()
    machine.call(machine.stack.pop(), args, kwargs, new=True)


def _build(machine: Machine) -> None:
    state = machine.stack.pop()
    target = machine.stack[-1]
    if isinstance(target, Instance):
        target.state = state


_PERSISTENT = _refused("The pickle refers to objects that are kept outside of it (persistent ids).")
_EXTENSION = _refused("The pickle names a class by a number of copyreg's registry, which only its writer knows.")
_OUT_OF_BAND = _refused("The pickle keeps buffers outside of it.")

_BY_OPCODE: dict[int, Handler] = {
    op.PROTO: _proto,
    op.FRAME: lambda machine: cast(None, machine.take(8)),
    op.POP: _pop,
    op.POP_MARK: lambda machine: cast(None, machine.marked()),
    op.DUP: lambda machine: machine.stack.append(machine.stack[-1]),
    op.BINUNICODE: _text(4),
    op.BINUNICODE8: _text(8),
    op.SHORT_BINBYTES: _bytes(1),
    op.BINBYTES: _bytes(4),
    op.BINBYTES8: _bytes(8),
    op.BYTEARRAY8: _bytearray,
    op.SHORT_BINSTRING: _old_string(1),
    op.BINSTRING: _old_string(4),
    op.STRING: _string,
    op.UNICODE: _unicode,
    op.INT: _int,
    op.LONG: _long,
    op.FLOAT: _float,
    op.LONG1: _binary_long(1),
    op.LONG4: _binary_long(4),
    op.APPEND: _append,
    op.APPENDS: _appends,
    op.ADDITEMS: _appends,
    op.SETITEM: _setitem,
    op.SETITEMS: _setitems,
    op.LIST: _list,
    op.DICT: _dict,
    op.TUPLE: _tuple,
    op.EMPTY_TUPLE: lambda machine: machine.stack.append(()),
    op.EMPTY_SET: _set,
    op.FROZENSET: _frozenset,
    op.GLOBAL: _global,
    op.STACK_GLOBAL: _stack_global,
    op.INST: _inst,
    op.OBJ: _obj,
    op.REDUCE: _reduce,
    op.NEWOBJ: _newobj,
    op.NEWOBJ_EX: _newobj_ex,
    op.BUILD: _build,
    op.GET: lambda machine: machine.get(int(machine.line()[:20])),
    op.PUT: lambda machine: machine.memoize(int(machine.line()[:20])),
    op.LONG_BINPUT: lambda machine: machine.memoize(machine.number(4)),
    op.PERSID: _PERSISTENT,
    op.BINPERSID: _PERSISTENT,
    op.EXT1: _EXTENSION,
    op.EXT2: _EXTENSION,
    op.EXT4: _EXTENSION,
    op.NEXT_BUFFER: _OUT_OF_BAND,
    op.READONLY_BUFFER: _OUT_OF_BAND,
}
HANDLERS: Final[list[Handler | None]] = [_BY_OPCODE.get(code) for code in range(256)]
