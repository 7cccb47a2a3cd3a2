"""Values: deep, long, large, of other types, in documents and in variables."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .hostile import ANSWERED, BAD_INPUT, INVALID, LIMIT, UNPARSED, Family, Hostile, document, joined, sent, sized

_FILTER = "query($of: RunFilter) { runs(filter: $of) { totalCount } }"
_RUN = "query($of: String!) { run(pathspec: $of) { id } }"
_PAGE = "query($of: Int) { runs(first: $of) { totalCount } }"


def filtered(value: str) -> str:
    return f"{{ runs(filter: {value}) {{ totalCount }} }}"


def named(value: str) -> str:
    return f"{{ run(pathspec: {value}) {{ id }} }}"


def deep_list(depth: int) -> str:
    return filtered(f"{{ tags: {'[' * depth}{']' * depth} }}")


def deep_object(depth: int) -> str:
    return filtered("{ a: " * depth + "1" + " }" * depth)


def deep_mixture(depth: int) -> str:
    return filtered("{ tags: [" * depth + "] }" * depth)


def deep_in_directive(depth: int) -> str:
    return f"{{ __typename @skip(if: {'[' * depth}true{']' * depth}) }}"


def long_list(count: int) -> str:
    return filtered("{ tags: [" + '"" ' * count + "] }")


def list_of_lists(count: int) -> str:
    return filtered(f"{{ tags: [{'[] ' * count}] }}")


def list_of_objects(count: int) -> str:
    return filtered(f"[{'{} ' * count}]")


def list_of_wrong_items(count: int) -> str:
    """An error for each."""
    return filtered(f"{{ tags: [{'1 ' * count}] }}")


def large_integer(digits: int) -> str:
    return f"{{ runs(first: {'9' * digits}) {{ totalCount }} }}"


def large_number(digits: int) -> str:
    return f"{{ runs(first: 1.{'9' * digits}e{'9' * min(digits, 1_000)}) {{ totalCount }} }}"


def large_id(digits: int) -> str:
    return f"{{ node(id: {'9' * digits}) {{ id }} }}"


def text(length: int) -> str:
    return named(f'"{"a" * length}"')


def text_of_escapes(count: int) -> str:
    return named('"' + r"\u0041" * count + '"')


def text_of_pairs(count: int) -> str:
    return named('"' + r"\ud83c\udf89" * count + '"')


def block_of_lines(count: int) -> str:
    """The indentation of all lines is looked at, and taken away."""
    return named('"""' + joined(lambda n: " " * (n % 40) + "a", count, "\n") + '"""')


def block_of_empty_lines(count: int) -> str:
    return named('"""' + "\n" * count + '"""')


def block_of_quotes(count: int) -> str:
    return named('"""' + '\\"""' * count + '"""')


def block_without_an_end(length: int) -> str:
    return named('"""' + '""\n' * (length // 3))


def text_without_an_end(length: int) -> str:
    return named('"' + "a" * length)


def literals() -> Family:
    return {
        **sized("deep list", deep_list, {5: INVALID, 100: LIMIT, 900: LIMIT, 30_000: LIMIT}),
        **sized("deep object", deep_object, {5: INVALID, 100: LIMIT, 600: LIMIT, 10_000: LIMIT}),
        **sized("deep mixture", deep_mixture, {5: INVALID, 300: LIMIT, 5_000: LIMIT}),
        **sized("deep in a directive", deep_in_directive, {5: INVALID, 900: LIMIT, 20_000: LIMIT}),
        **sized("long list", long_list, {900: ANSWERED, 1_001: LIMIT, 3_800: LIMIT, 20_000: LIMIT}),
        **sized("list of lists", list_of_lists, {900: INVALID, 1_001: LIMIT, 20_000: LIMIT}),
        **sized("list of objects", list_of_objects, {900: INVALID, 1_001: LIMIT, 20_000: LIMIT}),
        **sized("list of wrong items", list_of_wrong_items, {900: INVALID, 1_001: LIMIT}),
        **sized("large integer", large_integer, {11: INVALID, 4_299: INVALID, 5_000: INVALID, 60_000: INVALID}),
        **sized("large number", large_number, {11: INVALID, 5_000: INVALID, 60_000: INVALID}),
        **sized("large id", large_id, {40: ANSWERED, 5_000: ANSWERED, 60_000: ANSWERED}),
        **sized("text", text, {1_000: ANSWERED, 60_000: ANSWERED, 1_000_000: LIMIT}),
        **sized("escapes", text_of_escapes, {1_000: ANSWERED, 10_000: ANSWERED, 70_000: LIMIT}),
        **sized("surrogate pairs", text_of_pairs, {1_000: ANSWERED, 5_000: ANSWERED}),
        **sized("lines of a block", block_of_lines, {100: ANSWERED, 2_800: ANSWERED, 40_000: LIMIT}),
        **sized("empty lines of a block", block_of_empty_lines, {60_000: ANSWERED, 500_000: LIMIT}),
        **sized("quotes in a block", block_of_quotes, {10_000: ANSWERED, 120_000: LIMIT}),
        **sized("block without an end", block_without_an_end, {60_000: UNPARSED, 450_000: LIMIT}),
        **sized("text without an end", text_without_an_end, {60_000: UNPARSED, 1_000_000: LIMIT}),
    }


def nested(depth: int, within: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = within(value)
    return value


def given(query: str, value: Callable[[], Any], *outcomes: str) -> Hostile:
    return Hostile(lambda: sent(query, {"of": value()}), frozenset(outcomes))


def in_variables() -> Family:
    return {
        "small objects": given(_FILTER, lambda: [{}] * 300_000, LIMIT),
        "small objects in objects": given(_FILTER, lambda: [{"a": {}}] * 110_000, LIMIT),
        "small lists": given(_FILTER, lambda: [[]] * 300_000, LIMIT),
        "small lists in lists of 1,000": given(_FILTER, lambda: [[[]] * 990] * 300, LIMIT),
        "objects in lists of 1,000": given(_FILTER, lambda: {"tags": [[{"a": []}] * 120] * 900}, LIMIT),
        "wrong items": given(_FILTER, lambda: {"tags": [1] * 1_000}, BAD_INPUT),
        "wrong items of lists": given(_FILTER, lambda: {"tags": [1] * 1_000, "anyTags": [{}] * 1_000}, BAD_INPUT),
        "unknown fields": given(_FILTER, lambda: {f"anyTag{n}": 1 for n in range(900)}, LIMIT),
        "many unknown fields": given(_FILTER, lambda: {f"anyTag{n}": 1 for n in range(60_000)}, LIMIT),
        "a long unknown field": given(_FILTER, lambda: {"a" * 1_000_000: 1}, BAD_INPUT),
        "long unknown fields": given(_FILTER, lambda: {f"{n}{'anyTags' * 100}": 1 for n in range(1_400)}, LIMIT),
        "an unknown enum value": given(_FILTER, lambda: {"statuses": ["SUCCEEDE" * 100_000]}, BAD_INPUT),
        "unknown enum values": given(_FILTER, lambda: {"statuses": [f"SUCCEEDE{n}" for n in range(1_000)]}, BAD_INPUT),
        "long enum values": given(
            _FILTER, lambda: {"statuses": [f"{n}{'FAILED' * 150}" for n in range(999)]}, BAD_INPUT
        ),
        "a large object of a text": given(_RUN, lambda: {f"a{n}": n for n in range(60_000)}, LIMIT),
        "a long text": given(_RUN, lambda: "Made/" + "1" * 1_000_000, ANSWERED),
        "a text of NUL": given(_RUN, lambda: "\0" * 150_000, ANSWERED),
        "a text of slashes": given(_RUN, lambda: "/" * 1_000_000, ANSWERED),
        "a text of dots": given(_RUN, lambda: "../" * 300_000, ANSWERED),
        "long texts": given(_FILTER, lambda: {"tags": ["a" * 1_000] * 1_000}, ANSWERED),
        "many texts": given(_FILTER, lambda: {"tags": [f"a{n}" for n in range(1_000)]}, ANSWERED),
        "texts for every list": given(
            _FILTER,
            lambda: {key: [f"a{n}" for n in range(1_000)] for key in ("tags", "anyTags", "users", "flows")},
            ANSWERED,
        ),
        "a long id prefix": given(_FILTER, lambda: {"runIdPrefix": "1" * 1_000_000}, ANSWERED),
        "a long time": given(_FILTER, lambda: {"createdAfter": "1" * 1_000_000}, BAD_INPUT),
        "a time out of reach": given(
            _FILTER, lambda: {"createdAfter": "9999-12-31T23:59:59.999999999-23:59"}, BAD_INPUT
        ),
        "a fraction of a second": given(
            _FILTER, lambda: {"createdAfter": f"2026-01-01T00:00:00.{'9' * 1_000_000}Z"}, ANSWERED
        ),
        "many that are not declared": Hostile(
            lambda: sent("{ __typename }", {f"v{n}": [] for n in range(80_000)}), frozenset({LIMIT})
        ),
        "one large that is not declared": Hostile(
            lambda: sent("{ __typename }", {"v": [[{}] * 900] * 250}), frozenset({LIMIT})
        ),
        **{f"number {name}": given(_PAGE, partial(_same, value), BAD_INPUT) for name, value in _NUMBERS.items()},
        **{
            f"deep {name}, {depth}": given(query, partial(nested, depth, within), outcome)
            for depth, outcome in ((9, BAD_INPUT), (20, LIMIT), (240, LIMIT))
            for name, query, within in (
                ("lists", _FILTER, lambda value: [value]),
                ("objects", _FILTER, lambda value: {"a": value}),
                ("lists for a text", _RUN, lambda value: [value]),
            )
        },
    }


def _same(value: Any) -> Any:
    return value


_NUMBERS: Mapping[str, Any] = {
    "below any": -(2**63),
    "above any": 2**64 - 1,
    "beyond 32 bits": 2**31,
    "a fraction": 1.5,
    "1e308": 1e308,
    "true": True,
    "text": "50",
    "a list of one": [[5]],
    "an object": {"value": 5},
}

VALUES: Family = {
    **literals(),
    **{f"in variables: {name}": hostile for name, hostile in in_variables().items()},
    "a default that is deep": document(
        lambda: f"query($of: [String!] = {'[' * 500}{']' * 500}) {{ runs(filter: {{tags: $of}}) {{ totalCount }} }}",
        LIMIT,
    ),
}
