"""Every manner in which a pickle may ask for a call, a name or a state."""

import struct
from itertools import product

from .assembler import (
    BUILD,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_SET,
    EMPTY_TUPLE,
    MARK,
    MEMOIZE,
    NEWOBJ,
    NONE,
    REDUCE,
    Family,
    attack,
    attribute,
    blob,
    built,
    called,
    frozen,
    integer,
    listed,
    mapped,
    named,
    new,
    pair,
    raw,
    real,
    recalled,
    stated,
    text,
    thing,
)
from .commands import CODE, MODULE, SHELL, TRACE

SYSTEM = named("os:system")
_TEXT = text(SHELL)
_LINE = b"S'" + SHELL.encode() + b"'\n"

# The same call, by the opcodes that can ask for one; some of them are as old as pickling.
_CALLS = {
    "reduce": b"cos\nsystem\n(" + _LINE + b"tR.",
    "reduce of one": b"cos\nsystem\n" + _LINE + b"\x85R.",
    "inst": b"(" + _LINE + b"ios\nsystem\n.",
    "obj": b"(cos\nsystem\n" + _LINE + b"o.",
    "newobj": b"cos\nsystem\n(" + _LINE + b"t\x81.",
    "newobj with keywords": b"cos\nsystem\n(t}S'command'\n" + _LINE + b"s\x92.",
    "newobj of the library": b"ccopyreg\n__newobj__\n(cos\nsystem\n" + _LINE + b"tR.",
    "newobj with keywords of the library": b"ccopy_reg\n__newobj_ex__\n(cos\nsystem\n(" + _LINE + b"t}tR.",
    "reconstructor": b"ccopy_reg\n_reconstructor\n(cos\nsystem\ncos\nsystem\n" + _LINE + b"tR.",
    "code of Python 2": b"c__builtin__\neval\n(S\"__import__('os').system('" + SHELL.encode() + b"')\"\ntR.",
    "applied, of Python 2": b"c__builtin__\napply\n(cos\nsystem\n(" + _LINE + b"ltR.",
    "popped": b"cos\nsystem\n(" + _LINE + b"tR0N.",
    "memoized": b"cos\nsystem\np0\n(" + _LINE + b"tp1\n0g0\ng1\nR.",
    "as a key": b"(dcos\nsystem\n(" + _LINE + b"tRNs.",
}
BY_PROTOCOL: Family = {
    f"{name} at protocol {protocol}": raw((b"\x80" + bytes([protocol]) if protocol > 1 else b"") + pickled)
    for protocol, (name, pickled) in product((0, 2, 3, 4, 5), _CALLS.items())
}

_TARGETS = {
    "None": NONE,
    "an int": integer(7),
    "a float": real(0.5),
    "a text": text("a"),
    "bytes": blob(b"a"),
    "a list": EMPTY_LIST,
    "a dict": EMPTY_DICT,
    "a tuple": EMPTY_TUPLE,
    "a set": EMPTY_SET,
    "a frozenset": frozen(integer(1)),
    "a global": SYSTEM,
    "a class": named("builtins:int"),
    "a module": named("sys:modules"),
    "an instance": new(named("x:Y")),
    "a call": called(named("x:y")),
    "a date": called(named("datetime:date"), blob(b"\x07\xe8\x01\x02")),
    "a zone": called(attribute(named("zoneinfo:ZoneInfo"), "_unpickle"), text("UTC"), integer(1)),
    "a Decimal": called(named("decimal:Decimal"), text("1")),
    "a range": called(named("builtins:range"), integer(0), integer(3), integer(1)),
    "an attribute": attribute(named("os:path"), "os"),
    "a partial": called(named("functools:partial"), SYSTEM),
    "an exception": called(named("builtins:ValueError")),
}
_STATES = {
    "a setstate of its own": stated(__setstate__=SYSTEM, __reduce__=SYSTEM),
    "another class": stated(__class__=SYSTEM, __dict__=stated(a=NONE)),
    "slots": pair(NONE, stated(__class__=SYSTEM, __del__=SYSTEM)),
    "a partial's state": pair(SYSTEM, pair(_TEXT), EMPTY_DICT, EMPTY_DICT),
}
_PUSHES = {
    "append": _TEXT + b"a",
    "appends": MARK + _TEXT + SYSTEM + b"e",
    "setitem": text("append") + SYSTEM + b"s",
    "setitems": MARK + text("os") + NONE + integer(2) + SYSTEM + b"u",
    "additems": MARK + _TEXT + SYSTEM + b"\x90",
    "call": pair(_TEXT) + REDUCE,
    "new": pair(_TEXT) + NEWOBJ,
    "new with keywords": pair(_TEXT) + stated(a=SYSTEM) + b"\x92",
    "new with wrong keywords": pair(_TEXT) + integer(1) + b"\x92",
    "call without a tuple": _TEXT + REDUCE,
}
ON_ANYTHING: Family = {
    **{
        f"{state} for {target}": attack(built(_TARGETS[target], _STATES[state]))
        for target, state in product(_TARGETS, _STATES)
    },
    **{f"{push} on {target}": attack(_TARGETS[target], _PUSHES[push]) for target, push in product(_TARGETS, _PUSHES)},
}

_REFUSED = {
    "persistent id": b"Pid\n.",
    "persistent id of code": b"P" + CODE.encode() + b"\n.",
    "persistent id without end": b"P" + b"a" * 10**6,
    "binary persistent id": b"K\x01Q.",
    "binary persistent id of a call": b"cos\nsystem\n(" + _LINE + b"tRQ.",
    "extension 1": b"\x82\x01.",
    "extension 1, zero": b"\x82\x00.",
    "extension 2": b"\x83\xff\xff.",
    "extension 4": b"\x84\xff\xff\xff\x7f.",
    "extension 4, negative": b"\x84\xff\xff\xff\xff.",
    "next buffer": b"\x97.",
    "readonly buffer": b"N\x98.",
    "global of numbers": b"K\x01K\x02\x93.",
    "global of a list": b"]]\x93.",
    "global of bytes": b"C\x02osC\x06system\x93.",
    "global of nothing": b"\x8c\x02osN\x93.",
    "global of globals": b"cos\nsystem\ncos\nsystem\n\x93.",
    "global by a call": b"\x8c\x02os" + called(named("x:y")) + b"\x93.",
    "a name of a thousand letters": b"c" + b"a" * 1000 + b"\nb\n.",
    "a name of ten million letters": b"c" + b"a" * 10**7 + b"\nb\n.",
    "a name that is no text": b"c\xff\nb\n.",
    "a name that does not end": b"cos\nsystem",
    "a module that does not end": b"cos",
    "inst without a mark": b"ios\nsystem\n.",
    "obj without a class": b"(o.",
    "obj without a mark": b"cos\nsystem\no.",
    "reduce of nothing": b"R.",
    "reduce without a function": b")R.",
    "newobj without a class": b")\x81.",
    "build of nothing": b"}b.",
    "protocol 6": b"\x80\x06N.",
    "protocol 255": b"\x80\xffN.",
}
REFUSED: Family = {name: raw(pickled, ends="Unreadable") for name, pickled in _REFUSED.items()}

_NAMES = {
    "dotted": thing("os.path", "os.system"),
    "of a class's class": thing("os.path", "__class__.__base__.__subclasses__"),
    "of a function's globals": thing("os.path", "join.__globals__"),
    "of a builtin's module": thing("builtins", "len.__self__.eval"),
    "empty": thing("", ""),
    "of dots": thing("...", "..."),
    "with a newline": thing("os\nsystem", "x\ny"),
    "with a NUL": thing("os\x00", "\x00system"),
    "with a surrogate": thing("os\udcff", "\udfff"),
    "of a path": thing("/etc/passwd", "../../x"),
    "relative": thing("..os", ".system"),
    "of the main module": thing("__main__", "x.__init__.__globals__"),
    "right to left": thing("os", "\u202emetsys"),
    "with a class of its own": thing("builtins", "object.__class__.__class__"),
    "of Python 2": b"c__builtin__\nexecfile\n",
    "of Python 2, moved": b"curllib2\nurlopen\n",
}
_LADDERS = {
    "up to eval": attribute(named("builtins:len"), "__self__", "eval"),
    "through all classes": called(attribute(named("builtins:object"), "__class__", "__base__", "__subclasses__")),
    "from a text": attribute(_TEXT, "__class__", "__mro__"),
    "from a list": attribute(EMPTY_LIST, "append"),
    "from an instance": attribute(new(named("x:Y")), "__init__", "__globals__"),
    "from the zone's module": attribute(named("zoneinfo:ZoneInfo"), "_unpickle", "__globals__"),
    "with a default": called(named("builtins:getattr"), SYSTEM, text("x"), SYSTEM),
    "by a name that is no text": called(named("builtins:getattr"), SYSTEM, integer(1)),
    "of nothing": called(named("builtins:getattr")),
    "of getattr": attribute(named("builtins:getattr"), "__call__"),
    "fifty steps": attribute(named("a:b"), *["c" * 9] * 50),
    "beyond the length of a name": attribute(named("a:b"), "c" * 300, "d" * 300),
}
_ZONES = {
    "as a path": text("../../../../etc/passwd"),
    "as a module": text(f"{MODULE}/x"),
    "as an absolute path": text("/etc/passwd"),
    "as a device": text("/dev/zero"),
    "with a NUL": text("Europe/Berlin\x00"),
    "empty": text(""),
    "no text": integer(1),
    "a call": called(SYSTEM, _TEXT),
    "of a megabyte": text("a" * 10**6),
}
_UNPICKLE = attribute(named("zoneinfo:ZoneInfo"), "_unpickle")
LADDERS: Family = {
    **{f"a name {name}": attack(found) for name, found in _NAMES.items()},
    **{f"a call of a name {name}": attack(found, pair(_TEXT), REDUCE) for name, found in _NAMES.items()},
    **{f"getattr {name}": attack(found) for name, found in _LADDERS.items()},
    **{f"the call of getattr {name}": attack(called(found, _TEXT)) for name, found in _LADDERS.items()},
    **{f"a zone {name}": attack(called(_UNPICKLE, key, integer(1))) for name, key in _ZONES.items()},
    **{f"a zone by name {name}": attack(called(named("zoneinfo:ZoneInfo"), key)) for name, key in _ZONES.items()},
}

_PARTIAL = named("functools:partial")


def _partial(function: bytes, *args: bytes) -> bytes:
    return built(called(_PARTIAL, function), pair(function, pair(*args), EMPTY_DICT, EMPTY_DICT))


CHAINS: Family = {
    "a partial": attack(called(_partial(SYSTEM, _TEXT))),
    "a partial of a partial": attack(called(_partial(_partial(SYSTEM, _TEXT)))),
    "a partial of __new__": attack(called(_partial(attribute(SYSTEM, "__new__"), SYSTEM, _TEXT))),
    "a partial of another __new__": attack(called(_partial(thing("os", "system.__new__"), _TEXT, SYSTEM))),
    "a partial with a lying state": attack(called(_PARTIAL, SYSTEM), pair(SYSTEM, integer(1), _TEXT, NONE), BUILD),
    "a partial of itself": attack(
        called(_PARTIAL, SYSTEM), MEMOIZE, pair(recalled(0), EMPTY_TUPLE, EMPTY_DICT, NONE), BUILD
    ),
    "a partial called, many times": attack(_PARTIAL, MEMOIZE, (recalled(0) + b"\x85R", 30_000)),
    "calls of calls": attack(SYSTEM, (pair(_TEXT) + REDUCE) * 1000),
    "reduce": attack(called(named("functools:reduce"), SYSTEM, listed(_TEXT))),
    "map in a list": attack(called(named("builtins:list"), called(named("builtins:map"), SYSTEM, listed(_TEXT)))),
    "attrgetter": attack(called(called(named("operator:attrgetter"), text("system")), thing("os.path", "os"))),
    "methodcaller": attack(
        called(called(named("operator:methodcaller"), text("system"), _TEXT), thing("os.path", "os"))
    ),
    "itemgetter": attack(called(called(named("operator:itemgetter"), text("os")), named("sys:modules"))),
    "or of a call": attack(called(named("_operator:or_"), called(SYSTEM, _TEXT), called(SYSTEM, _TEXT))),
    "or of names": attack(called(named("_operator:or_"), attribute(SYSTEM, "A"), attribute(SYSTEM, "B"))),
    "or of others' names": attack(called(named("_operator:or_"), attribute(SYSTEM, "A"), attribute(named("x:y"), "B"))),
    "a pickle in a pickle": attack(called(named("pickle:loads"), blob(b"cos\nsystem\n(" + _LINE + b"tR."))),
    "two pickles, one after the other": raw(b"N." + b"cos\nsystem\n(" + _LINE + b"tR."),
    "a codec that is not latin-1": attack(called(named("_codecs:encode"), _TEXT, text("rot13"))),
    "a codec as a module": attack(called(named("_codecs:encode"), _TEXT, text(MODULE))),
    "no latin-1": attack(called(named("_codecs:encode"), text("\u20ac"), text("latin1"))),
    "bytearray by a codec": attack(called(named("builtins:bytearray"), _TEXT, text("rot13"))),
    "a path, and its touch": attack(called(attribute(called(named("pathlib:Path"), text(TRACE)), "touch"))),
    "the registry, then its number": raw(
        b"\x80\x04" + called(named("copyreg:add_extension"), text("os"), text("system"), integer(240)) + b"0\x82\xf0.",
        ends="Unreadable",
    ),
    "setattr on a builtin": attack(called(named("builtins:setattr"), named("builtins:int"), text("x"), SYSTEM)),
    "the modules": attack(named("sys:modules"), text("os"), NONE, b"s"),
    "a set of calls": attack(MARK, called(SYSTEM, _TEXT), called(SYSTEM, _TEXT), b"\x91"),
    "calls as keys": attack(mapped((called(SYSTEM, _TEXT), NONE), (SYSTEM, NONE))),
    "arguments that call": attack(called(named("x:y"), called(SYSTEM, _TEXT), listed(called(SYSTEM, _TEXT)))),
    "state that calls": attack(built(new(named("x:Y")), stated(a=called(SYSTEM, _TEXT)))),
    "with __reduce__ in its state": attack(built(new(named("x:Y")), stated(__reduce__=_partial(SYSTEM, _TEXT)))),
    "with __getattr__ in its state": attack(built(new(named("x:Y")), stated(__getattr__=SYSTEM, __len__=SYSTEM))),
    "with __str__ in its state": attack(built(new(named("x:Y")), stated(__str__=SYSTEM, __repr__=SYSTEM))),
    "with __hash__, as a key": attack(mapped((built(new(named("x:Y")), stated(__hash__=SYSTEM, __eq__=SYSTEM)), NONE))),
    "a thousand names": attack(EMPTY_LIST, MARK, *(thing(f"m{n}", "x") for n in range(1000)), b"e"),
    "PROTO in the middle": attack(b"\x80\x02", b"c__builtin__\neval\n", pair(text(CODE)), REDUCE),
    "FRAME in the middle": attack(b"\x95" + struct.pack("<Q", 5), SYSTEM, b"\x95" + bytes(8), pair(_TEXT), REDUCE),
}
