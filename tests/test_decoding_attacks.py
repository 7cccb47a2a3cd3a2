"""Pickles made to run something, to fill the memory or to take for ever: each ends in a value, or DecodingError."""

import pickle
import random
import struct
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from metaflow_graphql.decoding import DecodingError, Limits, TooLarge, Unreadable, decode, preview, to_json, type_name

P4 = b"\x80\x04"
FORBIDDEN = (
    "import",
    "exec",
    "compile",
    "open",
    "os.system",
    "os.posix_spawn",
    "subprocess.Popen",
    "pickle.find_class",
)
# A tenth of the defaults, so that meeting them takes no time.
LIMITS = Limits(opcodes=1_000_000, memo=400_000, items=200_000, text=1_000_000)
events: list[str] | None = None


def _audit(event: str, _: tuple[Any, ...]) -> None:
    if events is not None and event in FORBIDDEN:
        events.append(event)


sys.addaudithook(_audit)


@contextmanager
def nothing_runs() -> Generator[None]:
    """Fails where anything is imported, compiled, opened or executed: Python itself reports it."""
    global events
    events = []
    try:
        yield
        assert events == []
    finally:
        events = None


def outcome(pickled: bytes, limits: Limits = LIMITS) -> str:
    """What reading it in every way comes to; no other exception than a DecodingError is caught."""
    try:
        value = decode(pickled, limits)
        preview(value, 100)
        type_name(value)
        to_json(value, limits)
    except DecodingError as error:
        return type(error).__name__
    return "value"


def short(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


def thing(module: str, name: str) -> bytes:
    return short(module) + short(name) + b"\x93"


def calls(module: str, name: str, args: bytes) -> bytes:
    return P4 + thing(module, name) + b"(" + args + b"tR."


def attribute(of: bytes, name: str) -> bytes:
    return thing("builtins", "getattr") + b"(" + of + short(name) + b"tR"


@pytest.fixture
def sentinel(tmp_path: Path) -> Iterator[str]:
    """A shell command whose effect would be seen."""
    yield f"touch {tmp_path}/ran"
    assert list(tmp_path.iterdir()) == []


CODE = "__import__('os').system('{}')"
RUNNING: dict[str, Callable[[str], bytes]] = {
    "os.system": lambda it: calls("os", "system", short(it)),
    "posix.system": lambda it: calls("posix", "system", short(it)),
    "subprocess": lambda it: calls("subprocess", "Popen", b"](" + short("sh") + short("-c") + short(it) + b"e"),
    "eval": lambda it: calls("builtins", "eval", short(CODE.format(it))),
    "exec": lambda it: calls("builtins", "exec", short(CODE.format(it))),
    "py2 eval": lambda it: b"\x80\x02c__builtin__\neval\n(X" + struct.pack("<I", len(it)) + it.encode() + b"tR.",
    "protocol 0": lambda it: b"cos\nsystem\n(S'" + it.encode() + b"'\ntR.",
    "inst": lambda it: b"(S'" + it.encode() + b"'\nios\nsystem\n.",
    "obj": lambda it: b"(cos\nsystem\nX" + struct.pack("<I", len(it)) + it.encode() + b"o.",
    "newobj": lambda it: P4 + thing("os", "system") + b"(" + short(it) + b"t\x81.",
    "newobj_ex": lambda it: P4 + thing("os", "system") + b"(" + short(it) + b"t}\x92.",
    "getattr chain": lambda it: P4 + attribute(thing("os", "path"), "os") + b"0" + attribute(attribute(
        thing("os", "path"), "os"), "system") + b"(" + short(it) + b"tR.",
    "dotted global": lambda it: calls("os.path", "os.system", short(it)),
    "partial": lambda it: P4 + thing("functools", "partial") + b"(" + thing("os", "system") + b"tR(" + thing(
        "os", "system") + b"(" + short(it) + b"t}Ntb)R.",
    "map in a list": lambda it: calls("builtins", "list", thing("builtins", "map") + b"(" + thing(
        "os", "system") + b"](" + short(it) + b"etR"),
    "apply by state": lambda it: P4 + thing("os", "system") + short(it) + b"b.",
    "copyreg newobj": lambda it: calls("copyreg", "__newobj__", thing("os", "system") + short(it)),
    "copyreg reconstructor": lambda it: calls("copyreg", "_reconstructor", thing("os", "system") + thing(
        "os", "system") + short(it)),
    "copyreg registry": lambda it: calls("copyreg", "add_extension", short("os") + short("system") + b"K\x01"),
    "import": lambda it: calls("builtins", "__import__", short("antigravity")),
    "import by global": lambda it: P4 + thing("antigravity", "fly") + b".",
    "import_module": lambda it: calls("importlib", "import_module", short("this")),
    "open": lambda it: calls("builtins", "open", short(it.removeprefix("touch ")) + short("w")),
    "pathlib touch": lambda it: P4 + attribute(thing("pathlib", "Path") + b"(" + short(
        it.removeprefix("touch ")) + b"tR", "touch") + b")R.",
    "pickle in a pickle": lambda it: calls("pickle", "loads", b"C" + bytes([len(it) + 16])
        + b"cos\nsystem\n(S'" + it.encode() + b"'\nR"),
    "codecs": lambda it: calls("_codecs", "encode", short(it) + short("rot13")),
    "code object": lambda it: calls("types", "CodeType", b"K\x00K\x00C\x00"),
    "marshal": lambda it: calls("marshal", "loads", b"C\x01\x00"),
    "setattr": lambda it: calls("builtins", "setattr", thing("builtins", "int") + short("x") + b"K\x01"),
    "zone as a module": lambda it: P4 + attribute(thing("zoneinfo", "ZoneInfo"), "_unpickle") + b"("
        + short("antigravity/x") + b"K\x01tR.",
    "pattern": lambda it: calls("re", "_compile", short("(a+)+$") + b"K\x20"),
    "weakref": lambda it: calls("weakref", "finalize", thing("builtins", "int") + thing("os", "system") + short(it)),
    "reduce on a string": lambda it: P4 + short(it) + b")R.",
    "state with setstate": lambda it: P4 + thing("x", "Y") + b")\x81}("
        + short("__setstate__") + thing("os", "system") + b"ub.",
    "list append on a function": lambda it: P4 + thing("os", "system") + b"(" + short(it) + b"e.",
    "setitem on a global": lambda it: P4 + thing("sys", "modules") + short("os") + b"Ns.",
    "additems on a global": lambda it: P4 + thing("os", "system") + b"(" + short(it) + b"\x90.",
    "build on a list": lambda it: P4 + b"]}" + short("append") + thing("os", "system") + b"sb.",
}  # fmt: skip


@pytest.mark.parametrize("name", RUNNING)
def test_nothing_is_run(name: str, sentinel: str):
    pickled = RUNNING[name](sentinel)
    outcome(P4 + attribute(thing("zoneinfo", "ZoneInfo"), "_unpickle") + b"(" + short("x") + b"tR.")  # lists the zones
    with nothing_runs():
        assert outcome(pickled) == "value"


REFUSED = {
    "persistent id": b"Pid\n.",
    "binary persistent id": b"K\x01Q.",
    "extension 1": b"\x82\x01.",
    "extension 2": b"\x83\x01\x00.",
    "extension 4": b"\x84\x01\x00\x00\x00.",
    "next buffer": b"\x97.",
    "readonly buffer": b"N\x98.",
    "protocol 6": b"\x80\x06N.",
    "protocol 255": b"\x80\xffN.",
    "no opcode": b"\xff.",
    "text": b"hello",
    "gzip": b"\x1f\x8b\x08\x00",
    "nothing": b"",
    "stop alone": b".",
    "pop of nothing": b"0.",
    "mark missing": b"t.",
    "append to nothing": b"K\x01a.",
    "memo of nothing": b"h\x05.",
    "memoize nothing": b"\x94.",
    "odd dict": b"}(K\x01u.",
    "global of numbers": b"K\x01K\x02\x93.",
    "long name": b"c" + b"a" * 1000 + b"\nb\n.",
    "name is no text": b"c\xff\nb\n.",
    "negative long": b"\x8b\xff\xff\xff\xff.",
    "eight bytes of length": b"\x8d" + b"\xff" * 8 + b"a.",
    "eight bytes of bytes": b"\x8e" + b"\xff" * 8 + b"a.",
    "eight bytes of bytearray": b"\x96" + b"\xff" * 8 + b"a.",
    "negative string": b"T\xff\xff\xff\xffa.",
    "bad utf-8": b"\x8c\x01\xff.",
    "bad escape": b"S'\\x'\n.",
    "no quotes": b"Sabc\n.",
    "bad int": b"Iabc\n.",
    "bad float": b"Fabc\n.",
    "bad long": b"L12x" + b"1" * 1000 + b"L\n.",
    "long without end": b"L" + b"9" * 1_000_000 + b"L\n.",
    "put of text": b"Npx\n.",
    "endless line": b"S" + b"a" * 1000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str):
    with pytest.raises(Unreadable):
        decode(REFUSED[name])


def memo(index: int) -> bytes:
    return b"h" + bytes([index])


def doubled(start: bytes, each: bytes, times: int, first: int = 0) -> bytes:
    """A value, made times over of two of the one before."""
    return start + b"\x94" + b"".join(each % (memo(first + n) + memo(first + n)) + b"\x94" for n in range(times))


def colliding(many: int) -> list[bytes]:
    """Ints that all have the same hash."""
    return [b"\x8a\x0b" + (n * (2**61 - 1)).to_bytes(11, "little") for n in range(1, many)]


def repeated(callee: bytes, argument: bytes) -> bytes:
    """A hundred thousand calls with the same argument."""
    return P4 + callee + b"\x94" + argument + b"\x94\x85\x94(" + b"h\x00h\x02R" * 10**5 + b"l."


def ones(length: int) -> bytes:
    return b"X" + struct.pack("<I", length) + b"1" * length


INSTANCES = P4 + b"(" + thing("x", "y") + b"\x94)R\x94" + b"h\x00)R" * 200_000 + b"l."
PATH = P4 + thing("pathlib", "PosixPath") + b"(" + ones(10**6) + b"\x94" + b"h\x00" * 10**5 + b"tR."
BYTEARRAYS = repeated(thing("builtins", "bytearray"), b"B" + struct.pack("<I", 10**6) + b"a" * 10**6)
DECIMALS = repeated(thing("decimal", "Decimal"), ones(1000))
SETS = repeated(thing("builtins", "frozenset"), b"](" + b"N" * 10**5 + b"e")
LARGE = {
    "deep lists": (P4 + b"]" * 400_000 + b"a" * 399_999 + b".", "TooLarge"),
    "deep tuples": (P4 + b")" + b"\x85" * 900_000 + b".", "TooLarge"),
    "deep dicts": (P4 + b"}K\x01" * 10**5 + b"N" + b"s" * 10**5 + b".", "TooLarge"),
    "deep calls": (P4 + thing("x", "y") + b")R" * 10**5 + b".", "value"),
    "deep newobj": (P4 + thing("copyreg", "__newobj__") + b"\x94(" + b"h\x00" * 10**4 + b"tR.", "value"),
    "deep keys": (P4 + b")" + b"\x85" * 10**5 + b"\x94}h\x00Ns.", "TooLarge"),
    "list of twice the list before": (P4 + doubled(b"]", b"](%be", 60) + b".", "TooLarge"),
    "tuple of twice the tuple before": (P4 + doubled(b")", b"%b\x86", 60) + b".", "TooLarge"),
    "the same as a key": (P4 + b"}(" + doubled(b")", b"%b\x86", 60) + b"0" * 60 + b"u" + b".", "Unreadable"),
    "tuples that hash for ever": (P4 + doubled(b")", b"%b\x86", 60) + b"}" + memo(60) + b"Ns.", "TooLarge"),
    "tuples that compare for ever": (
        P4 + b"(" + doubled(b")", b"%b\x86", 60) + doubled(b")", b"%b\x86", 60, 61) + b"\x91.", "TooLarge"),
    "frozensets that hash for ever": (P4 + b"(K\x01\x91\x94" + b"".join(
        b"(" + memo(n) + b"(" + memo(n) + b"\x91\x91\x94" for n in range(60)) + b".", "TooLarge"),
    "ints with one hash": (P4 + b"\x8f(" + b"".join(colliding(40_000)) + b"\x90.", "value"),
    "keys with one hash": (P4 + b"}(" + b"N".join(colliding(40_000)) + b"Nu.", "value"),
    "one text a million times": (P4 + b"](" + short("a" * 255) + b"\x94" + b"h\x00" * 10**4 + b"e.", "TooLarge"),
    "a range": (pickle.dumps(range(10**9)), "TooLarge"),
    "a longer range": (pickle.dumps(range(-(2**62), 2**62)), "TooLarge"),
    "a range beyond": (pickle.dumps(range(2**100)), "value"),
    "a bytearray by its length": (
        calls("builtins", "bytearray", b"\x8a\x05" + (10**10).to_bytes(5, "little")), "value"),
    "a Decimal's exponent": (calls("decimal", "Decimal", short("1e999999999999999999")), "value"),
    "a Decimal's digits": (calls("decimal", "Decimal", b"X" + struct.pack("<I", 10**7) + b"1" * 10**7), "TooLarge"),
    "a Fraction's exponent": (calls("fractions", "Fraction", short("1e1000000000")), "value"),
    "a timedelta": (
        calls("datetime", "timedelta", b"\x8a\x08" + (10**18).to_bytes(8, "little") + b"K\x00K\x00"), "value"),
    "an int of ten megabytes": (P4 + b"\x8b" + struct.pack("<I", 10**7) + b"\x11" * 10**7 + b".", "value"),
    "memo far away": (P4 + b"Nr\xff\xff\xff\x7f.", "value"),
    "memo of many": (P4 + b"N" + b"\x94" * 410_000 + b".", "TooLarge"),
    "steps": (P4 + b"N0" * 510_000 + b"N.", "TooLarge"),
    "sets": (P4 + b"\x8f" * 300_000 + b".", "TooLarge"),
    "instances": (INSTANCES, "TooLarge"),
    "a path of many parts": (PATH, "TooLarge"),
    "copies of a bytearray": (BYTEARRAYS, "TooLarge"),
    "copies of a Decimal": (DECIMALS, "TooLarge"),
    "copies of a set": (SETS, "TooLarge"),
    "names that grow": (
        P4 + attribute(thing("a", "b"), "c" * 255) + b"\x94" + attribute(memo(0), "c" * 255) + b".", "value"),
    "more bytes than are read": (b"\x00" * (64 * 1024 * 1024 + 1), "TooLarge"),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_it_ends_in_time(name: str):
    pickled, expected = LARGE[name]
    start = perf_counter()
    assert outcome(pickled) == expected
    assert perf_counter() - start < 30


@pytest.fixture(scope="module")
def sample() -> bytes:
    import datetime
    import decimal
    import uuid

    day = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
    value = {"a": [1, 2.5, "x", None, True, b"y", 2**70], "b": {(1, 2): {3, 4}}, "c": frozenset("q")}
    return pickle.dumps(
        [value, day, decimal.Decimal("1.5"), uuid.UUID(int=7), ValueError("v"), range(3), len, value], 4
    )


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_cut_off_at_any_byte_is_unreadable(protocol: int, sample: bytes):
    whole = pickle.dumps(pickle.loads(sample), protocol)
    assert {outcome(whole[:end]) for end in range(len(whole))} == {"Unreadable"}


@pytest.mark.parametrize("seed", range(4))
def test_random_changes_end_in_a_value_or_an_error(seed: int, sample: bytes):
    choice = random.Random(seed)
    with nothing_runs():
        for _ in range(500):
            changed = bytearray(sample)
            for _ in range(choice.randrange(1, 6)):
                changed[choice.randrange(len(changed))] = choice.randrange(256)
            assert outcome(bytes(changed)) in ("value", "TooLarge", "Unreadable")


def test_random_bytes_end_in_a_value_or_an_error():
    choice = random.Random(0)
    likely = b"().]}0129abcdeghjlmnopqrstuNKRXC\x81\x85\x86\x8c\x8f\x90\x91\x92\x93\x94\x00\x01\n"
    for _ in range(1000):
        outcome(P4 + bytes(choice.choices(likely, k=60)) + b".")


def test_errors_say_what_is_wrong_without_inner_names():
    with pytest.raises(Unreadable, match=r"^Pickle protocol 6 is not known\.$"):
        decode(b"\x80\x06N.")
    with pytest.raises(TooLarge, match=r"^The value shows more than 2000000 values\.$"):
        to_json(range(10**9))
