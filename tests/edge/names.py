"""Names that do not exist, for each of which graphql-core looks for such that are alike; and long and odd ones."""

from .hostile import ANSWERED, BAD_INPUT, INVALID, LIMIT, UNPARSED, UNRESOLVED, Family, document, joined, sized, texts

RUN = 'run(pathspec: "Made/1")'


def unknown_fields(count: int) -> str:
    return "{ " + joined(lambda n: f"metadataProvider{n}", count) + " }"


def unknown_fields_of_run(count: int) -> str:
    return f"{{ {RUN} {{ " + joined(lambda n: f"artifactName{n}", count) + " } }"


def the_same_unknown_field(count: int) -> str:
    return f"{{ {RUN} {{ " + joined(lambda _: "artifactName", count) + " } }"


def unknown_fields_of_interface(count: int) -> str:
    """Types that have the field are looked for among those that implement the interface, and sorted."""
    return '{ object(pathspec: "Made/1") { ' + joined(lambda n: ("runId", "status", "latestRun")[n % 3], count) + " } }"


def unknown_arguments(count: int) -> str:
    return f'{{ run(pathspec: "Made/1", {joined(lambda n: f"pathspek{n}: 1", count)}) {{ id }} }}'


def unknown_arguments_of_fields(count: int) -> str:
    return "{ " + joined(lambda n: f"a{n}: flows(nameContain: 1) {{ totalCount }}", count) + " }"


def the_same_argument(count: int) -> str:
    return "{ run(" + 'pathspec: "Made/1" ' * count + ") { id } }"


def unknown_enum_values(count: int) -> str:
    return f"{{ runs(filter: {{ statuses: [{joined(lambda n: f'SUCCEEDE{n}', count)}] }}) {{ totalCount }} }}"


def unknown_input_fields(count: int) -> str:
    return f"{{ runs(filter: {{ {joined(lambda n: f'anyTag{n}: 1', count)} }}) {{ totalCount }} }}"


def the_same_input_field(count: int) -> str:
    return f"{{ runs(filter: {{ {joined(lambda _: 'tags: []', count)} }}) {{ totalCount }} }}"


def unknown_variable_types(count: int) -> str:
    return f"query({joined(lambda n: f'$v{n}: RunFilte{n}', count)}) {{ __typename }}"


def missing_arguments(count: int) -> str:
    return "{ " + joined(lambda n: f"a{n}: run {{ id }}", count) + " }"


def missing_selections(count: int) -> str:
    return "{ " + joined(lambda n: f"a{n}: serverInfo", count) + " }"


def selections_of_leaves(count: int) -> str:
    return "{ " + joined(lambda n: f"a{n}: defaultNamespace {{ id }}", count) + " }"


def long_field(length: int) -> str:
    return f"{{ {'a' * length} }}"


def long_alias(length: int) -> str:
    return f"{{ {'a' * length}: __typename }}"


def long_fragment(length: int) -> str:
    return f"{{ ...{'a' * length} }} fragment {'a' * length} on Query {{ __typename }}"


def long_names_alike(count: int) -> str:
    """Two long names, over and over: the distance between them takes their product."""
    return f"{{ {RUN} {{ " + joined(lambda n: f"{'artifactNames' * 50}{n}", count) + " } }"


def long_argument(length: int) -> str:
    return f"{{ run({'pathspec' * (length // 8)}: 1) {{ id }} }}"


NAMES: Family = {
    **sized("unknown fields", unknown_fields, {15: INVALID, 950: LIMIT, 3_500: LIMIT}),
    **sized("unknown fields of run", unknown_fields_of_run, {15: INVALID, 950: INVALID}),
    **sized("the same unknown field", the_same_unknown_field, {15: INVALID, 950: LIMIT}),
    **sized("unknown fields of interface", unknown_fields_of_interface, {15: INVALID, 950: LIMIT}),
    **sized("unknown arguments", unknown_arguments, {15: INVALID, 1_300: INVALID, 5_000: LIMIT}),
    **sized("unknown arguments of fields", unknown_arguments_of_fields, {15: INVALID, 300: LIMIT}),
    **sized("the same argument", the_same_argument, {15: INVALID, 1_300: INVALID}),
    **sized("unknown enum values", unknown_enum_values, {15: INVALID, 950: INVALID, 1_100: LIMIT}),
    **sized("unknown input fields", unknown_input_fields, {15: INVALID, 1_300: LIMIT}),
    **sized("the same input field", the_same_input_field, {15: INVALID, 950: LIMIT}),
    **sized("unknown variable types", unknown_variable_types, {15: INVALID, 950: LIMIT}),
    **sized("missing arguments", missing_arguments, {15: INVALID, 480: LIMIT}),
    **sized("missing selections", missing_selections, {15: INVALID, 950: LIMIT}),
    **sized("selections of leaves", selections_of_leaves, {15: INVALID, 480: LIMIT}),
    **sized("long field", long_field, {1_000: INVALID, 60_000: INVALID, 1_000_000: LIMIT}),
    **sized("long alias", long_alias, {1_000: ANSWERED, 60_000: ANSWERED}),
    **sized("long fragment", long_fragment, {1_000: ANSWERED, 30_000: ANSWERED}),
    **sized("long names that are alike", long_names_alike, {10: INVALID, 90: INVALID}),
    **sized("long argument", long_argument, {1_000: INVALID, 60_000: INVALID}),
    **texts(
        INVALID,
        {
            "of introspection": "{ __shema { types { name } } }",
            "with two underscores": "{ __a __b __c }",
            "of another case": "{ RUN(pathspec: 1) { ID } }",
            "of a field of Python": "{ __class__ __init__ __dict__ }",
        },
    ),
    **texts(
        UNPARSED,
        {
            "with an accent": "{ naïve }",
            "in Greek": "{ ταυτότητα }",
            "an emoji": "{ 🎉 }",
            "with a zero-width joiner": "{ a\u200db }",
            "with full-width letters": "{ \uff49\uff44 }",
            "with a hyphen": "{ a-b }",
            "that begins with a digit": "{ 1a }",
        },
    ),
    "of an operation, that is not there": document(
        lambda: "query A { __typename }", UNRESOLVED, operationName="B" * 500_000
    ),
    "of an operation, among many": document(
        lambda: joined(lambda n: f"query Q{n} {{ a }}", 15), INVALID, operationName="Q"
    ),
    "of an operation, a number": document(lambda: "query A { __typename }", BAD_INPUT, operationName=1),
}
