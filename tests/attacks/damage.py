"""Pickles that are broken on purpose: the stack, the memo, lengths and numbers that lie."""

import struct
from collections.abc import Iterable

from .assembler import Attack, Family, Outcome, attack, blob, integer, listed, raw, text, whole


def _all(end: Outcome, pickles: dict[str, bytes]) -> Family:
    return {name: raw(pickled, ends=end) for name, pickled in pickles.items()}


STACK: Family = {
    **_all(
        "Unreadable",
        {
            "nothing": b"",
            "stop alone": b".",
            "no stop": b"N",
            "protocol alone": b"\x80",
            "no opcode": b"\xff.",
            "zeros": bytes(1000),
            "text": b"hello",
            "JSON": b'{"a": 1}',
            "gzip": b"\x1f\x8b\x08\x00",
            "zip": b"PK\x03\x04" + bytes(26),
            "pop of nothing": b"0.",
            "pop of the last": b"N00.",
            "pop to a mark that is missing": b"1.",
            "dup of nothing": b"2.",
            "tuple without a mark": b"t.",
            "list without a mark": b"l.",
            "dict without a mark": b"d.",
            "frozenset without a mark": b"\x91.",
            "tuple of one of nothing": b"\x85.",
            "tuple of two of one": b"N\x86.",
            "tuple of three of two": b"NN\x87.",
            "append to nothing": b"K\x01a.",
            "append to itself": b"]a.",
            "appends without a mark": b"]e.",
            "appends to nothing": b"(e.",
            "setitem without a value": b"}K\x01s.",
            "an odd dict": b"}(K\x01u.",
            "an odd dict by a mark": b"(K\x01d.",
            "additems without a mark": b"\x8f\x90.",
            "a mark for a value": b"(.",
            "get of what is missing": b"g7\n.",
            "binget of what is missing": b"h\x05.",
            "long binget of what is missing": b"j\xff\xff\xff\x7f.",
            "get of text": b"gx\n.",
            "get of nothing": b"g\n.",
            "put of text": b"Npx\n.",
            "put of nothing": b"p1\n.",
            "memoize nothing": b"\x94.",
            "get of a negative": b"Np1\ng-1\n.",
            "frame cut off": b"\x80\x04\x95\x00\x00",
        },
    ),
    "put of a negative": raw(b"Np-1\ng-1\n."),
    "put far away": raw(b"Nr\xff\xff\xff\x7fj\xff\xff\xff\x7f."),
    "put at a number of a million digits": raw(b"Np", (b"9", 10**6), b"\n."),
    "get at a number of a million digits": raw(b"Ng", (b"9", 10**6), b"\n.", ends="Unreadable"),
    "marks without end": raw((b"(", 500_000), b"N."),
    "marks closed without end": raw((b"(", 10**6), (b"t", 10**6), b".", ends="TooLarge"),
    "marks popped": raw((b"(1", 200_000), b"N."),
    "dup without end": raw(b"N", (b"2", 300_000), b"."),
    "dup of a list, appended to itself": raw(b"]2a."),
    "dup of a long text": attack(text("a" * 10**6), (b"2", 300_000)),
    "memoize without end": raw(b"N", (b"\x94", 3_000_000), b".", ends="TooLarge"),
    "put without end": Attack(
        lambda: b"N" + b"".join(b"r" + struct.pack("<I", n) for n in range(2_100_000)) + b".", "TooLarge"
    ),
    "steps without end": raw((b"N0", 4_000_000), b"N.", ends="TooLarge"),
    "framing, without end": raw(b"\x80\x04", (b"\x95" + bytes(8), 300_000), b"N."),
    "protocols, without end": raw((b"\x80\x04", 300_000), b"N."),
    "a frame of 2^63": raw(b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b"N."),
    "a frame of nothing": raw(b"\x80\x04\x95" + bytes(8) + b"N."),
    "a frame that ends within": raw(b"\x80\x04\x95" + struct.pack("<Q", 2) + b"\x8c\x01a."),
    "frames within frames": raw(
        b"\x80\x04" + b"".join(b"\x95" + struct.pack("<Q", n) for n in range(99, 0, -1)) + b"N."
    ),
    "more bytes than are read": Attack(lambda: bytes(64 * 1024 * 1024 + 1), ends="TooLarge"),
}


def _lying() -> Iterable[tuple[str, bytes]]:
    opcodes = {"text": b"\x8d", "bytes": b"\x8e", "bytearray": b"\x96"}
    for name, code in opcodes.items():
        for size in (2, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1):
            yield f"{name} of 8 bytes of length, {size}", code + struct.pack("<Q", size) + b"a"
    four = {"text": b"X", "bytes": b"B", "str": b"T", "long": b"\x8b"}
    for name, code in four.items():
        for size in (2, 2**31 - 1, 2**31, 2**32 - 1):
            yield f"{name} of 4 bytes of length, {size}", code + struct.pack("<I", size) + b"a"
    for name, code in {"text": b"\x8c", "bytes": b"C", "str": b"U", "long": b"\x8a"}.items():
        yield f"{name} of 1 byte of length", code + b"\xffa"
    for name, code in {"int": b"J\x00", "float": b"G\x00", "short": b"M\x00", "binget": b"h", "frame": b"\x95"}.items():
        yield f"{name} cut off", code


LENGTHS: Family = _all("Unreadable", {name: pickled + b"." for name, pickled in _lying() if name != "binget cut off"})

NUMBERS: Family = {
    **_all(
        "Unreadable",
        {
            "no int": b"Iabc\n.",
            "an empty int": b"I\n.",
            "an int without end": b"I1",
            "an int with a NUL": b"I1\x002\n.",
            "an int in hexadecimal": b"I0x10\n.",
            "an int that does not end in a newline": b"I" + b"9" * 10**6 + b".",
            "no float": b"Fabc\n.",
            "an empty float": b"F\n.",
            "a float with a comma": b"F1,5\n.",
            "no long": b"L12x" + b"1" * 1000 + b"L\n.",
            "an empty long": b"LL\n.",
            "a long of a million digits": b"L" + b"9" * 10**6 + b"L\n.",
            "a long of minuses": b"L" + b"-" * 1000 + b"1L\n.",
        },
    ),
    "a long of ten million digits": raw(b"L", (b"9", 10**7), b"L\n.", ends="TooLarge"),
    "a negative long of ten million digits": raw(b"L-", (b"9", 10**7), b"L\n.", ends="TooLarge"),
    "an int of ten million digits": raw(b"I", (b"9", 10**7), b"\n."),
    "a long with underscores": raw(b"L1_000_000L\n."),
    "a long of a hundred thousand digits": raw(b"L", (b"9", 10**5), b"L\n."),
    "a thousand longs of a hundred thousand digits": raw(
        b"(", (b"L" + b"9" * 10**5 + b"L\n", 300), b"l.", ends="TooLarge"
    ),
    "a float of a million digits": raw(b"F", (b"9", 10**6), b"\n."),
    "a float of an exponent beyond": raw(b"F1e999999999\n."),
    "a float that is none": raw(b"Fnan\n."),
    "ten megabytes in a binary long": raw(b"\x8b", struct.pack("<I", 10**7), (b"\x11", 10**7), b"."),
    "thirty megabytes of minus": raw(b"\x8b", struct.pack("<I", 3 * 10**7), (b"\xff", 3 * 10**7), b"."),
    "a binary long of no bytes": raw(b"\x8a\x00."),
    "an int of a megabyte as a key": attack(b"}", integer(1 << 8 * 10**6), b"Ns"),
    "ints of a megabyte in a set": attack(b"\x8f(", *(integer((1 << 8 * 10**6) + n) for n in range(8)), b"\x90"),
    "the same int of 30,000 digits, a million times": attack(
        integer(1 << 99_000), b"\x94]", b"(", (b"h\x00", 10**6), b"e", ends="TooLarge"
    ),
    "an int beyond 4300 digits": attack(listed(integer(10**5000), integer(-(10**5000)))),
}

TEXTS: Family = {
    **_all(
        "Unreadable",
        {
            "text that is no UTF-8": b"\x8c\x01\xff.",
            "text of overlong UTF-8": b"\x8c\x02\xc0\x80.",
            "text beyond Unicode": b"\x8c\x04\xf5\x80\x80\x80.",
            "text cut in a letter": b"\x8c\x01\xc3.",
            "a string without quotes": b"Sabc\n.",
            "a string with one quote": b"S'\n.",
            "a string with two kinds": b"S'a\"\n.",
            "a string of a bad escape": b"S'\\x'\n.",
            "a string of a bad octal": b"S'\\'\n.",
            "a string without end": b"S" + b"a" * 10**6,
            "unicode of a bad escape": b"V\\ud\n.",
            "unicode beyond Unicode": b"V\\U00110000\n.",
        },
    ),
    "lone surrogates": attack(listed(text("\ud800"), text("\udfff\ud800"), text("a\udc80b"))),
    "lone surrogates as keys": attack(b"}(", text("\ud800"), b"N", text("\udfff"), b"N", text("\ufffd"), b"Nu"),
    "unicode of surrogates": raw(b"V\\ud800\\udfff\n."),
    "NULs": attack(listed(text("\x00" * 1000), text("a\x00b"))),
    "what turns a line": attack(text("\u202e\u2066\u200b\ufeff")),
    "letters that combine, a megabyte": attack(text("a" + "\u0301" * 500_000)),
    "escapes of a terminal": attack(text("\x1b[2J\x1b]0;x\x07")),
    "markup": attack(text("</script><script>alert(1)</script>")),
    "str of Python 2 that is no UTF-8": raw(b"U\x02\xff\xfe."),
    "a string of escapes, ten megabytes": raw(b"S'", (b"\\x41", 2_500_000), b"'\n."),
    "unicode of escapes, ten megabytes": raw(b"V", (b"\\u0041", 1_600_000), b"\n."),
    "widest letters, eight megabytes": attack(text("\U0001f40d" * 2_000_000)),
    "widest letters, thirty megabytes": Attack(lambda: whole(text("\U0001f40d" * 7_500_000)), "TooLarge"),
    "one wide letter among thirty million": Attack(lambda: whole(text("a" * 30_000_000 + "\U0001f40d")), "TooLarge"),
    "thirty million bytes": Attack(lambda: whole(blob(bytes(30_000_000))), "TooLarge"),
    "surrogates, thirty megabytes": Attack(lambda: whole(text("\ud800" * 10**7)), "TooLarge"),
    "a text of a megabyte, a hundred times": attack(
        text("a" * 10**6), b"\x94](", b"h\x00" * 100, b"e", ends="TooLarge"
    ),
    "bytes of a megabyte, a hundred times": attack(
        blob(bytes(10**6)), b"\x94](", b"h\x00" * 100, b"e", ends="TooLarge"
    ),
    "a text of a megabyte, as many keys": attack(
        text("a" * 10**6), b"\x94](", b"}h\x00Ns" * 1000, b"e", ends="TooLarge"
    ),
}
