"""Fragments: that double, that spread themselves, that are many, that fit nowhere."""

from .hostile import ANSWERED, INVALID, LIMIT, Family, joined, sized, texts

RUN = '{ run(pathspec: "Made/1") { ...F0 } } '


def doubling(levels: int) -> str:
    """The last is spread 2^levels times, and executed once: all are of one and the same object."""
    inner = joined(lambda n: f"fragment F{n} on Run {{ ...F{n + 1} ... {{ ...F{n + 1} }} }}", levels)
    return f"{RUN}{inner} fragment F{levels} on Run {{ id }}"


def doubling_objects(levels: int) -> str:
    """The last is spread 2^levels times, and would be executed as often."""
    twice = "a: parent {{ latestRun {{ ...F{0} }} }} b: parent {{ latestRun {{ ...F{0} }} }}"
    inner = joined(lambda n: f"fragment F{n} on Run {{ {twice.format(n + 1)} }}", levels)
    return f"{RUN}{inner} fragment F{levels} on Run {{ id }}"


def doubling_arguments(levels: int) -> str:
    """Each level asks for the next one under one name with the same arguments: the rule on overlaps compares them."""
    next_ = "runs(first: 1) {{ nodes {{ ...F{0} }} }}"
    twice = f"parent {{{{ {next_} {next_} }}}}"
    inner = joined(lambda n: f"fragment F{n} on Run {{ {twice.format(n + 1)} }}", levels)
    return f"{RUN}{inner} fragment F{levels} on Run {{ id }}"


def tenfold(levels: int) -> str:
    spreads = " ".join(["... {{ ...F{0} }}"] * 10)
    inner = joined(lambda n: f"fragment F{n} on Run {{ {spreads.format(n + 1)} }}", levels)
    return f"{RUN}{inner} fragment F{levels} on Run {{ id }}"


def chain(length: int) -> str:
    inner = joined(lambda n: f"fragment F{n} on Run {{ ...F{n + 1} }}", length)
    return f"{RUN}{inner} fragment F{length} on Run {{ id }}"


def chain_backwards(length: int) -> str:
    """Each is defined before the one that spreads it."""
    inner = joined(lambda n: f"fragment F{length - n - 1} on Run {{ ...F{length - n} }}", length)
    return f"fragment F{length} on Run {{ id }} {inner} {RUN}"


def cycle(length: int) -> str:
    return RUN + joined(lambda n: f"fragment F{n} on Run {{ id ...F{(n + 1) % length} }}", length)


def cycle_of_objects(length: int) -> str:
    return RUN + joined(lambda n: f"fragment F{n} on Run {{ steps {{ parent {{ ...F{(n + 1) % length} }} }} }}", length)


def everyone_spreads_everyone(count: int) -> str:
    """Cycles of every length: as many as there are orders of the fragments."""
    spreads = joined(lambda n: f"...F{n}", count)
    return RUN + joined(lambda n: f"fragment F{n} on Run {{ {spreads} }}", count)


def everyone_spreads_the_later(count: int) -> str:
    """Without a cycle, and 2^count ways from the first to the last."""

    def fragment(number: int) -> str:
        spreads = joined(lambda n: f"... {{ ...F{number + n + 1} }}", count - number)
        return f"fragment F{number} on Run {{ id {spreads} }}"

    return RUN + joined(fragment, count) + f" fragment F{count} on Run {{ id }}"


def self_spreading(count: int) -> str:
    """Each within itself, and all used."""
    spreads = joined(lambda n: f"...F{n}", count)
    loops = joined(lambda n: f"fragment F{n} on Run {{ ...F{n} }}", count)
    return f'{{ run(pathspec: "Made/1") {{ {spreads} }} }} {loops}'


def unused(count: int) -> str:
    return "{ __typename } " + joined(lambda n: f"fragment F{n} on Run {{ id }}", count)


def of_one_name(count: int) -> str:
    return RUN + joined(lambda _: "fragment F0 on Run { id }", count)


def undefined(count: int) -> str:
    return f'{{ run(pathspec: "Made/1") {{ {joined(lambda n: f"...Missing{n}", count)} }} }}'


def one_spread_often(count: int) -> str:
    return f'{{ run(pathspec: "Made/1") {{ {joined(lambda _: "...F", count)} }} }} fragment F on Run {{ id }}'


def inline_in_inline(depth: int) -> str:
    return "{ " + "... { " * depth + "__typename" + " }" * depth + " }"


def inline_of_interfaces(count: int) -> str:
    kinds = ("Run", "Step", "Task", "DataArtifact", "Flow", "MetaflowObject", "Node")
    inner = joined(lambda n: f"... on {kinds[n % 7]} {{ id }}", count)
    return f'{{ object(pathspec: "Made/1") {{ {inner} }} }}'


def on_unknown_types(count: int) -> str:
    """For each of them names that are alike are looked for."""
    return "{ " + joined(lambda n: f"... on MetaflowObjekt{n} {{ id }}", count) + " }"


def impossible(count: int) -> str:
    return '{ run(pathspec: "Made/1") { ' + joined(lambda _: "... on Step { id }", count) + " } }"


FRAGMENTS: Family = {
    **sized("doubling", doubling, {4: ANSWERED, 10: LIMIT, 22: LIMIT, 60: LIMIT, 250: LIMIT}),
    **sized("doubling objects", doubling_objects, {2: ANSWERED, 10: LIMIT, 30: LIMIT, 100: LIMIT}),
    **sized("doubling with arguments", doubling_arguments, {3: ANSWERED, 12: LIMIT, 40: LIMIT, 90: LIMIT}),
    **sized("tenfold", tenfold, {2: ANSWERED, 6: LIMIT, 18: LIMIT, 60: LIMIT}),
    **sized("chain", chain, {10: ANSWERED, 100: LIMIT, 450: LIMIT, 5_000: LIMIT}),
    **sized("chain backwards", chain_backwards, {10: ANSWERED, 100: LIMIT, 450: LIMIT}),
    **sized("cycle", cycle, {1: INVALID, 2: INVALID, 20: INVALID, 400: LIMIT, 4_000: LIMIT}),
    **sized("cycle of objects", cycle_of_objects, {1: INVALID, 7: INVALID, 200: LIMIT}),
    **sized("everyone spreads everyone", everyone_spreads_everyone, {5: INVALID, 20: LIMIT, 40: LIMIT}),
    **sized("everyone spreads the later", everyone_spreads_the_later, {4: ANSWERED, 12: LIMIT, 35: LIMIT}),
    **sized("spreads itself", self_spreading, {10: INVALID, 300: LIMIT}),
    **sized("unused", unused, {15: INVALID, 400: LIMIT, 3_000: LIMIT}),
    **sized("of one name", of_one_name, {15: INVALID, 400: LIMIT}),
    **sized("undefined", undefined, {15: INVALID, 900: LIMIT, 10_000: LIMIT}),
    **sized("one spread often", one_spread_often, {100: ANSWERED, 1_900: LIMIT}),
    **sized("inline in inline", inline_in_inline, {20: ANSWERED, 600: LIMIT, 30_000: LIMIT}),
    **sized("inline of interfaces", inline_of_interfaces, {50: ANSWERED, 600: LIMIT, 3_000: LIMIT}),
    **sized("on unknown types", on_unknown_types, {30: INVALID, 600: LIMIT, 2_000: LIMIT}),
    **sized("impossible", impossible, {30: INVALID, 600: LIMIT}),
    **texts(
        INVALID,
        {
            "on a scalar": "{ ... on Int { id } }",
            "on an input": "{ ...F } fragment F on RunFilter { flows }",
            "within itself by a field": RUN + "fragment F0 on Run { parent { latestRun { ...F0 } } }",
            "without an operation": "fragment F on Query { __typename }",
        },
    ),
}
