"""How large a document is, by counts that its limits are held to: in one pass, whatever its fragments come to."""

from collections.abc import Iterator
from typing import NamedTuple, cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from .. import limits
from ..errors import RequestError, refused_beyond
from .nodes import fragments

_INTROSPECTION = frozenset(("__schema", "__type"))
# Lists of what again has types: each within another multiplies the answer by the size of the schema.
_LISTS_OF_TYPES = frozenset(("fields", "interfaces", "possibleTypes", "inputFields"))


class Size(NamedTuple):
    """Of a selection set, with its fragments spread out at each place.

    `top`: fields of the selection set itself; `fields`, `aliases`, `fragments`, `introspections` (__schema and __type):
    all there are; `depth`: of fields within fields; `fragment_depth`: of fragments within fragments; `lists`: of lists
    of types within each other, and `introspection`: of those below __schema and __type.
    """

    top: int = 0
    fields: int = 0
    aliases: int = 0
    fragments: int = 0
    introspections: int = 0
    depth: int = 0
    fragment_depth: int = 0
    lists: int = 0
    introspection: int = 0


def check(document: DocumentNode) -> None:
    """RequestError with the first limit that the document is beyond, all its operations taken together."""
    _check_selected(document)
    _check_written(document)


def _check_selected(document: DocumentNode) -> None:
    try:
        sizes = _of_operations(document)
    except RecursionError as error:
        raise too_deep() from error
    fields, aliases, spreads, introspections = (sum(one[n] for one in sizes) for n in (1, 2, 3, 4))
    top, depth, fragment_depth, introspection = (max((one[n] for one in sizes), default=0) for n in (0, 5, 6, 8))
    for limit, many, what in (
        (limits.DOCUMENT_FIELDS, fields, f"selects {_number(fields)} fields"),
        (limits.DOCUMENT_DEPTH, depth, f"nests fields {depth} deep"),
        (limits.ROOT_FIELDS, top, f"has {top} fields at the top of an operation"),
        (limits.ALIASES, aliases, f"has {aliases} aliases"),
        (limits.FRAGMENT_SPREADS, spreads, f"spreads fragments at {_number(spreads)} places"),
        (limits.FRAGMENT_DEPTH, fragment_depth, f"nests fragments {fragment_depth} deep"),
        (limits.INTROSPECTIONS, introspections, f"asks for __schema and __type {_number(introspections)} times"),
        (limits.INTROSPECTION_DEPTH, introspection, f"nests lists of types {introspection} deep in an introspection"),
    ):
        if many > limit.value:
            raise refused_beyond(limit, f"The document {what}")


def _of_operations(document: DocumentNode) -> list[Size]:
    """A fragment within itself counts once: validation rejects it."""
    defined = fragments(document)
    known: dict[str, Size] = {}

    def of_fragment(name: str) -> Size:
        if name not in known:
            known[name] = Size()
            if name in defined:
                known[name] = of(defined[name].selection_set)
        return known[name]

    def of(selected: SelectionSetNode | None) -> Size:
        whole = Size()
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                size = _of_field(node, of(node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                size = _of_spread(of_fragment(node.name.value))
            else:
                size = _of_spread(of(node.selection_set) if isinstance(node, InlineFragmentNode) else Size())
            whole = _together(whole, size)
        return whole

    return [of(node.selection_set) for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def _of_field(node: FieldNode, inner: Size) -> Size:
    name = node.name.value
    return inner._replace(
        top=1,
        fields=inner.fields + 1,
        aliases=inner.aliases + (node.alias is not None),
        introspections=inner.introspections + (name in _INTROSPECTION),
        depth=inner.depth + 1,
        lists=inner.lists + (name in _LISTS_OF_TYPES),
        introspection=max(inner.introspection, inner.lists if name in _INTROSPECTION else 0),
    )


def _of_spread(inner: Size) -> Size:
    return inner._replace(fragments=inner.fragments + 1, fragment_depth=inner.fragment_depth + 1)


def _together(one: Size, other: Size) -> Size:
    return Size(*(a + b for a, b in zip(one[:5], other[:5], strict=True)), *map(max, one[5:], other[5:]))


def _check_written(document: DocumentNode) -> None:
    """What counts as often as it is written."""
    kinds = {OperationDefinitionNode: 0, FragmentDefinitionNode: 0, DirectiveNode: 0}
    for node, depth in _nodes(document):
        kind = type(node)
        if kind in kinds:
            kinds[kind] += 1
        if isinstance(node, OperationDefinitionNode):
            _check_count(
                limits.VARIABLES, len(node.variable_definitions or ()), "declares {} variables in an operation"
            )
        if isinstance(node, ListValueNode):
            _check_count(limits.LIST_ITEMS, len(node.values), "has a list of {} items")
        if isinstance(node, ObjectValueNode):
            _check_count(limits.OBJECT_FIELDS, len(node.fields), "has an object of {} fields")
        _check_count(limits.VALUE_DEPTH, depth, "nests lists and objects in an argument {} deep")
    operations, definitions, directives = kinds.values()
    _check_count(limits.OPERATIONS, operations, "has {} operations")
    _check_count(limits.FRAGMENTS, definitions, "defines {} fragments")
    _check_count(limits.DIRECTIVES, directives, "has {} directives")


def _nodes(document: DocumentNode) -> Iterator[tuple[Node, int]]:
    """All nodes of a document, and how deep each is in lists and objects of an argument."""
    left: list[tuple[Node, int]] = [(document, 0)]
    while left:
        node, depth = left.pop()
        yield node, depth
        for name in node.keys:
            inner: object = getattr(node, name, None)
            for one in cast("tuple[object, ...]", inner) if isinstance(inner, tuple) else (inner,):
                if isinstance(one, Node):
                    left.append((one, depth + isinstance(one, ListValueNode | ObjectValueNode)))


def _check_count(limit: limits.Limit, many: int, what: str) -> None:
    if many > limit.value:
        raise refused_beyond(limit, f"The document {what.format(many)}")


def _number(number: int) -> str:
    """Fragments that double come to numbers of hundreds of digits."""
    return str(number) if number < 10**9 else "more than 1,000,000,000"


def too_deep() -> RequestError:
    """Of a document in which even the parser, or what goes through it, loses itself."""
    return refused_beyond(limits.DOCUMENT_DEPTH, "The document is nested too deep to be parsed")
