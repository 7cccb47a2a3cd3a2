"""What a mutation is about, for the audit log: neither its variables nor its document stand there."""

from collections.abc import Iterable, Iterator, Mapping
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


class Mutated(NamedTuple):
    """A field of Mutation that was asked for, under `key` in the answer; its arguments, as far as they are texts."""

    key: str
    field: str
    run: str | None
    metadata: str | None
    tags: list[str]


def mutated(
    document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any] | None
) -> list[Mutated]:
    """The fields of a valid mutation, in the order that they are executed in; not those that @skip and @include leave
    out."""
    given = variable_values(operation, variables)
    found: dict[str, Mutated] = {}
    for node in _fields(operation.selection_set.selections, fragments(document), given):
        arguments = arguments_of(node, given)
        key = node.alias.value if node.alias else node.name.value
        run, metadata = (shortened(arguments.get(name)) for name in ("pathspec", "metadata"))
        tags = [tag for name in ("add", "remove", "tags") for tag in _texts(arguments.get(name))]
        found.setdefault(key, Mutated(key, node.name.value, run, metadata, tags[:_MOST_TAGS]))
    return list(found.values())


def shortened(text: object) -> str | None:
    """A text that others gave, of which no more than so much is kept; None where it is none."""
    return text[:_LONGEST] if isinstance(text, str) else None


def _texts(value: object) -> list[str]:
    return [text for one in cast("list[object]", value) if (text := shortened(one))] if isinstance(value, list) else []


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
