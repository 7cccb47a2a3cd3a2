"""What is no sentence: punctuation, comments, bytes, in any number."""

from collections.abc import Callable
from functools import partial

import orjson

from .hostile import ANSWERED, BAD_INPUT, INVALID, LIMIT, UNPARSED, Family, document, sized, texts


def repeated(piece: str) -> Callable[[int], str]:
    """So many bytes of it, as JSON."""
    return lambda size: piece * (size // len(orjson.dumps(piece)[1:-1]))


def within(piece: str) -> Callable[[int], str]:
    """So many in a document that is otherwise valid."""
    return lambda count: f"{{ __typename {piece * count} }}"


# Pieces that are refused however often they come.
_PIECES = {
    "opening braces": "{ ",
    "opening braces of fields": "{a",
    "closing braces": "}",
    "opening parentheses": "(",
    "fields with arguments": "{a(b:",
    "opening brackets": "[",
    "exclamation marks": "!",
    "dollars": "$",
    "spreads": "...",
    "at signs": "@",
    "equals signs": "=",
    "pipes": "|",
    "ampersands": "& ",
    "colons": ":",
    "quotes": '"',
    "blocks": '""""""',
    "dots": ".",
    "minus signs": "-",
    "backslashes": "\\",
    "question marks": "?",
    "NULs": "\0",
    "deletes": "\x7f",
    "backspaces": "\x08",
    "non-breaking spaces": "\xa0",
    "line separators": "\u2028",
    "byte order marks within": "{\ufeff",
    "emojis": "🎉",
    "zeros": "0",
    "numbers": "0.",
    "names": "a ",
    "keywords": "query ",
    "fragments": "fragment on on on {on}",
}

TOKENS: Family = {
    **{
        f"{name}, {size:,}": document(partial(repeated(piece), size), UNPARSED, LIMIT)
        for name, piece in _PIECES.items()
        for size in (50_000, 1_000_000)
    },
    **sized("comments", within("#\n"), {1_000: ANSWERED, 3_500: ANSWERED, 30_000: LIMIT, 300_000: LIMIT}),
    **sized("a comment", within("#"), {60_000: UNPARSED, 1_000_000: LIMIT}),
    **sized("commas", within(","), {60_000: ANSWERED, 1_000_000: LIMIT}),
    **sized("spaces", within(" "), {60_000: ANSWERED, 1_000_000: LIMIT}),
    **sized("line ends", within("\r\n"), {30_000: ANSWERED, 200_000: LIMIT}),
    **sized("byte order marks", within("\ufeff"), {20_000: ANSWERED, 250_000: LIMIT}),
    # Where each error is, is told in lines and columns: so many lines are looked through for each of twenty.
    **sized(
        "errors after many lines",
        lambda n: "\n" * n + "{" + "a " * 100 + "}",
        {60_000: INVALID},
    ),
    **sized("an error after many lines", lambda n: "\n" * n + "?", {60_000: UNPARSED, 500_000: LIMIT}),
    **texts(
        UNPARSED,
        {
            "a space": " ",
            "a comment alone": "# { __typename }",
            "an operation without fields": "{ }",
            "a fragment that is called on": "{ ...on } fragment on on Query { __typename }",
            "JSON": '{"query": "{ __typename }"}',
            "a lone high surrogate escaped": '{ run(pathspec: "\\ud83d") { id } }',
            "a lone low surrogate escaped": '{ run(pathspec: "\\udf89") { id } }',
            "a code point beyond Unicode": '{ run(pathspec: "\\u{110000}") { id } }',
            "a code point of many digits": f'{{ run(pathspec: "\\u{{{"0" * 60_000}41}}") {{ id }} }}',
            "an escape that is none": '{ run(pathspec: "\\x41") { id } }',
            "a line end in a text": '{ run(pathspec: "a\nb") { id } }',
            "a number with a letter": "{ runs(first: 1x) { totalCount } }",
            "a number with a zero before it": "{ runs(first: 007) { totalCount } }",
            "a number that ends in a dot": "{ runs(first: 1.) { totalCount } }",
        },
    ),
    "nothing": document(str, BAD_INPUT),
}
