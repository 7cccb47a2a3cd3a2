"""Fields in fields: deep ones, wide ones, of the schema itself, and such as touch much."""

from .hostile import ANSWERED, INVALID, LIMIT, Family, joined, sized, texts

_FIELDS = ("id", "pathspec", "createdAt", "tags", "runId", "status", "user", "startedAt")
RUN = 'run(pathspec: "Made/1")'


def wrapped(before: str, inner: str, depth: int) -> str:
    return before * depth + inner + " }" * (before.count("{") * depth)


def parents(depth: int) -> str:
    return f"{{ {RUN} {{ {wrapped('parent { latestRun { ', 'id', depth)} }} }}"


def steps_of_steps(depth: int) -> str:
    """As many objects as steps to the power of the depth, on a run with many of them."""
    return f"{{ {RUN} {{ steps {{ {wrapped('childSteps { parentSteps { ', 'id', depth)} }} }} }}"


def runs_of_runs(depth: int) -> str:
    return f"{{ {wrapped('runs { nodes { parent { ', 'id', depth)} }}"


def pages_of_pages(depth: int) -> str:
    page = "runs(first: 100) { nodes { parent { "
    return f"{{ runs(first: 100) {{ nodes {{ parent {{ {wrapped(page, 'id', depth)} }} }} }} }}"


def undefined_fields(depth: int) -> str:
    return f"{{ {wrapped('a { ', 'a', depth)} }}"


def tasks_of_tasks(depth: int) -> str:
    page = "childTasks(first: 500) { nodes { parentTasks(first: 500) { nodes { "
    return f'{{ task(pathspec: "Made/1/start/1") {{ {wrapped(page, "id", depth)} }} }}'


def types_of_types(depth: int) -> str:
    return f"{{ __schema {{ types {{ fields {{ type {{ {wrapped('ofType { ', 'name', depth)} }} }} }} }} }}"


def fields_of_fields(depth: int) -> str:
    """The answer is 400 times as long with each level."""
    return f"{{ __schema {{ types {{ {wrapped('fields { type { ', 'name', depth)} }} }} }}"


def interfaces_of_types(depth: int) -> str:
    return f'{{ __type(name: "Node") {{ {wrapped("possibleTypes { interfaces { ", "name", depth)} }} }}'


def schemas(count: int) -> str:
    return "{ " + joined(lambda n: f"a{n}: __schema {{ types {{ fields {{ type {{ name }} }} }} }}", count) + " }"


def types(count: int) -> str:
    return "{ " + joined(lambda n: f'a{n}: __type(name: "Run") {{ fields {{ name }} }}', count) + " }"


def unknown_types(count: int) -> str:
    return "{ " + joined(lambda n: f'a{n}: __type(name: "{n}") {{ name }}', count) + " }"


def typenames(count: int) -> str:
    return "{ " + joined(lambda _: "__typename", count) + " }"


def wide(count: int) -> str:
    """A run's plain fields, over and over, of all runs."""
    inner = joined(lambda n: " ".join(f"a{n}{field}: {field}" for field in _FIELDS), count)
    return f"{{ runs(first: 500) {{ nodes {{ {inner} }} }} }}"


def costly(page: int) -> str:
    return (
        f"{{ runs(first: {page}) {{ nodes {{ tasks(first: {page}) {{ nodes {{ childTasks(first: {page}) {{ nodes "
        f"{{ parentTasks(first: {page}) {{ nodes {{ id artifacts {{ data preview }} }} }} }} }} }} }} }} }} }}"
    )


NESTING: Family = {
    **sized("parents", parents, {3: ANSWERED, 11: ANSWERED, 14: LIMIT, 400: LIMIT, 5_000: LIMIT}),
    **sized("steps of steps", steps_of_steps, {2: ANSWERED, 11: LIMIT, 14: LIMIT, 400: LIMIT}),
    **sized("runs of runs", runs_of_runs, {1: ANSWERED, 3: ANSWERED, 9: LIMIT}),
    **sized("pages of pages", pages_of_pages, {1: ANSWERED, 2: ANSWERED, 6: LIMIT, 9: LIMIT}),
    **sized("fields that are not there", undefined_fields, {10: INVALID, 30: LIMIT, 900: LIMIT, 20_000: LIMIT}),
    **sized("tasks of tasks", tasks_of_tasks, {1: ANSWERED, 3: LIMIT, 5: LIMIT}),
    **sized("types of types", types_of_types, {3: ANSWERED, 19: ANSWERED, 25: LIMIT, 600: LIMIT}),
    **sized("fields of fields", fields_of_fields, {2: ANSWERED, 3: LIMIT, 10: LIMIT}),
    **sized("interfaces of types", interfaces_of_types, {1: ANSWERED, 5: LIMIT, 11: LIMIT}),
    **sized("schemas", schemas, {2: ANSWERED, 5: ANSWERED, 100: LIMIT, 245: LIMIT, 1_000: LIMIT}),
    **sized("types by name", types, {5: ANSWERED, 300: LIMIT, 1_000: LIMIT}),
    **sized("unknown types by name", unknown_types, {5: ANSWERED, 350: LIMIT}),
    **sized("typenames", typenames, {100: ANSWERED, 990: LIMIT, 3_900: LIMIT}),
    **sized("wide", wide, {4: ANSWERED, 100: LIMIT, 140: LIMIT}),
    **sized("costly", costly, {5: ANSWERED, 50: LIMIT, 500: LIMIT}),
    **texts(
        INVALID,
        {
            "introspection of a leaf": "{ __schema }",
            "introspection of a mutation's field": "mutation { __schema { types { name } } addTags { run { id } } }",
            "a subscription of the schema": "subscription { __schema { types { name } } }",
        },
    ),
}
