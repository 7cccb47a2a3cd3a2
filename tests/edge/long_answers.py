"""Requests within all limits, whose answers take a second to make: others have their turns meanwhile."""

from .hostile import ANSWERED, Family, Hostile, document, joined, sent


def _introspection(field: str) -> Hostile:
    """Nothing is awaited for it."""
    inner = joined(lambda n: f"a{n}: {field}", 480)
    return document(lambda: f"{{ __schema {{ types {{ fields {{ type {{ fields {{ {inner} }} }} }} }} }} }}", ANSWERED)


def _nodes(of: str) -> Hostile:
    """A hundred fields of 500 ids, in whose text `{}` is their number."""
    fields = joined(lambda n: f"a{n}: nodes(ids: $of) {{ id ... on Run {{ status }} }}", 100)
    ids = [of.format(n) for n in range(500)]
    return Hostile(lambda: sent(f"query($of: [ID!]!) {{ {fields} }}", {"of": ids}), frozenset({ANSWERED}))


LONG_ANSWERS: Family = {
    "names of fields of fields": _introspection("name"),
    "descriptions of fields of fields": _introspection("description"),
    "500 runs, over and over": _nodes("Run:default/Made/{}"),
    "one run 500 times, over and over": _nodes("Run:default/Made/1"),
    "500 attempts, over and over": _nodes("Task:default/Made/1/start/{}?attempt=0"),
    "500 ids that are none, over and over": _nodes("x{}"),
}
