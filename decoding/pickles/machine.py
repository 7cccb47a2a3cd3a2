"""The pickle machine: walks the opcodes, and builds inert values."""

from collections.abc import Callable, Mapping
from itertools import chain, repeat
from struct import Struct
from struct import error as StructError
from typing import cast

from ..errors import TooLarge, Unreadable
from ..limits import Clock, Limits
from ..stand_ins import Global, Instance, safe_keys
from .calls import call, weight_of
from .names import dotted
from .opcodes import (
    BINFLOAT,
    BINGET,
    BININT,
    BININT1,
    BININT2,
    BINPUT,
    EMPTY_DICT,
    EMPTY_LIST,
    LONG_BINGET,
    MARK,
    MEMOIZE,
    NEWFALSE,
    NEWTRUE,
    NONE,
    SHORT_BINUNICODE,
    STOP,
    TUPLE1,
    TUPLE2,
    TUPLE3,
)

# Opcodes between two looks at the clock: some milliseconds.
STRIDE = 10_000

_FLOAT = Struct(">d").unpack_from
_INT = Struct("<i").unpack_from
# A list of numbers is one opcode repeated: read in one go, it takes a tenth of the time.
_FLOATS = Struct(">xd")
_INTS = Struct("<xi")
_RUN = 1000
# A global takes up to a kilobyte; pickles name each of theirs once.
_GLOBAL_COST = 50
_HEAVY = 1000  # arguments of a call, in opcodes
_HINT = 8  # so far ahead the same opcode must stand, before the run is measured


class Machine:
    def __init__(
        self,
        data: bytes,
        handlers: list[Callable[["Machine"], None] | None],  # by the byte of their opcode
        limits: Limits,
        known: Mapping[str, Callable[[Instance], object]],
    ) -> None:
        self.data = data
        self.position: int = 0
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.cost = 0
        self.protocol = 0
        self._handlers = handlers
        self._limits = limits
        self._known = known
        self._clock = Clock(limits.seconds)

    def run(self) -> object:
        """What stands on the stack at STOP."""
        self.go_on(self.data)
        return self.result()

    def result(self) -> object:
        if not self.stack:
            raise Unreadable("The pickle is cut off or damaged.")
        return self.stack.pop()

    def go_on(self, data: bytes) -> None:
        """Reads these opcodes up to a STOP; the next ones may follow."""
        self.data, self.position = data, 0
        try:
            while not self._walk(STRIDE):
                self.check(STRIDE)
        except (IndexError, KeyError, StructError) as error:
            raise Unreadable("The pickle is cut off or damaged.") from error
        except (ValueError, TypeError, ArithmeticError) as error:
            raise Unreadable("The pickle is damaged: it holds a value that cannot be.") from error
        except MemoryError as error:
            raise TooLarge("The value takes more memory than there is.") from error

    def waited(self, seconds: float) -> None:
        """Time that passed while there was nothing to read does not count."""
        self._clock.extend(seconds)

    def check(self, cost: int) -> None:
        """Counts the cost in opcodes; raises TooLarge beyond a limit."""
        self._clock.check()
        self.cost += cost
        if self.cost > self._limits.opcodes:
            raise TooLarge(f"The value takes more than {self._limits.opcodes} steps to read.")
        if self.noted() > self._limits.memo:
            raise TooLarge(f"The value has more than {self._limits.memo} parts that are kept for reuse.")

    def noted(self) -> int:
        """How many parts the memo has."""
        return len(self.memo)

    def _walk(self, steps: int) -> bool:
        """So many opcodes; True at STOP. The opcodes that large values are made of stand here, for speed,
        in the order of their frequency; the others are handlers.
        """
        data, stack, marks, memo, position = self.data, self.stack, self.marks, self.memo, self.position
        for _ in repeat(None, steps):
            code = data[position]
            position += 1
            if code == MEMOIZE:
                memo[len(memo)] = stack[-1]
            elif code == BINGET:
                stack.append(memo[data[position]])
                position += 1
            elif code == SHORT_BINUNICODE:
                start = position + 1
                position = start + data[position]
                stack.append(str(data[start:position], "utf-8", "surrogatepass"))
            elif code == BININT1:
                stack.append(data[position])
                position += 1
            elif code == BINFLOAT:
                if data[position + 9 * _HINT - 1 : position + 9 * _HINT] == b"G":
                    position = self._run_of(_FLOATS, position - 1)
                else:
                    stack.append(_FLOAT(data, position)[0])
                    position += 8
            elif code == BININT:
                if data[position + 5 * _HINT - 1 : position + 5 * _HINT] == b"J":
                    position = self._run_of(_INTS, position - 1)
                else:
                    stack.append(_INT(data, position)[0])
                    position += 4
            elif code == BININT2:
                stack.append(data[position] | data[position + 1] << 8)
                position += 2
            elif code == LONG_BINGET:
                stack.append(memo[int.from_bytes(data[position : position + 4], "little")])
                position += 4
            elif code == MARK:
                marks.append(len(stack))
            elif code == NONE:
                stack.append(None)
            elif code == NEWTRUE:
                stack.append(True)
            elif code == NEWFALSE:
                stack.append(False)
            elif code == EMPTY_DICT:
                stack.append({})
            elif code == EMPTY_LIST:
                stack.append([])
            elif code == TUPLE2:
                stack[-2:] = [(stack[-2], stack[-1])]
            elif code == TUPLE3:
                stack[-3:] = [(stack[-3], stack[-2], stack[-1])]
            elif code == TUPLE1:
                stack[-1] = (stack[-1],)
            elif code == BINPUT:
                memo[data[position]] = stack[-1]
                position += 1
            elif code == STOP:
                self.position = position
                return True
            else:
                self.position = position
                handler = self._handlers[code]
                if handler is None:
                    raise Unreadable(f"Not a pickle, or a damaged one: it has no opcode {code:#04x}.")
                handler(self)
                position = self.position
        self.position = position
        return False

    def _run_of(self, unit: Struct, start: int) -> int:
        """Pushes the numbers of one opcode that stand side by side; the position after them."""
        width = unit.size
        codes = self.data[start : start + width * _RUN : width]
        end = start + width * (len(codes) - len(codes.lstrip(codes[:1])))
        self.stack.extend(chain.from_iterable(unit.iter_unpack(self.data[start:end])))
        self.cost += (end - start) // width
        return end

    # What the handlers read and push.

    def take(self, size: int) -> bytes:
        start = self.position
        self.position = start + size
        if self.position > len(self.data):
            raise IndexError
        return self.data[start : self.position]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def line(self) -> bytes:
        end = self.data.index(b"\n", self.position)
        start, self.position = self.position, end + 1
        return self.data[start:end]

    def marked(self) -> list[object]:
        """What stands on the stack above the last mark, taken off."""
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    def memoize(self, key: int) -> None:
        self.memo[key] = self.stack[-1]

    def get(self, key: int) -> None:
        self.stack.append(self.memo[key])

    def find(self, module: object, qualname: object) -> None:
        """Pushes the stand-in of a global."""
        if not isinstance(module, str) or not isinstance(qualname, str):
            raise Unreadable("The pickle is damaged: a global without a name.")
        self.cost += _GLOBAL_COST
        found = dotted(module, qualname, self.protocol)
        found.shown = self._known.get(found.name)
        self.stack.append(found)

    def call(self, callee: object, args: object, kwargs: object = None, *, new: bool = False) -> None:
        """Pushes what stands for the object that the call would build."""
        positional = cast(tuple[object, ...], args) if isinstance(args, tuple) else (args,)
        named = cast(dict[object, object], kwargs) if isinstance(kwargs, dict) else None
        weight = weight_of(positional)
        if weight > _HEAVY:
            self.check(weight)  # before it is copied: the same arguments may serve for many calls
        built = call(callee, positional, named, new=new)
        if isinstance(built, Global):
            self.cost += _GLOBAL_COST
            built.shown = self._known.get(built.name)
        elif isinstance(built, Instance) and built.callee is not callee:
            built.callee.shown = self._known.get(built.name)
        self.stack.append(built)

    def append_to(self, target: object, values: list[object]) -> None:
        if type(target) is list:
            cast(list[object], target).extend(values)
        elif type(target) is set:
            cast(set[object], target).update(safe_keys(values))
        elif isinstance(target, Instance):
            if target.items is None:
                target.items = []
            target.items.extend(values)

    def set_on(self, target: object, values: list[object]) -> None:
        if len(values) % 2:
            raise Unreadable("The pickle is damaged: a key without a value.")
        if type(target) is dict:
            cast(dict[object, object], target).update(zip(safe_keys(values[::2]), values[1::2], strict=True))
        elif isinstance(target, Instance):
            if target.pairs is None:
                target.pairs = []
            target.pairs.extend(zip(values[::2], values[1::2], strict=True))
