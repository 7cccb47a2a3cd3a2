"""Fields that come again under one name: graphql-core compares each with each, and what is below them."""

from .hostile import ANSWERED, INVALID, LIMIT, Family, joined, sized

_OF_RUN = ("id", "pathspec", "runId", "createdAt", "user", "status", "finished", "tags")


def the_same(count: int) -> str:
    return "{ " + joined(lambda _: "defaultNamespace", count) + " }"


def the_same_objects(count: int) -> str:
    return "{ " + joined(lambda _: 'run(pathspec: "Made/1") { id }', count) + " }"


def with_other_arguments(count: int) -> str:
    return "{ " + joined(lambda n: f'run(pathspec: "Made/{n}") {{ id }}', count) + " }"


def of_other_fields(count: int) -> str:
    inner = joined(lambda n: f"a: {_OF_RUN[n % 8]}", count)
    return f'{{ run(pathspec: "Made/1") {{ {inner} }} }}'


def in_pairs_of_pairs(depth: int) -> str:
    """2^depth fields, of which each level's have all the same name."""
    inner = "id"
    for _ in range(depth):
        inner = f"parent {{ latestRun {{ {inner} }} }} parent {{ latestRun {{ {inner} }} }}"
    return f'{{ run(pathspec: "Made/1") {{ {inner} }} }}'


def in_many_fragments(count: int) -> str:
    """Each pair of fragments is compared, which is quadratic."""
    spreads = joined(lambda n: f"...F{n}", count)
    inner = joined(lambda n: f"fragment F{n} on Run {{ a: id }}", count)
    return f'{{ run(pathspec: "Made/1") {{ {spreads} }} }} {inner}'


def in_many_inline_fragments(count: int) -> str:
    inner = joined(lambda _: "... on Run { steps { tasks { nodes { id } } } }", count)
    return f'{{ run(pathspec: "Made/1") {{ {inner} }} }}'


def of_types_that_exclude_each_other(count: int) -> str:
    """Of types that exclude each other only the form is compared, which takes all of what is below."""
    kinds = ("Run", "Step", "Task", "Flow")
    inner = joined(lambda n: f"... on {kinds[n % 4]} {{ a: parent {{ id pathspec }} }}", count)
    return f'{{ object(pathspec: "Made/1") {{ {inner} }} }}'


def conflicts_below(count: int) -> str:
    """One conflict for each pair."""
    inner = joined(lambda n: f"parent {{ a: {('name', 'pathspec')[n % 2]} }}", count)
    return f'{{ run(pathspec: "Made/1") {{ {inner} }} }}'


def conflicts_of_lists(count: int) -> str:
    """Arguments that are alike are printed to be compared: long ones, each with each."""
    names = joined(lambda n: f'"a{n}"', 40)
    run = 'a: runs(filter: {{ tags: [{0}, "{1}"] }}) {{ totalCount }}'
    return "{ " + joined(lambda n: run.format(names, n), count) + " }"


def long_arguments(count: int) -> str:
    """The same long arguments each time."""
    names = joined(lambda n: f'"a{n}"', 40)
    return "{ " + joined(lambda _: f"runs(filter: {{ tags: [{names}] }}) {{ totalCount }}", count) + " }"


def conflicts_in_fragments(count: int) -> str:
    spreads = joined(lambda n: f"...F{n}", count)
    inner = joined(lambda n: f"fragment F{n} on Run {{ a: {_OF_RUN[n % 8]} }}", count)
    return f'{{ run(pathspec: "Made/1") {{ {spreads} }} }} {inner}'


def fragments_spread_in_each_other(count: int) -> str:
    """Fields with fragments below them, of which each is compared with each of the other field."""
    spreads = joined(lambda n: f"...F{n}", count)
    inner = joined(lambda n: f"fragment F{n} on Flow {{ a: latestRun {{ id }} }}", count)
    return f'{{ run(pathspec: "Made/1") {{ parent {{ {spreads} }} parent {{ {spreads} }} }} }} {inner}'


OVERLAPS: Family = {
    **sized("the same", the_same, {100: ANSWERED, 950: LIMIT, 3_900: LIMIT, 60_000: LIMIT}),
    **sized("the same objects", the_same_objects, {40: ANSWERED, 420: LIMIT, 2_000: LIMIT}),
    **sized("with other arguments", with_other_arguments, {40: INVALID, 420: LIMIT, 2_000: LIMIT}),
    **sized("of other fields", of_other_fields, {40: INVALID, 900: LIMIT, 1_300: LIMIT}),
    **sized("pairs of pairs", in_pairs_of_pairs, {3: ANSWERED, 7: LIMIT, 9: LIMIT, 11: LIMIT}),
    **sized("in many fragments", in_many_fragments, {20: ANSWERED, 100: ANSWERED, 320: LIMIT}),
    **sized("in inline fragments", in_many_inline_fragments, {20: ANSWERED, 230: LIMIT, 300: LIMIT}),
    **sized("of types apart", of_types_that_exclude_each_other, {20: ANSWERED, 300: LIMIT, 600: LIMIT}),
    **sized("conflicts below", conflicts_below, {20: INVALID, 480: LIMIT, 1_500: LIMIT}),
    **sized("conflicts of lists", conflicts_of_lists, {20: INVALID, 70: INVALID}),
    **sized("long arguments", long_arguments, {5: ANSWERED, 70: ANSWERED}),
    **sized("conflicts in fragments", conflicts_in_fragments, {20: INVALID, 320: LIMIT}),
    **sized("fragments below fields", fragments_spread_in_each_other, {20: ANSWERED, 180: LIMIT}),
}
