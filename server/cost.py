# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# graphql-core leaves out the parameters of its generic types.
"""How many objects an operation may touch, told from its document and variables before it runs."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    value_from_ast_untyped,
)

from ..resolvers.pages import DEFAULT_SIZE

# How long lists without pages are, as a rule; others 10.
_LENGTHS = {"Run.steps": 10, "Task.artifacts": 20, "Task.metadata": 30}
_A_LIST = 10
# Arguments that say how many objects of a list are wanted at the most, by being as long.
_OF_AS_MANY = ("ids", "names")


class Cost:
    """Objects, each counted wherever it may stand in the answer: pages as long as asked for, 50 where nothing is said.

    `total` over all fields.
    """

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Any
    ) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        given = cast("dict[str, Any]", variables or {})
        defaults = {
            of.variable.name.value: value_from_ast_untyped(of.default_value)
            for of in operation.variable_definitions or ()
            if of.default_value
        }
        self._variables = defaults | given
        self.total = 0
        root = schema.get_root_type(operation.operation)
        self._add([operation.selection_set], root, 1, None)

    def _add(self, sets: list[SelectionSetNode], parent: Any, many: int, page: int | None) -> None:
        """Count what is selected of so many objects; `page`: how long those lists are that are on a page."""
        for definition, nodes in self._fields(sets, parent).values():
            named = get_named_type(definition.type)
            if not is_composite_type(named):
                continue
            arguments = self._arguments(nodes[0])
            inner = [node.selection_set for node in nodes if node.selection_set]
            if {"first", "last"} <= definition.args.keys():
                self._add(inner, named, many, _size(arguments))
                continue
            objects = many * self._length(parent, nodes[0], definition, arguments, page)
            self.total += objects
            self._add(inner, named, objects, None)

    def _fields(self, sets: list[SelectionSetNode], parent: Any) -> dict[str, tuple[GraphQLField, list[FieldNode]]]:
        """What is selected of a type, by response key; of types that are apart, together."""
        found: dict[str, tuple[GraphQLField, list[FieldNode]]] = {}
        for of, node in self._spread(sets, parent, set()):
            definition = self._schema.get_field(of, node.name.value)
            if definition:
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, (definition, []))[1].append(node)
        return found

    def _spread(self, sets: list[SelectionSetNode], parent: Any, seen: set[str]) -> Iterator[tuple[Any, FieldNode]]:
        for node in (node for of in sets for node in of.selections):
            if isinstance(node, FieldNode):
                yield parent, node
            elif isinstance(node, InlineFragmentNode):
                yield from self._spread([node.selection_set], self._type(node.type_condition) or parent, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
                yield from self._spread([fragment.selection_set], self._type(fragment.type_condition), seen)

    def _type(self, condition: Any) -> Any:
        return condition and self._schema.get_type(condition.name.value)

    def _arguments(self, node: FieldNode) -> dict[str, Any]:
        return {of.name.value: value_from_ast_untyped(of.value, self._variables) for of in node.arguments or ()}

    def _length(
        self,
        parent: Any,
        node: FieldNode,
        definition: GraphQLField,
        arguments: Mapping[str, Any],
        page: int | None,
    ) -> int:
        """How many objects of the field one object has, at the most or as a rule."""
        bare = definition.type.of_type if is_non_null_type(definition.type) else definition.type
        if not is_list_type(bare):
            return 1
        if page is not None:
            return page
        for name in _OF_AS_MANY:
            if isinstance(wanted := arguments.get(name), list):
                return len(cast("list[Any]", wanted))
        return _LENGTHS.get(f"{parent.name}.{node.name.value}", _A_LIST)


def _size(arguments: Mapping[str, Any]) -> int:
    """Of a page; what is no number is refused when it is asked for."""
    for name in ("first", "last"):
        if isinstance(size := arguments.get(name), int):
            return max(0, size)
    return DEFAULT_SIZE
