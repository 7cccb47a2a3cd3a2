"""Many of one kind: aliases, directives, operations, definitions of types, variables."""

from collections.abc import Callable

from .hostile import ANSWERED, BAD_INPUT, INVALID, LIMIT, UNPARSED, UNRESOLVED, Family, document, joined, sized, texts

RUN = 'run(pathspec: "Made/1")'


def aliases(count: int) -> str:
    return "{ " + joined(lambda n: f"a{n}: __typename", count) + " }"


def aliases_of_objects(count: int) -> str:
    return "{ " + joined(lambda n: f"a{n}: {RUN} {{ id }}", count) + " }"


def aliases_of_pages(count: int) -> str:
    return "{ " + joined(lambda n: f"a{n}: runs {{ nodes {{ id }} }}", count) + " }"


def aliases_of_lists(count: int) -> str:
    """What is searched for each: all tags of all runs."""
    return "{ " + joined(lambda n: f'a{n}: tags(prefix: "a{n}") {{ tag }}', count) + " }"


def aliases_below_each_other(depth: int) -> str:
    inner = "id"
    for _ in range(depth):
        inner = " ".join(f"{name}: parent {{ latestRun {{ {inner} }} }}" for name in ("a", "b", "c"))
    return f"{{ {RUN} {{ {inner} }} }}"


def mutations(count: int) -> str:
    add = 'addTags(pathspec: "Made/404", tags: ["a"]) { run { id } }'
    return "mutation { " + joined(lambda n: f"a{n}: {add}", count) + " }"


def on_one_field(name: str) -> Callable[[int], str]:
    def write(count: int) -> str:
        return f"{{ __typename {joined(lambda _: name, count)} }}"

    return write


def on_fields(count: int) -> str:
    return "{ " + joined(lambda n: f"a{n}: __typename @skip(if: false) @include(if: true)", count) + " }"


def unknown_on_fields(count: int) -> str:
    return "{ " + joined(lambda n: f"a{n}: __typename @inclde{n}(if: true)", count) + " }"


def with_many_arguments(count: int) -> str:
    return f"{{ __typename @skip({joined(lambda n: f'if{n}: true', count)}) }}"


def operations(count: int) -> str:
    return joined(lambda n: f"query Q{n} {{ __typename }}", count)


def operations_of_one_name(count: int) -> str:
    return joined(lambda _: "query Q { __typename }", count)


def operations_without_a_name(count: int) -> str:
    return joined(lambda _: "{ __typename }", count)


def operations_that_share_fragments(count: int) -> str:
    """Each operation's fragments and variables are gathered anew by several rules: their product."""
    fragments = joined(lambda n: f"fragment F{n} on Query {{ a{n}: __typename ...F{n + 1} }}", count)
    asked = joined(lambda n: f"query Q{n} {{ ...F0 }}", count)
    return f"{asked} {fragments} fragment F{count} on Query {{ __typename }}"


def subscriptions(count: int) -> str:
    return joined(lambda n: f"subscription S{n} {{ a b }}", count)


def definitions(count: int) -> str:
    return "{ __typename } " + joined(lambda n: f"type T{n} {{ a: Int }}", count)


def extensions(count: int) -> str:
    return "{ __typename } " + joined(lambda n: f"extend type Quer{n} {{ a: Int }}", count)


def unused_variables(count: int) -> str:
    return f"query({joined(lambda n: f'$v{n}: Int', count)}) {{ __typename }}"


def used_variables(count: int) -> str:
    declared, used = joined(lambda n: f'$v{n}: String! = "a"', count), joined(lambda n: f"$v{n}", count)
    return f"query({declared}) {{ runs(filter: {{ tags: [{used}] }}) {{ totalCount }} }}"


def undefined_variables(count: int) -> str:
    return f"{{ runs(filter: {{ tags: [{joined(lambda n: f'$v{n}', count)}] }}) {{ totalCount }} }}"


def variables_of_one_name(count: int) -> str:
    return f"query({joined(lambda _: '$v: Int', count)}) {{ runs(first: $v) {{ totalCount }} }}"


def one_variable_used_often(count: int) -> str:
    return f"query($v: Int) {{ {joined(lambda n: f'a{n}: runs(first: $v) {{ totalCount }}', count)} }}"


def variables_of_deep_lists(depth: int) -> str:
    return f"query($v: {'[' * depth}Int{']' * depth}) {{ runs(first: $v) {{ totalCount }} }}"


def variables_in_fragments(count: int) -> str:
    """Of a chain of fragments the last uses a variable, and many operations do not define it."""
    fragments = joined(lambda n: f"fragment F{n} on Query {{ ...F{n + 1} }}", count)
    asked = joined(lambda n: f"query Q{n} {{ ...F0 }}", count)
    return f"{asked} {fragments} fragment F{count} on Query {{ runs(first: $v) {{ totalCount }} }}"


def large_default(count: int) -> str:
    names = joined(lambda n: f'"a{n}"', count)
    return f"query($v: [String!] = [{names}]) {{ runs(filter: {{ tags: $v }}) {{ totalCount }} }}"


MANY: Family = {
    **sized("aliases", aliases, {10: ANSWERED, 900: LIMIT, 1_200: LIMIT, 15_000: LIMIT}),
    **sized("aliases of objects", aliases_of_objects, {10: ANSWERED, 400: LIMIT, 2_000: LIMIT}),
    **sized("aliases of pages", aliases_of_pages, {10: ANSWERED, 330: LIMIT, 1_000: LIMIT}),
    **sized("aliases of lists", aliases_of_lists, {10: ANSWERED, 360: LIMIT, 1_000: LIMIT}),
    **sized("aliases below each other", aliases_below_each_other, {2: ANSWERED, 5: ANSWERED, 7: LIMIT}),
    **sized("mutations", mutations, {2: ANSWERED, 200: LIMIT, 1_000: LIMIT}),
    **sized("unknown directive", on_one_field("@unknown"), {15: INVALID, 1_000: LIMIT, 5_000: LIMIT}),
    **sized("one directive", on_one_field("@skip(if: false)"), {15: INVALID, 550: LIMIT, 1_000: LIMIT}),
    **sized("directive of a variable", on_one_field("@skip(if: $v)"), {15: INVALID, 550: LIMIT}),
    **sized("directive without arguments", on_one_field("@include"), {15: INVALID, 1_900: LIMIT}),
    **sized("directive of a definition", on_one_field("@deprecated"), {15: INVALID, 1_900: LIMIT}),
    **sized("@defer", on_one_field("@defer"), {1: INVALID, 1_000: LIMIT}),
    **sized("directives on fields", on_fields, {10: ANSWERED, 250: LIMIT, 2_000: LIMIT}),
    **sized("unknown directives on fields", unknown_on_fields, {15: INVALID, 400: LIMIT}),
    **sized("directive with many arguments", with_many_arguments, {15: INVALID, 1_300: INVALID}),
    **sized("operations", operations, {4: UNRESOLVED, 700: LIMIT, 3_000: LIMIT}),
    **sized("operations of one name", operations_of_one_name, {4: INVALID, 700: LIMIT}),
    **sized("operations without a name", operations_without_a_name, {4: INVALID, 1_300: LIMIT}),
    **sized(
        "operations over fragments",
        operations_that_share_fragments,
        {4: UNRESOLVED, 100: LIMIT, 190: LIMIT},
    ),
    **sized("subscriptions", subscriptions, {1: INVALID, 600: LIMIT}),
    **sized("definitions of types", definitions, {1: INVALID, 480: INVALID}),
    **sized("extensions of types", extensions, {1: INVALID, 430: INVALID}),
    **sized("unused variables", unused_variables, {15: INVALID, 950: LIMIT, 5_000: LIMIT}),
    **sized("used variables", used_variables, {10: ANSWERED, 400: LIMIT, 3_000: LIMIT}),
    **sized("undefined variables", undefined_variables, {15: INVALID, 950: INVALID}),
    **sized("variables of one name", variables_of_one_name, {15: INVALID, 950: LIMIT}),
    **sized("one variable used often", one_variable_used_often, {10: ANSWERED, 330: LIMIT}),
    **sized("variables of deep lists", variables_of_deep_lists, {5: INVALID, 150: INVALID, 1_900: LIMIT}),
    **sized("variables in fragments", variables_in_fragments, {4: INVALID, 190: LIMIT}),
    **sized("large default", large_default, {100: ANSWERED, 950: ANSWERED, 1_001: LIMIT}),
    **texts(
        INVALID,
        {
            "directive on an operation": "query @skip(if: true) { __typename }",
            "directive on a fragment": "{ ...F } fragment F on Query @include(if: true) { __typename }",
            "directive with a number": "{ __typename @include(if: 1) }",
            "variable of an output type": "query($v: Run) { __typename }",
        },
    ),
    **texts(ANSWERED, {"a description": '"""a""" query { __typename }'}),
    **texts(INVALID, {"nothing but a type": "type T { a: Int }"}),
    **texts(
        UNPARSED, {"variables of fragments": "{ ...F } fragment F($v: Int) on Query { runs(first: $v) { totalCount } }"}
    ),
    "an operation of many": document(lambda: operations(4), ANSWERED, operationName="Q3"),
    "a variable that is missing": document(
        lambda: "query($v: String!) { run(pathspec: $v) { id } }", BAD_INPUT, variables={"w": 1}
    ),
}
