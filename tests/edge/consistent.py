# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# graphql-core leaves out the parameters of its generic types.
"""Whether the data of an answer are what its document selects, of the schema's types, and null where errors put it.

Rules: GraphQL, sections 6.3 (what is collected), 6.4.3 (how values are completed) and 6.4.4 (how null propagates).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
    is_enum_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from .form import Malformed, graphql_schema

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)
_SAFE = 2**53


class _Place(NamedTuple):
    """A field or an item: its type, and what is selected of it."""

    type: Any
    sets: list[SelectionSetNode]


class Selected:
    """What an operation selects, with its variables."""

    def __init__(self, document: DocumentNode, name: str | None, variables: Mapping[str, Any]) -> None:
        self._fragments = {of.name.value: of for of in document.definitions if isinstance(of, FragmentDefinitionNode)}
        operations = [of for of in document.definitions if isinstance(of, OperationDefinitionNode)]
        (operation,) = (of for of in operations if not name or (of.name and of.name.value == name))
        self._variables = _defaults(operation) | dict(variables)
        self._root = _Place(graphql_schema.get_root_type(operation.operation), [operation.selection_set])

    def check(self, told: Mapping[str, Any]) -> None:
        """Raises Malformed where the answer's data are not of this form."""
        if told["data"] is not None:
            self._check(self._root, told["data"], ("data",))
        for error in told.get("errors", []):
            self._check_error(told["data"], error.get("path") or [])

    def _check(self, place: _Place, value: Any, at: tuple[Any, ...]) -> None:
        type_ = place.type
        if is_non_null_type(type_):
            _require(value is not None, "is null", at)
            type_ = type_.of_type
        if value is None:
            return
        if is_list_type(type_):
            _require(isinstance(value, list), "is no list", at)
            for number, item in enumerate(value):
                self._check(_Place(type_.of_type, place.sets), item, (*at, number))
        elif is_abstract_type(type_):
            self._check_any(type_, place.sets, value, at)
        elif is_object_type(type_):
            self._check_object(type_, place.sets, value, at)
        else:
            _require(_is_leaf(type_, value), f"is no {type_}: {str(value)[:100]}", at)

    def _check_object(self, type_: Any, sets: list[SelectionSetNode], value: Any, at: tuple[Any, ...]) -> None:
        fields = self._fields(sets, type_)
        _require(isinstance(value, dict) and list(value) == list(fields), f"is not {list(fields)}", at)
        for key, place in fields.items():
            self._check(place, value[key], (*at, key))

    def _check_any(self, type_: Any, sets: list[SelectionSetNode], value: Any, at: tuple[Any, ...]) -> None:
        """As one of the types that it may be: which, is told only where that is asked for."""
        told: list[Malformed] = []
        for possible in graphql_schema.get_possible_types(type_):
            try:
                return self._check_object(possible, sets, value, at)
            except Malformed as error:
                told.append(error)
        raise told[-1]

    def _check_error(self, data: Any, path: list[str | int]) -> None:
        """An error is where null is, or below null that came up from it; or at a list that left something out."""
        places: list[_Place] = [self._root]
        value: Any = data
        for depth, key in enumerate(path):
            if value is None:
                self._check_propagated(places, path[depth:], path)
                return
            value = _inner(value, key, path[: depth + 1])
            places = [below for of in places for below in self._below(of, key)]
        left_out = isinstance(value, list) or any("Connection" in str(of.type) for of in places)
        _require(value is None or left_out, "has an error and a value", tuple(path))

    def _check_propagated(self, places: list[_Place], keys: list[str | int], path: list[str | int]) -> None:
        """What is between null and the error must not be null itself: else that would be null, and nothing above it."""
        for key in keys:
            places = [below for of in places for below in self._below(of, key)]
            _require(any(is_non_null_type(of.type) for of in places), "made more null than it had to", tuple(path))

    def _below(self, place: _Place, key: str | int) -> Iterator[_Place]:
        type_ = place.type.of_type if is_non_null_type(place.type) else place.type
        if isinstance(key, int):
            if is_list_type(type_):
                yield _Place(type_.of_type, place.sets)
            return
        for of in graphql_schema.get_possible_types(type_) if is_abstract_type(type_) else [type_]:
            if is_object_type(of) and key in (fields := self._fields(place.sets, of)):
                yield fields[key]

    def _fields(self, sets: list[SelectionSetNode], type_: Any) -> dict[str, _Place]:
        """By response key, in the order that they are sent in."""
        found: dict[str, _Place] = {}
        for node in self._spread(sets, type_, set()):
            definition = graphql_schema.get_field(type_, node.name.value)
            key = node.alias.value if node.alias else node.name.value
            inner = found.setdefault(key, _Place(definition.type, [])).sets
            if node.selection_set:
                inner.append(node.selection_set)
        return found

    def _spread(self, sets: list[SelectionSetNode], type_: Any, seen: set[str]) -> Iterator[FieldNode]:
        for node in (node for of in sets for node in of.selections if self._is_included(node)):
            if isinstance(node, FieldNode):
                yield node
                continue
            fragment: Any = node
            if not isinstance(node, InlineFragmentNode):
                name: str = fragment.name.value
                if name in seen:
                    continue
                seen.add(name)
                fragment = self._fragments[name]
            if _applies(fragment.type_condition, type_):
                yield from self._spread([fragment.selection_set], type_, seen)

    def _is_included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            assert directive.arguments
            value = directive.arguments[0].value
            if isinstance(value, BooleanValueNode):
                given = value.value
            else:
                assert isinstance(value, VariableNode)
                given = self._variables[value.name.value]
            if given is (directive.name.value == "skip"):
                return False
        return True


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """Of the variables that directives may take."""
    return {
        of.variable.name.value: of.default_value.value
        for of in operation.variable_definitions or ()
        if isinstance(of.default_value, BooleanValueNode)
    }


def _applies(condition: Any, type_: Any) -> bool:
    if condition is None:
        return True
    of = graphql_schema.get_type(condition.name.value)
    return of is type_ or (is_abstract_type(of) and graphql_schema.is_sub_type(of, type_))


def _is_leaf(type_: Any, value: Any) -> bool:
    """JSON takes any value."""
    if is_enum_type(type_):
        return value in type_.values
    match type_.name:
        case "Int":
            return type(value) is int and -(2**31) <= value < 2**31
        case "BigInt":
            return type(value) is int and -_SAFE < value < _SAFE
        case "Float":
            return type(value) in (int, float)
        case "Boolean":
            return type(value) is bool
        case "DateTime":
            return isinstance(value, str) and _TIME.fullmatch(value) is not None
        case "String" | "ID":
            return isinstance(value, str)
        case _:
            return True


def _inner(value: Any, key: str | int, path: list[str | int]) -> Any:
    """The field or item at the end of an error's path; raises Malformed where there is none."""
    held: Any = dict(enumerate(value)) if isinstance(value, list) else value
    _require(isinstance(held, dict) and key in held, "is the place of an error", tuple(path))
    return held[key]


def _require(right: bool, told: str, at: tuple[Any, ...]) -> None:
    if not right:
        raise Malformed(f"{'.'.join(map(str, at))} {told}")
