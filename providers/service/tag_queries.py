"""How the service is asked for runs by their tags (its own and the user's alike)."""

from collections.abc import Iterable

Query = tuple[tuple[str, str], ...]


def with_tags(tags: Iterable[str]) -> Query:
    """Runs that carry all of these, as far as the service can be asked so."""
    return tuple(("_tags", tag) for tag in sorted(tags) if expressible(tag))


def with_any_tag(tags: Iterable[str]) -> Query:
    """Runs that carry one of these, if the service can be asked so."""
    wanted = sorted(tags)
    return (("_tags:any", ",".join(wanted)),) if wanted and all(map(expressible, wanted)) else ()


def expressible(tag: str) -> bool:
    """Whether a filter can hold it: a comma separates tags there, and `null` is no tag."""
    return "," not in tag and tag != "null"
