"""Bodies of requests that are no JSON objects, or such as are read in several ways."""

from collections.abc import Callable, Mapping

from .hostile import ANSWERED, BAD_INPUT, JSON, LIMIT, RESET, TOO_LARGE, UNSUPPORTED, Family, Hostile, Sent

_BODY = 2**20
_ASKED = b'{"query": "{ __typename }"'


def _of(outcomes: tuple[str, ...], made: Mapping[str, Callable[[], bytes]], *, in_body: bool = False) -> Family:
    def hostile(body: Callable[[], bytes]) -> Hostile:
        return Hostile(lambda: Sent(body()), frozenset(outcomes), in_body=in_body)

    return {name: hostile(body) for name, body in made.items()}


def _with(more: bytes) -> bytes:
    return _ASKED + b", " + more + b"}"


def _padded(size: int) -> bytes:
    return _ASKED + b" " * (size - len(_ASKED) - 1) + b"}"


def _deep(opening: bytes, closing: bytes, depth: int) -> Callable[[], bytes]:
    return lambda: _with(b'"variables": {"a": ' + opening * depth + b"1" + closing * depth + b"}")


BODIES: Family = {
    **_of(
        (BAD_INPUT,),
        {
            "nothing": lambda: b"",
            "a MiB of spaces": lambda: b" " * _BODY,
            "a MiB of NUL": lambda: b"\0" * _BODY,
            "a MiB of brackets": lambda: b"[" * _BODY,
            "a MiB of quotes": lambda: b'"' * _BODY,
            "a MiB of backslashes": lambda: b'{"query": "' + b"\\" * (_BODY - 20),
            "a MiB of digits": lambda: b"9" * _BODY,
            "a MiB of digits as the query": lambda: b'{"query": ' + b"9" * (_BODY - 20) + b"}",
            "a text": lambda: b'"{ __typename }"',
            "a number": lambda: b"1",
            "null": lambda: b"null",
            "a batch": lambda: b"[" + _padded(100) + b"]",
            "a batch of thousands": lambda: b"[" + b",".join([_ASKED + b"}"] * 30_000) + b"]",
            "an empty batch": lambda: b"[]",
            "an empty object": lambda: b"{}",
            "a null query": lambda: b'{"query": null}',
            "an empty query": lambda: b'{"query": ""}',
            "a query of an object": lambda: b'{"query": {"a": 1}}',
            "a query of a list": lambda: b'{"query": ["{ __typename }"]}',
            "a document alone": lambda: b"{ __typename }",
            "truncated": lambda: _ASKED,
            "truncated in an escape": lambda: b'{"query": "\\u00',
            "two objects": lambda: _padded(100) + _padded(100),
            "trailing bytes": lambda: _padded(100) + b"x",
            "a trailing comma": lambda: _ASKED + b",}",
            "a comment": lambda: b"/* a */" + _padded(100),
            "single quotes": lambda: b"{'query': '{ __typename }'}",
            "names without quotes": lambda: b"{query: 1}",
            "a byte order mark": lambda: b"\xef\xbb\xbf" + _padded(100),
            "UTF-16": lambda: _padded(100).decode().encode("utf-16"),
            "Latin-1": lambda: b'{"query": "{ \xe9 }"}',
            "bytes that are no UTF-8": lambda: b'{"query": "{ \xff\xfe }"}',
            "an overlong NUL": lambda: b'{"query": "{ \xc0\x80 }"}',
            "a surrogate in UTF-8": lambda: b'{"query": "{ \xed\xa0\x80 }"}',
            "a lone surrogate in a name": lambda: _with(b'"variables": {"\\ud800": 1}'),
            "a lone surrogate in a variable": lambda: _with(b'"variables": {"a": "\\udc00"}'),
            "NaN": lambda: _with(b'"variables": {"a": NaN}'),
            "Infinity": lambda: _with(b'"variables": {"a": -Infinity}'),
            "a control character": lambda: b'{"query": "{ \x01 }"}',
            "variables of a list": lambda: _with(b'"variables": []'),
            "variables of a text": lambda: _with(b'"variables": "{}"'),
            "variables of a number": lambda: _with(b'"variables": 0'),
            "variables of false": lambda: _with(b'"variables": false'),
            "a name of an operation that is a list": lambda: _with(b'"operationName": []'),
            "extensions of a list": lambda: _with(b'"extensions": []'),
            "the query twice": lambda: _with(b'"query": "{ a }"'),
            "the query twice, by an escape": lambda: _with(b'"quer\\u0079": "{ a }"'),
            "a variable twice": lambda: _with(b'"variables": {"a": 1, "a": 2}'),
            "a name twice, far below": lambda: _with(b'"variables": {"a": [[[{"b": [{"c": 1, "c": 1}]}]]]}'),
            "names twice by the thousands": lambda: _with(b'"variables": {' + b'"a": 1, ' * 100_000 + b'"b": 1}'),
            "many names, the last twice": lambda: _with(
                b'"variables": {' + b"".join(b'"v%d":1,' % n for n in range(70_000)) + b'"v69999": 1}'
            ),
            **{
                f"{what}, {depth:,} deep": _deep(opening, closing, depth)
                for depth in (1_100, 9_000)
                for what, opening, closing in (("lists", b"[", b"]"), ("objects", b'{"a":', b"}"))
            },
        },
        in_body=True,
    ),
    # Of as many lists and objects as no request needs, JSON is not even read.
    **_of(
        (LIMIT,),
        {
            "a MiB of braces": lambda: b"{" * _BODY,
            "a MiB of names": lambda: b'{"a":' * (_BODY // 5),
            "a MiB of empty objects": lambda: _with(b'"variables": {"a": [' + b"{}," * 340_000 + b"1]}"),
            "a MiB of empty objects in lists": lambda: _with(
                b'"variables": {' + b",".join(b'"a%d":[%s{}]' % (n, b"{}," * 900) for n in range(380)) + b"}"
            ),
            "a query of empty lists": lambda: b'{"query": [' + b"[]," * 340_000 + b"1]}",
            "objects with names twice": lambda: _with(b'"variables": {"a": [' + b'{"b":1,"b":1},' * 60_000 + b"1]}"),
            "other names by the thousands": lambda: _with(b",".join(b'"v%d":{}' % n for n in range(80_000))),
            "names of escapes": lambda: _with(
                b'"variables": {' + b",".join(b'"\\u0061%d":{}' % n for n in range(60_000)) + b"}"
            ),
            "lists without an end, 900,000 deep": lambda: _with(b'"variables": {"a": ' + b"[" * 900_000),
            "names, 100,000 deep": lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
            "names without an end, 200,000 deep": lambda: b'{"a":' * 200_000,
            "lists as extensions, 100,000 deep": lambda: _with(b'"extensions": {"a": ' + b"[" * 100_000),
            **{
                f"{what}, {depth:,} deep": _deep(opening, closing, depth)
                for depth in (100, 900, 100_000)
                for what, opening, closing in (("lists", b"[", b"]"), ("objects", b'{"a":', b"}"))
            },
        },
        in_body=True,
    ),
    **_of((LIMIT,), {"a document of a MiB without an end": lambda: b'{"query": "' + b"{a" * 500_000 + b'"}'}),
    # Who looks for strings must not begin anew at each quote.
    **_of(
        (BAD_INPUT, LIMIT),
        {
            "escaped quotes without an end": lambda: b'{"a": "' + b'\\"' * 500_000 + b"[" * 11_000,
            "quotes without an end": lambda: b'{"a": ' + b'"' * 500_001 + b"[" * 11_000,
            "backslashes without an end": lambda: b'{"a": "' + b"\\" * 1_000_000 + b"[" * 11_000,
            "brackets in strings": lambda: b'{"a": ' + b'"[",' * 250_000 + b"1}",
        },
        in_body=True,
    ),
    **_of(
        (BAD_INPUT,),
        {
            "a number of 1,000,000 digits": lambda: _with(b'"variables": {"a": ' + b"9" * 1_000_000 + b"}"),
            "an exponent of 1,000,000 digits": lambda: _with(b'"variables": {"a": 1e' + b"9" * 1_000_000 + b"}"),
            "numbers beyond floats": lambda: _with(b'"variables": {"a": [' + b"1e999," * 150_000 + b"1]}"),
        },
        in_body=True,
    ),
    **_of(
        (ANSWERED,),
        {
            "a fraction of 1,000,000 digits": lambda: _with(b'"variables": {"a": 0.' + b"9" * 1_000_000 + b"}"),
            "a MiB of escapes": lambda: _with(
                b'"variables": {"a": [' + b",".join([b'"' + b"\\u0041" * 17_000 + b'"'] * 10) + b"]}"
            ),
        },
    ),
    **_of(
        (ANSWERED,), {"a MiB": lambda: _padded(_BODY), "spaces around it": lambda: b"\n\t " + _padded(100) + b"\r\n"}
    ),
    **_of(
        (TOO_LARGE, RESET),
        {"a byte more than a MiB": lambda: _padded(_BODY + 1), "eight MiB": lambda: b"{" * 8 * _BODY},
        in_body=True,
    ),
    **_of(
        # Which of them, the settings say.
        ("PERSISTED_QUERY_NOT_SUPPORTED", "PERSISTED_QUERY_NOT_FOUND", BAD_INPUT),
        {
            "a hash of a document": lambda: b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "a"}}}',
            "a long hash": lambda: b'{"extensions": {"persistedQuery": {"sha256Hash": "%s"}}}' % (b"a" * 1_000_000),
            "a hash of lists": lambda: b'{"extensions": {"persistedQuery": %s%s}}' % (b"[" * 900, b"]" * 900),
        },
    ),
    "of another type": Hostile(
        lambda: Sent(_padded(100), headers=JSON | {"content-type": "text/plain"}), frozenset({UNSUPPORTED})
    ),
    "of a long type": Hostile(
        lambda: Sent(_padded(100), headers=JSON | {"content-type": "application/json" + ";a=b" * 3_000}),
        frozenset({ANSWERED}),
    ),
    "of another charset": Hostile(
        lambda: Sent(_padded(100), headers=JSON | {"content-type": "application/json; charset=utf-16"}),
        frozenset({UNSUPPORTED}),
    ),
    "in gzip": Hostile(
        lambda: Sent(_padded(100), headers=JSON | {"content-encoding": "gzip"}), frozenset({UNSUPPORTED})
    ),
}
