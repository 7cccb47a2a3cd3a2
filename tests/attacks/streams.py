"""Arrow streams, in the pickles of polars, that lie about what they hold and where."""

import struct

from .assembler import (
    EMPTY_LIST,
    MEMOIZE,
    NONE,
    Attack,
    Family,
    Outcome,
    attack,
    blob,
    built,
    called,
    integer,
    listed,
    named,
    new,
    pair,
    recalled,
)
from .assembler import text as sentence
from .flat import (
    ARRAY,
    BOOL,
    DECIMAL,
    INT,
    INT64,
    LAST,
    LIST,
    MANY,
    MOMENT,
    NOTHING,
    NULL,
    NUMBERS,
    STRUCT,
    TEXT,
    VIEWS,
    Flat,
    batch,
    column,
    dictionary,
    long,
    noted,
    numbers,
    repeated,
    rows,
    schema,
    short,
    table,
    tables,
    text,
    whole,
)
from .tables import many_columns

_FRAME, _SERIES = new(named("polars.dataframe.frame:DataFrame")), new(named("polars.series.series:Series"))
_EIGHT = long(*range(8))
_ONE = rows(8, [8, 0], [0, 0, 0, 64])
_MEGABYTE = 2**20
_FAR = 2**62


def _framed(*messages: bytes, ends: Outcome = "value") -> Attack:
    return attack(built(_FRAME, blob(b"".join(messages) + LAST)), ends=ends)


def _of(described: Flat, header: Flat, body: bytes = _EIGHT, ends: Outcome = "value") -> Attack:
    """A frame of one column, or of those that are written in one."""
    return _framed(schema(described), batch(header, body), ends=ends)


def _numbers(header: Flat = _ONE, body: bytes = _EIGHT, ends: Outcome = "value") -> Attack:
    return _of(NUMBERS, header, body, ends)


def _nested(depth: int) -> Flat:
    found = NUMBERS
    for _ in range(depth):
        found = column("l", LIST, NOTHING, tables(found))
    return found


def _shared(depth: int, width: int) -> Flat:
    """Structs of structs, of which those of a level are one and the same."""
    found = NUMBERS
    for _ in range(depth):
        found = column("s", STRUCT, NOTHING, repeated(found, width))
    return found


def _view(length: int, buffer: int, offset: int) -> bytes:
    return struct.pack("<i4sii", length, b"text", buffer, offset)


def _views(views: bytes, further: int = 1, ends: Outcome = "value") -> Attack:
    count = len(views) // 16
    header = rows(
        count,
        [count, 0],
        [0, 0, 0, len(views), *[len(views), _MEGABYTE] * further],
        None,
        numbers(1, long(further)),
    )
    return _of(column("s", VIEWS, NOTHING), header, views + bytes(_MEGABYTE), ends)


def _listed(offsets: bytes, length: int, kind: int = NULL, ends: Outcome = "value") -> Attack:
    """One row, which is a list of so many of what takes no room, or a bit each."""
    described = column("l", MANY, NOTHING, tables(column("item", kind, NOTHING)))
    inner = [] if kind == NULL else [0, 0, 0, _MEGABYTE]
    header = rows(1, [1, 0, length, 0], [0, 0, 0, len(offsets), *inner])
    return _of(described, header, offsets + bytes(_MEGABYTE), ends)


_CHOSEN = column("c", VIEWS, NOTHING, None, table(long(7), table(whole(32), b"\x01")))
_CODES = rows(8, [8, 0], [0, 0, 0, 32])
_CHOICES = rows(1, [1, 0], [0, 0, 0, 16], None, numbers(1, long(0)))
_CHOICE = struct.pack("<i12s", 1, b"a")


def _chosen(*messages: bytes, codes: int = 0, described: Flat = _CHOSEN) -> Attack:
    return _framed(schema(described), *messages, batch(_CODES, whole(codes) * 8))


def _dictionaries(count: int) -> bytes:
    return dictionary(7, _CHOICES, _CHOICE) * count


_MOMENTS = long(2**63 - 1, -(2**63), -1, 10**18, -(10**18), 0, 1, 2)


def _moment(unit: int, zone: str) -> Attack:
    return _of(column("t", MOMENT, table(short(unit), text(zone))), _ONE, _MOMENTS)


_BATCHES = {
    "rows below 0": _numbers(rows(-1, [8, 0], [0, 0, 0, 64])),
    "more rows than values": _numbers(rows(9, [8, 0], [0, 0, 0, 64])),
    "more values than bytes": _numbers(rows(9, [9, 0], [0, 0, 0, 64])),
    "a buffer below 0": _numbers(rows(8, [8, 0], [0, 0, -64, 64])),
    "a buffer of less than nothing": _numbers(rows(8, [8, 0], [0, 0, 0, -64])),
    "a buffer beyond the body": _numbers(rows(8, [8, 0], [0, 0, 64, 64])),
    "a buffer beyond all numbers": _numbers(rows(8, [8, 0], [0, 0, 2**63 - 1, 2**63 - 1])),
    "fewer buffers": _numbers(rows(8, [8, 0], [0, 64])),
    "no arrays": _numbers(rows(8, [], [])),
    "no body": _numbers(body=b""),
    "bits that are too few": _numbers(rows(8, [8, 8], [0, 0, 0, 64]), b""),
    "a million rows of a byte": _numbers(rows(10**6, [10**6, 0], [0, 0, 0, 1]), ends="TooLarge"),
    "no columns and 10^18 rows": _framed(schema(), batch(rows(10**18, [], [])), ends="TooLarge"),
    "nothing, 10^18 times": _of(column("n", NULL, NOTHING), rows(10**18, [10**18, 0], []), b"", "TooLarge"),
    "nothing, 2^62 times, twice": _framed(
        schema(column("n", NULL, NOTHING)), batch(rows(_FAR, [_FAR, 0], [])), batch(rows(_FAR, [_FAR, 0], []))
    ),
    "a compression": _numbers(rows(8, [8, 0], [0, 0, 0, 64], table(b"\x00"))),
    "a body of 2^62 bytes": _framed(schema(NUMBERS), batch(_ONE, _EIGHT, _FAR)),
    "a body of less than nothing": _framed(schema(NUMBERS), batch(_ONE, _EIGHT, -8)),
    "five thousand batches": _framed(schema(NUMBERS), batch(rows(0, [0, 0], [0, 0, 0, 0])) * 5000),
    "a hundred thousand batches": _framed(schema(NUMBERS), batch(rows(0, [0, 0], [0, 0, 0, 0])) * 100_000),
}
_SCHEMAS = {
    "big-endian": _framed(schema(NUMBERS, endianness=1), batch(_ONE, _EIGHT)),
    "a type that is not known": _of(column("n", 99, NOTHING), _ONE),
    "a union": _of(column("n", 14, NOTHING), _ONE),
    "integers of 7 bits": _of(column("n", INT, table(whole(7))), _ONE),
    "decimals of a scale of 2^31": _of(column("n", DECIMAL, table(whole(38), whole(2**31 - 1))), _ONE),
    "lists of nothing": _of(column("n", LIST, NOTHING), _ONE),
    "lists in 9 lists": _of(_nested(9), rows(0, [0, 0] * 10, [0, 0] * 20), b""),
    "lists in 13 lists": _of(_nested(13), rows(0, [0, 0] * 14, [0, 0] * 28), b""),
    "lists in 1000 lists": _of(_nested(1000), rows(0, [], []), b""),
    "structs that share their parts": _of(_shared(9, 40), rows(0, [], []), b""),
    "a struct of names that are the same": _of(
        column("s", STRUCT, NOTHING, repeated(NUMBERS, 2)), rows(8, [8, 0] * 3, [0, 0, 0, 0, 0, 64, 0, 0, 0, 64])
    ),
    "nine thousand columns that are one": _framed(schema(fields=repeated(NUMBERS, 9000))),
    "a million columns that are one": _framed(schema(fields=repeated(NUMBERS, 10**6))),
    "a name of a megabyte, 9000 times": _framed(schema(fields=repeated(column("n" * _MEGABYTE, INT, INT64), 9000))),
    "a name of 60 letters, 9000 times": _framed(schema(fields=repeated(column("n" * 60, INT, INT64), 9000))),
    "an Enum of ever the same, 9000 times": _framed(
        schema(
            fields=repeated(
                column(
                    "e",
                    VIEWS,
                    NOTHING,
                    None,
                    table(long(0)),
                    noted("_PL_ENUM_VALUES2", b"1;a" * 100_000),
                ),
                9000,
            )
        )
    ),
    "names that are no UTF-8": _of(column(b"\xff\xed\xa0\x80", INT, INT64), _ONE),
    "a name beyond the message": _of(table(Flat(whole(2**31 - 1))), _ONE),
    "no schema": _framed(batch(_ONE, _EIGHT)),
    "two schemas": _framed(schema(NUMBERS), schema(NUMBERS)),
    "a zone that is a path": _moment(2, "../../../../etc/passwd"),
    "a zone of a megabyte": _moment(2, "Z" * _MEGABYTE),
    **{f"moments beyond, of unit {unit}": _moment(unit, "UTC") for unit in range(-1, 5)},
}
_VALUES = {
    "texts that end before they begin": _of(
        column("s", TEXT, NOTHING), rows(2, [2, 0], [0, 0, 0, 24, 24, 40]), long(8, 0, 8) + bytes(40)
    ),
    "texts that begin below 0": _of(
        column("s", TEXT, NOTHING), rows(1, [1, 0], [0, 0, 0, 16, 16, 40]), long(-8, 8) + bytes(40)
    ),
    "a text of 2^62 bytes": _of(
        column("s", TEXT, NOTHING), rows(1, [1, 0], [0, 0, 0, 16, 16, 40]), long(0, _FAR) + bytes(40)
    ),
    "views of less than nothing": _views(_view(-1, 0, 0)),
    "views of a buffer below 0": _views(_view(20, -1, 0)),
    "views of a buffer beyond": _views(_view(20, 1, 0)),
    "views that begin below 0": _views(_view(20, 0, -20)),
    "views that end beyond": _views(_view(20, 0, _MEGABYTE)),
    "views of 2^62 buffers": _of(
        column("s", VIEWS, NOTHING), rows(1, [1, 0], [0, 0, 0, 16], None, numbers(1, long(_FAR))), _view(20, 0, 0)
    ),
    "views of fewer buffers than none": _of(
        column("s", VIEWS, NOTHING), rows(1, [1, 0], [0, 0, 0, 16], None, numbers(1, long(-2))), _view(20, 0, 0)
    ),
    "a megabyte that is seen a hundred thousand times": _views(_view(_MEGABYTE, 0, 0) * 100_000, ends="TooLarge"),
    "a megabyte that is seen by five thousand columns": _framed(
        schema(fields=repeated(column("s", VIEWS, NOTHING), 5000)),
        batch(
            rows(
                1,
                [1, 0] * 5000,
                [0, 0, 0, 16, 16, _MEGABYTE] * 5000,
                None,
                numbers(5000, long(1) * 5000),
            ),
            _view(_MEGABYTE, 0, 0) + bytes(_MEGABYTE),
        ),
        ends="TooLarge",
    ),
    "a list of 2^61 times nothing": _listed(long(0, 2**61), 2**61, ends="TooLarge"),
    "a list of more than there are": _listed(long(0, 9), 8),
    "a list of eight million bits": _listed(long(0, 8 * _MEGABYTE), 8 * _MEGABYTE, BOOL, ends="TooLarge"),
    "a list that ends before it begins": _listed(long(8, 0), 8),
    "arrays of 2^31 times nothing": _of(
        column("a", ARRAY, table(whole(2**31 - 1)), tables(column("item", NULL, NOTHING))),
        rows(8, [8, 0, 2**40, 0], [0, 0]),
        b"",
        "TooLarge",
    ),
    "arrays of less than nothing": _of(
        column("a", ARRAY, table(whole(-1)), tables(column("item", NULL, NOTHING))), rows(8, [8, 0, 8, 0], [0, 0])
    ),
    "a struct of shorter parts": _of(
        column("s", STRUCT, NOTHING, tables(NUMBERS)), rows(8, [8, 0, 4, 0], [0, 0, 0, 0, 0, 64])
    ),
    "codes without choices": _chosen(),
    "codes of other choices": _chosen(dictionary(8, _CHOICES, _CHOICE)),
    "codes beyond the choices": _chosen(_dictionaries(1), codes=1),
    "codes below 0": _chosen(_dictionaries(1), codes=-1),
    "choices that are put instead, 2000 times": _chosen(_dictionaries(2000)),
    "choices that are added": _chosen(_dictionaries(1), dictionary(7, _CHOICES, _CHOICE, added=True)),
    "choices of less than nothing": _chosen(dictionary(7, rows(-1, [-1, 0], [0, 0, 0, 16]), _CHOICE)),
    "choices of choices": _chosen(
        _dictionaries(2), described=column("c", LIST, NOTHING, tables(_CHOSEN), table(long(7), INT64))
    ),
}
_MESSAGES = {
    "a message of 2^31 bytes": _framed(b"\xff\xff\xff\xff" + whole(2**31 - 1)),
    "a message of less than nothing": _framed(b"\xff\xff\xff\xff" + whole(-8) + bytes(8)),
    "a message that is its own table": _framed(b"\xff\xff\xff\xff" + whole(8) + bytes(8)),
    "a table that describes itself": _framed(b"\xff\xff\xff\xff" + whole(12) + whole(4) + whole(0) + whole(0)),
    "a table described below 0": _framed(b"\xff\xff\xff\xff" + whole(12) + whole(4) + whole(100) + whole(0)),
    "a table described beyond": _framed(b"\xff\xff\xff\xff" + whole(12) + whole(4) + whole(-100) + whole(0)),
    "a table of 65535 fields": _framed(b"\xff\xff\xff\xff" + whole(12) + whole(4) + whole(-4) + b"\xff\xff\xff\xff"),
    "nothing": _framed(),
    "a schema alone": _framed(schema(NUMBERS)),
    "no bytes": attack(built(_FRAME, blob(b""))),
    "three bytes": attack(built(_FRAME, blob(b"\xff\xff\xff"))),
    "ones alone": attack(built(_FRAME, blob(b"\xff" * 100_000))),
}
_WHOLE = blob(schema(NUMBERS) + batch(_ONE, _EIGHT) + LAST)
_OF_SERIES = {
    "a state that is text": attack(built(_SERIES, sentence("a"))),
    "a state that is nothing": attack(built(_SERIES, NONE)),
    "a state that is a number": attack(built(_FRAME, integer(8))),
    "a state that is itself": attack(_FRAME, MEMOIZE, listed(recalled(0)), b"b"),
    "no columns in a series": attack(built(_SERIES, blob(schema() + LAST))),
    "two columns in a series": attack(built(_SERIES, blob(schema(NUMBERS, NUMBERS) + LAST))),
    "a frame in a frame": attack(built(_FRAME, listed(built(_FRAME, _WHOLE)))),
    "a series of lists of series": attack(built(_SERIES, listed(built(_SERIES, _WHOLE)))),
    "columns of other lengths": attack(
        built(_FRAME, listed(built(_SERIES, _WHOLE), built(_SERIES, blob(schema(NUMBERS) + LAST))))
    ),
    "a hundred thousand columns that are one": attack(
        built(_SERIES, _WHOLE), MEMOIZE, built(_FRAME, listed(*[recalled(0)] * 100_000))
    ),
    "a thousand times a frame that fails at its end": attack(
        built(_FRAME, blob(schema(fields=repeated(NUMBERS, 5000)) + batch(_ONE, _EIGHT) + schema(NUMBERS) + LAST)),
        MEMOIZE,
        listed(*[recalled(0)] * 1000),
        ends="TooLarge",
    ),
}


def _array(kind: bytes, length: int, buffers: bytes, *within: bytes) -> bytes:
    parts = pair(kind, integer(length), integer(0), integer(0), buffers, listed(*within), NONE)
    return called(named("pyarrow.lib:_restore_array"), parts)


def _alias(name: str) -> bytes:
    return called(named("pyarrow.lib:type_for_alias"), sentence(name))


def _parts(kind: bytes, length: int, buffers: bytes) -> bytes:
    return pair(kind, integer(length), integer(0), integer(0), buffers, EMPTY_LIST, NONE)


def _buffer(data: bytes) -> bytes:
    return called(named("pyarrow.lib:py_buffer"), blob(data))


def _seen(times: int) -> bytes:
    views = _view(_MEGABYTE, 0, 0) * times
    return _array(_alias("string_view"), times, listed(NONE, _buffer(views), _buffer(bytes(_MEGABYTE))))


_OF_PYARROW = {
    "a list of 2^61 times nothing, of pyarrow": attack(
        _array(
            called(named("pyarrow.lib:large_list"), _alias("null")),
            1,
            listed(NONE, _buffer(long(0, 2**61))),
            _parts(_alias("null"), 2**61, listed(NONE)),
        ),
        ends="TooLarge",
    ),
    "a list of eight million bits, of pyarrow": attack(
        _array(
            called(named("pyarrow.lib:large_list"), _alias("bool")),
            1,
            listed(NONE, _buffer(long(0, 8 * _MEGABYTE))),
            _parts(_alias("bool"), 8 * _MEGABYTE, listed(NONE, _buffer(bytes(_MEGABYTE)))),
        ),
        ends="TooLarge",
    ),
    "a megabyte that is seen a hundred thousand times, of pyarrow": attack(_seen(100_000), ends="TooLarge"),
    "fifty megabytes that are seen by a hundred columns of pandas": attack(
        _seen(50), MEMOIZE, many_columns(recalled(0), 100, 50), ends="TooLarge"
    ),
}
STREAMS: Family = {**_BATCHES, **_SCHEMAS, **_VALUES, **_MESSAGES, **_OF_SERIES, **_OF_PYARROW}
