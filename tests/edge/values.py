"""Values in documents: deep, long, large, of other types."""

from .hostile import ANSWERED, INVALID, LIMIT, UNPARSED, Family, document, joined, sized


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


VALUES: Family = {
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
    "a default that is deep": document(
        lambda: f"query($of: [String!] = {'[' * 500}{']' * 500}) {{ runs(filter: {{tags: $of}}) {{ totalCount }} }}",
        LIMIT,
    ),
}
