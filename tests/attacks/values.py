"""Values of the standard library whose pickles lie, or ask for more work than they are worth."""

import gzip
import zlib

from .assembler import (
    BUILD,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
    MARK,
    MEMOIZE,
    NONE,
    Family,
    Outcome,
    attack,
    blob,
    built,
    called,
    frozen,
    integer,
    listed,
    mapped,
    members,
    named,
    new,
    pair,
    real,
    recalled,
    stated,
    text,
)

# The function, or class, that rebuilds a value, and arguments that it would not have written.
_LIES: dict[str, dict[str, tuple[bytes, ...]]] = {
    "decimal:Decimal": {
        "with an exponent of 10^18": (text("1e999999999999999999"),),
        "with an exponent of -10^18": (text("1e-999999999999999999"),),
        "with an exponent of a megabyte": (text("1e" + "9" * 10**6),),
        "of words": (text("sNaN123"),),
        "of no number": (text("1; import os"),),
        "of other digits": (text("\u0661\u0662\u0663"),),
        "of an int": (integer(1 << 10**6),),
        "of nothing": (),
        "of a tuple": (pair(integer(0), pair(integer(1)), integer(10**18)),),
        "with a context": (text("1"), NONE),
    },
    "fractions:Fraction": {
        "with an exponent": (text("1e1000000000"),),
        "of a zero": (integer(1), integer(0)),
        "of a zero as text": (text("1/0"),),
        "of ints of a megabyte": (integer(1 << 10**6), integer((1 << 10**6) - 1)),
        "of a float": (real(0.1), integer(1)),
        "of a text of a megabyte": (text("1" * 10**6),),
    },
    "builtins:complex": {
        "of texts": (text("1"), text("j")),
        "of infinities": (real(float("inf")), real(float("nan"))),
        "of an int beyond": (integer(10**400), integer(0)),
    },
    "datetime:datetime": {
        "of ones": (blob(b"\xff" * 10),),
        "of zeros": (blob(bytes(10)),),
        "of month 13": (blob(b"\x07\xe8\x0d\x01" + bytes(6)),),
        "of February 30": (blob(b"\x07\xe8\x02\x1e" + bytes(6)),),
        "of hour 24": (blob(b"\x07\xe8\x01\x01\x18" + bytes(5)),),
        "of a million microseconds": (blob(b"\x07\xe8\x01\x01\x00\x00\x00\xff\xff\xff"),),
        "of too few bytes": (blob(b"\x07"),),
        "of a megabyte": (blob(bytes(10**6)),),
        "of letters": (text("\u20ac" * 10),),
        "in a zone that is none": (blob(b"\x07\xe8\x01\x01" + bytes(6)), integer(1)),
        "in a zone that is called": (
            blob(b"\x07\xe8\x01\x01" + bytes(6)),
            called(named("os:system"), text("touch ran")),
        ),
        "in a zone that is a date": (
            blob(b"\x07\xe8\x01\x01" + bytes(6)),
            called(named("datetime:date"), blob(b"\x07\xe8\x01\x01")),
        ),
        "in two zones": (blob(b"\x07\xe8\x01\x01" + bytes(6)), NONE, NONE),
        "at the end of time, in a zone": (
            blob(b"\x27\x0f\x0c\x1f\x17\x3b\x3b\x0f\x42\x3f"),
            called(
                named("datetime:timezone"), called(named("datetime:timedelta"), integer(-1), integer(60), integer(0))
            ),
        ),
        "by its parts": (integer(2024), integer(1), integer(1)),
    },
    "datetime:date": {
        "of ones": (blob(b"\xff" * 4),),
        "of year 0": (blob(bytes(4)),),
        "of year 65535": (blob(b"\xff\xff\x01\x01"),),
        "of an int": (integer(10**30),),
    },
    "datetime:time": {
        "of ones": (blob(b"\xff" * 6),),
        "of minute 60": (blob(b"\x00\x3c" + bytes(4)),),
        "in a zone that is text": (blob(bytes(6)), text("UTC")),
    },
    "datetime:timedelta": {
        "of 10^18 days": (integer(10**18), integer(0), integer(0)),
        "of a megabyte of days": (integer(1 << 8 * 10**6), integer(0), integer(0)),
        "of floats": (real(float("nan")), real(1e308), real(0)),
        "of texts": (text("1"), text("2"), text("3")),
        "of nothing": (),
    },
    "datetime:timezone": {
        "of a day": (called(named("datetime:timedelta"), integer(1), integer(0), integer(0)),),
        "of a text": (text("UTC"),),
        "of no offset": (NONE,),
        "with a name of a megabyte": (
            called(named("datetime:timedelta"), integer(0), integer(60), integer(0)),
            text("a" * 10**6),
        ),
        "with a name that is called": (
            called(named("datetime:timedelta"), integer(0), integer(60), integer(0)),
            named("os:system"),
        ),
    },
    "pytz:_p": {
        "of a path": (text("../../etc/passwd"), integer(0), integer(0), text("X")),
        "of an offset beyond": (text("UTC"), integer(10**9), integer(0), text("X")),
        "of nothing": (),
    },
    "pytz:_UTC": {"of something": (integer(1),)},
    "dateutil.tz.tz:tzutc": {"of something": (integer(1),)},
    "dateutil.tz.tz:tzfile": {"of a device": (text("/dev/zero"),)},
    "re:_compile": {
        "that explodes": (text("(a+)+$"), integer(32)),
        "that does not compile": (text("(" * 10**6), integer(32)),
        "of a megabyte": (text("a|" * 500_000), integer(0)),
        "of all flags": (text("a"), integer(65535)),
        "of flags beyond": (text("a"), integer(1 << 10**6)),
        "of negative flags": (text("a"), integer(-1)),
        "of bytes": (blob(b"\xff" * 1000), integer(4)),
        "of a list": (EMPTY_LIST, integer(0)),
        "that repeats": (text("a{1000000000}" * 9), integer(128)),
    },
    "re._compiler:compile": {"that explodes": (text("(a+)+$"), integer(0))},
    "uuid:UUID": {"of words": (text("x" * 36),), "of a megabyte": (text("1" * 10**6),)},
    "pathlib:PosixPath": {
        "of a NUL": (text("a\x00b"),),
        "of a hundred thousand parts": tuple([text("a")] * 10**5),
        "of a part of a megabyte": (text("a/" * 500_000),),
        "that leads out": (text(".."), text("../../etc/passwd")),
        "of an int": (integer(1),),
        "of a device": (text("/dev/zero"),),
        "of a surrogate": (text("\udcff"),),
        "of nothing": (),
    },
    "pathlib._local:WindowsPath": {
        "of a device": (text("\\\\.\\PhysicalDrive0"),),
        "of drives": (text("c:"), text("d:/")),
    },
    "ipaddress:IPv4Address": {
        "of a number beyond": (integer(2**32),),
        "of a negative": (integer(-1),),
        "of a megabyte": (integer(1 << 8 * 10**6),),
        "of a text": (text("1.2.3.4"),),
        "of bytes": (blob(b"abcd"),),
        "of True": (b"\x88",),
    },
    "ipaddress:IPv6Address": {"of a number beyond": (integer(2**128),), "of a scope": (text("fe80::1%" + "a" * 90),)},
    "ipaddress:IPv4Network": {
        "with bits of the host": (text("10.0.0.1/8"),),
        "of a mask beyond": (text("10.0.0.0/" + "9" * 50),),
        "of a text of a megabyte": (text("1" * 10**6),),
        "of words": (text("localhost/8"),),
    },
    "ipaddress:IPv6Interface": {"of words": (text("::1/x"),)},
    "array:_array_reconstructor": {
        "of a code that lies": (named("array:array"), text("d"), integer(99), blob(bytes(8))),
        "of a negative code": (named("array:array"), text("d"), integer(-1), blob(bytes(8))),
        "of bytes cut off": (named("array:array"), text("d"), integer(16), blob(bytes(7))),
        "of bad UTF-16": (named("array:array"), text("u"), integer(18), blob(b"\x00\xd8\x00")),
        "of bad UTF-32": (named("array:array"), text("u"), integer(20), blob(b"\xff" * 8)),
        "of two million": (named("array:array"), text("B"), integer(0), blob(bytes(2_000_000))),
        "of thirty million": (named("array:array"), text("b"), integer(1), blob(b"\x81" * 30_000_000)),
        "of text, thirty megabytes": (named("array:array"), text("u"), integer(18), blob(b"\x81" * 30_000_000)),
        "of another class": (named("os:system"), text("d"), integer(16), blob(bytes(8))),
        "of no class": (integer(1), text("d"), integer(16), blob(bytes(8))),
        "of nothing": (),
    },
    "array:array": {
        "of a type that is none": (text("z"), listed(integer(1))),
        "of values of another": (text("d"), listed(text("a"), EMPTY_LIST)),
        "of a text": (text("u"), text("abc")),
    },
    "builtins:range": {
        "of texts": (text("a"), text("b"), text("c")),
        "of one": (integer(10**9),),
        "of a step below": (integer(0), integer(-(2**12)), integer(-1)),
        "of True": (b"\x88", integer(2), b"\x88"),
    },
    "builtins:slice": {"of a class": (named("os:system"), text("a"), NONE), "of six": (NONE,) * 6},
    "builtins:bytes": {"of an int": (integer(10**12),), "of a list": (listed(*[integer(7)] * 1000),)},
    "builtins:bytearray": {"of a list": (listed(integer(300)),), "of a codec": (text("a"), text("idna"))},
    "builtins:set": {
        "of a dict": (EMPTY_DICT,),
        "of a text": (text("a" * 10**6),),
        "of sets": (listed(EMPTY_LIST, b"\x8f"),),
    },
    "builtins:frozenset": {"of a tuple": (pair(EMPTY_LIST, EMPTY_LIST),), "of a set": (members(integer(1)),)},
    "builtins:type": {"of three": (text("X"), EMPTY_TUPLE, stated(__init__=named("os:system")))},
    "builtins:object": {"of one": (integer(1),)},
    "builtins:ValueError": {"of itself": (named("builtins:ValueError"),), "of a megabyte": (text("a" * 10**6),)},
    "collections:deque": {
        "of a negative length": (EMPTY_TUPLE, integer(-1)),
        "of a list of wrong length": (listed(integer(1)), integer(0)),
        "of an int": (integer(1),),
        "of a dict": (EMPTY_DICT, NONE),
    },
    "collections:Counter": {
        "of a list": (listed(text("a"), text("b")),),
        "of pairs cut off": (listed(listed(text("a"))),),
        "of ints": (listed(integer(1)),),
        "of a call": (called(named("os:system"), text("touch ran")),),
        "of counts that are none": (mapped((text("a"), named("os:system")), (EMPTY_LIST, text("b"))),),
    },
    "collections:OrderedDict": {
        "of lists of three": (listed(listed(text("a"), NONE, NONE)),),
        "of lists as keys": (listed(listed(EMPTY_LIST, NONE), listed(EMPTY_LIST, NONE)),),
        "of a text": (text("ab"),),
        "of tuples": (listed(text("a") + NONE + b"\x86"),),
    },
    "collections:defaultdict": {
        "whose factory runs": (named("os:system"),),
        "of two": (named("builtins:list"), mapped((text("a"), NONE))),
        "whose factory is a call": (called(named("os:system"), text("touch ran")),),
    },
    "collections:UserDict": {"of a dict": (mapped((text("a"), NONE)),)},
    "types:SimpleNamespace": {"of a text": (text("a"),), "of a mapping": (mapped((integer(1), NONE)),)},
    "types:MappingProxyType": {"of a dict": (mapped((text("a"), NONE)),)},
    "functools:partial": {"of nothing": (), "of an int": (integer(1),)},
    "http:HTTPStatus": {"of a text": (text("a"),), "of a list": (EMPTY_LIST,), "of no status": (integer(10**100),)},
    "torch:Size": {"of a text": (text("abc"),), "of an int": (integer(10**9),), "of negatives": (pair(integer(-1)),)},
    "torch._utils:_rebuild_tensor_v2": {
        "of a storage that lies": (NONE, integer(0), pair(integer(10**12)), pair(integer(1)), b"\x89", NONE),
    },
    "torch.storage:_load_from_bytes": {"of a zip": (blob(b"PK\x03\x04" + b"\x00" * 1000),)},
    "zlib:decompress": {"of a bomb": (blob(zlib.compress(bytes(10**8), 1)),)},
    "gzip:decompress": {"of a bomb": (blob(gzip.compress(bytes(10**8), 1)),)},
    "_codecs:encode": {
        "of bytes": (blob(b"a"), text("latin1")),
        "of a codec that is none": (text("a"), NONE),
        "of errors": (text("a"), text("latin1"), text("ignore")),
        "by zlib": (text("a" * 1000), text("zlib")),
    },
}
_ENDS: dict[str, Outcome] = dict.fromkeys(
    ("of two million", "of thirty million", "of text, thirty megabytes"), "TooLarge"
)
LIES: Family = {
    f"{name.replace(':', '.')} {lie}": attack(called(named(name), *args), ends=_ENDS.get(lie, "value"))
    for name, lies in _LIES.items()
    for lie, args in lies.items()
}


def _uuid(number: bytes) -> bytes:
    return built(new(named("uuid:UUID")), stated(int=number))


def _network(address: bytes, length: bytes) -> bytes:
    return built(new(named("ipaddress:IPv4Network")), stated(network_address=address, _prefixlen=length))


def _chain(*maps: bytes) -> bytes:
    return built(new(named("collections:ChainMap")), stated(maps=listed(*maps)))


_ADDRESS = called(named("ipaddress:IPv4Address"), integer(10 << 24))
STATES: Family = {
    "a UUID of a number beyond": attack(_uuid(integer(2**128))),
    "a UUID of a negative": attack(_uuid(integer(-1))),
    "a UUID of a megabyte": attack(_uuid(integer(1 << 8 * 10**6))),
    "a UUID of a text": attack(_uuid(text("a"))),
    "a UUID of no state": attack(new(named("uuid:UUID"))),
    "a network of a length beyond": attack(_network(_ADDRESS, integer(33))),
    "a network of a length of a megabyte": attack(_network(_ADDRESS, integer(1 << 8 * 10**6))),
    "a network of a negative length": attack(_network(_ADDRESS, integer(-1))),
    "a network of no address": attack(_network(text("10.0.0.0"), integer(8))),
    "a network of another class": attack(_network(called(named("os:system"), integer(1)), integer(8))),
    "a network of a call that ends alike": attack(
        _network(called(named("os:IPv4Address"), integer(2**40)), integer(8))
    ),
    "a ChainMap of no maps": attack(_chain()),
    "a ChainMap of texts": attack(_chain(text("a"), text("b"))),
    "a ChainMap of one map, often": attack(
        mapped(*((integer(n), NONE) for n in range(1000))), MEMOIZE, _chain(*[recalled(0)] * 2000), ends="TooLarge"
    ),
    "a ChainMap of many maps": attack(_chain(*[EMPTY_DICT] * 50_000)),
    "an OrderedDict with a state": attack(
        called(named("collections:OrderedDict")), stated(__class__=named("x:Y")), BUILD
    ),
    "an OrderedDict of equal keys": attack(
        called(named("collections:OrderedDict")), MARK, (text("a") + NONE) * 50_000, b"u"
    ),
    "a Counter of equal keys": attack(called(named("collections:Counter")), MARK, (integer(1) + NONE) * 50_000, b"u"),
    "a deque with pairs": attack(called(named("collections:deque")), MARK, text("a"), NONE, b"u"),
    "a dict with items": attack(called(named("collections:OrderedDict")), MARK, text("a"), NONE, b"e"),
    "both items and pairs": attack(new(named("x:Y")), MARK, NONE, NONE, b"e", MARK, text("a"), NONE, b"u"),
    "a state of a thousand states": attack(new(named("x:Y")), (stated(a=NONE) + BUILD) * 1000),
    "a state with names that are none": attack(new(named("x:Y")), mapped((integer(1), NONE), (NONE, NONE)), BUILD),
    "a state that names its class": attack(
        new(named("x:Y")), stated(__class__=text("int"), args=NONE, kwargs=NONE), BUILD
    ),
    "a state of slots cut off": attack(new(named("x:Y")), pair(NONE), BUILD),
    "a state of three slots": attack(new(named("x:Y")), pair(NONE, EMPTY_DICT, EMPTY_DICT), BUILD),
    "a state of texts": attack(new(named("x:Y")), pair(text("a"), text("b")), BUILD),
    "a text of a class, of a megabyte": attack(new(named("x:Y"), text("a" * 10**6))),
    "an int of a class, of a megabyte": attack(new(named("x:Y"), integer(1 << 8 * 10**6))),
    "a name as long as may be": attack(new(named("x" * 250 + ":" + "Y" * 250))),
    "keywords that are no names": attack(
        named("x:Y"), EMPTY_TUPLE, mapped((integer(1), NONE), (EMPTY_LIST, NONE)), b"\x92"
    ),
    "a frozenset of frozensets": attack(frozen(frozen(), frozen(frozen()), frozen())),
    "members of every kind": attack(
        members(NONE, integer(1), real(0.5), text("a"), blob(b"a"), EMPTY_TUPLE, EMPTY_LIST, named("x:y"), _ADDRESS)
    ),
    "tuples of members that do not compare": attack(
        members(pair(integer(1)), pair(text("a")), pair(NONE), pair(real(float("nan"))), pair(b"\x88"))
    ),
    "dates with and without zones": attack(
        members(
            called(named("datetime:datetime"), blob(b"\x07\xe8\x01\x01" + bytes(6))),
            called(
                named("datetime:datetime"),
                blob(b"\x07\xe8\x01\x01" + bytes(6)),
                called(
                    named("datetime:timezone"), called(named("datetime:timedelta"), integer(0), integer(0), integer(0))
                ),
            ),
        )
    ),
    "Decimals that do not compare": attack(
        members(called(named("decimal:Decimal"), text("sNaN")), called(named("decimal:Decimal"), text("1")))
    ),
    "Decimals of wide exponents, sorted": attack(
        members(called(named("decimal:Decimal"), text("1e999999")), called(named("decimal:Decimal"), text("1e-999999")))
    ),
    "Decimals of widest exponents, sorted": attack(
        members(
            *(
                called(named("decimal:Decimal"), text(f"{n}e{exponent}"))
                for n in range(1, 50)
                for exponent in (999999999999999999, -999999999999999999)
            )
        )
    ),
    "Decimals of a thousand digits, sorted": attack(
        members(*(called(named("decimal:Decimal"), text(str(10**990 + n))) for n in range(500)))
    ),
    "zones in every time": attack(
        listed(
            *(
                called(
                    named("datetime:datetime"),
                    blob(b"\x00\x01\x01\x01" + bytes(6)),
                    called(
                        named("datetime:timezone"),
                        called(named("datetime:timedelta"), integer(0), integer(n), integer(0)),
                    ),
                )
                for n in range(1, 1000)
            )
        )
    ),
}
