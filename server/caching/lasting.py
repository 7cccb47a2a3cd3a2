"""Which answers can't change any more: those about one object of a run that has succeeded."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    ValueNode,
    VariableNode,
)

from ...providers.records import RunStatus
from ..compression import Content
from ..documents.nodes import fragments
from ..documents.validity import Document
from .fields import LASTING, OF_ONE_ATTEMPT

_NULL = re.compile(b"null")
_AT_ONCE = 2**18  # bytes that are searched in one turn of the loop: half a millisecond


class Asked(NamedTuple):
    """The operation of a document that was executed."""

    document: Document
    operation: OperationDefinitionNode
    variables: Mapping[str, Any]


async def lasts(asked: Asked, answer: dict[str, Any], content: Content) -> bool:
    """Whether an answer, and `content` as its JSON, can't change any more, as far as it tells itself.

    So it is if it is about one object, of a run that it says has succeeded, and has nothing but LASTING fields, without
    errors and nulls, in no namespace: tags would decide on that. A text that has the letters null counts as one.
    """
    return (
        answer.keys() == {"data"}
        and all(map(_is_lasting, asked.document.selected))
        and _is_of_one_object(asked)
        and set(_statuses(asked.operation.selection_set.selections, answer["data"], asked))
        == {RunStatus.SUCCEEDED.name}
        and not await _has_null(content)
    )


async def _has_null(content: Content) -> bool:
    for start in range(0, len(content), _AT_ONCE):
        if _NULL.search(content, max(0, start - 3), start + _AT_ONCE):
            return True
        await asyncio.sleep(0)
    return False


def _is_lasting(field: str) -> bool:
    return field in LASTING or field in OF_ONE_ATTEMPT or field.endswith(".__typename")


def _is_of_one_object(asked: Asked) -> bool:
    """Whether it asks for one object, in no namespace, and for one attempt's where that may differ."""
    first, *others = asked.operation.selection_set.selections
    if others or not isinstance(first, FieldNode):
        return False
    arguments = {argument.name.value: argument.value for argument in first.arguments or ()}
    pinned = _is_number(arguments.get("attempt"), asked.variables)
    return "namespace" not in arguments and (pinned or not asked.document.selected & OF_ONE_ATTEMPT)


def _is_number(value: ValueNode | None, variables: Mapping[str, Any]) -> bool:
    if isinstance(value, VariableNode):
        return isinstance(variables.get(value.name.value), int)
    return isinstance(value, IntValueNode)


def _statuses(selections: Iterable[SelectionNode], found: Any, asked: Asked) -> Iterator[Any]:
    """What the answer has for each Run.status: of the fields that last it alone is called so."""
    for node in selections:
        if isinstance(node, FieldNode):
            name = node.alias.value if node.alias else node.name.value
            value = cast("dict[str, Any]", found).get(name) if isinstance(found, dict) else None
            if node.name.value == "status":
                yield value
            elif node.selection_set:
                yield from _statuses(node.selection_set.selections, value, asked)
        elif isinstance(node, FragmentSpreadNode):
            yield from _statuses(fragments(asked.document.node)[node.name.value].selection_set.selections, found, asked)
        else:
            yield from _statuses(cast("Any", node).selection_set.selections, found, asked)
