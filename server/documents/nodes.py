"""What is looked up in a valid document again and again."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    value_from_ast_untyped,
)


def fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The fragments that it defines, by their names."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def variable_values(operation: OperationDefinitionNode, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The variables as they were given, not coerced to their types, else their defaults."""
    defaults = {
        of.variable.name.value: value_from_ast_untyped(of.default_value)
        for of in operation.variable_definitions or ()
        if of.default_value
    }
    return defaults | dict(given or {})


def arguments_of(node: FieldNode | DirectiveNode, variables: dict[str, Any]) -> dict[str, Any]:
    """What is given for each, not coerced to its type."""
    return {of.name.value: value_from_ast_untyped(of.value, variables) for of in node.arguments or ()}


def is_included(directives: Iterable[DirectiveNode] | None, variables: dict[str, Any]) -> bool:
    """Whether @skip and @include leave what has these (GraphQL, section 3.13)."""
    conditions = {node.name.value: arguments_of(node, variables).get("if") for node in directives or ()}
    return conditions.get("skip") is not True and conditions.get("include") is not False
