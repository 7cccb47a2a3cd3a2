"""What a mutation is about, for the audit log: neither its variables nor its document stand there."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
)

from ..documents.nodes import arguments_of, fragments, is_included, variable_values

_LONGEST = 200  # characters of a text
_MOST_TAGS = 20
_TAGS = ("add", "remove", "tags")


class Mutated(NamedTuple):
    """A field of Mutation that was asked for, under `key` in the answer; its arguments, as far as they are texts.
    `metadata`: the provider that it is about, if they may use any.
    `all_tags`: how many there are, of which the first are here."""

    key: str
    field: str
    run: str | None
    metadata: str | None
    tags: list[str]
    all_tags: int


def mutated(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
    default_metadata: str | None,
) -> list[Mutated]:
    """The fields of a valid mutation, in the order that they are executed in; not those that @skip and @include leave
    out."""
    given = variable_values(operation, variables)
    found: dict[str, Mutated] = {}
    for node in _fields(operation.selection_set.selections, fragments(document), given):
        arguments = arguments_of(node, given)
        key = node.alias.value if node.alias else node.name.value
        run, metadata = (shortened(arguments.get(name)) for name in ("pathspec", "metadata"))
        lists = [_listed(arguments.get(name)) for name in _TAGS]
        first = islice(chain.from_iterable(lists), _MOST_TAGS)  # before it is known that there are not too many
        tags = [text for tag in first if (text := shortened(tag)) is not None]
        about = default_metadata if metadata is None else metadata
        found.setdefault(key, Mutated(key, node.name.value, run, about, tags, sum(map(len, lists))))
    return list(found.values())


def shortened(text: object) -> str | None:
    """A text that others gave, of which no more than so much is kept; None where it is none."""
    return text[:_LONGEST] if isinstance(text, str) else None


def _listed(value: object) -> list[object]:
    """One value stands for a list of it (GraphQL, section 3.11)."""
    if isinstance(value, list):
        return cast("list[object]", value)
    return [] if value is None else [value]


def _fields(
    selections: Iterable[SelectionNode], defined: Mapping[str, FragmentDefinitionNode], given: dict[str, Any]
) -> Iterator[FieldNode]:
    for node in selections:
        if not is_included(node.directives, given):
            continue
        if isinstance(node, FieldNode):
            if not node.name.value.startswith("__"):
                yield node
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields(defined[node.name.value].selection_set.selections, defined, given)
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set.selections, defined, given)
