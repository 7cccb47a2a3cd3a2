"""What is looked up in a valid document again and again."""

from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, value_from_ast_untyped


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
