"""The executor for schemas of Strawberry: what their types and fields tell beyond what graphql-core sees."""

from collections.abc import Mapping
from typing import Any, cast
from weakref import WeakKeyDictionary

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

from .executor import LevelExecutor
from .objects import TypesOfClasses
from .ways import ANSWERS_LEVELS, Resolver, Ways

# The metadata of a field whose resolver takes a Level: strawberry.field(resolver=…, metadata=OF_LEVEL).
OF_LEVEL: Mapping[Any, Any] = {ANSWERS_LEVELS: True}
_DEFINITION = "strawberry-definition"
# What Strawberry calls the resolver of a field that has none: it reads an attribute, and does nothing else.
_BASIC = "_get_basic_result"


class StrawberryWays(Ways):
    """Strawberry wraps each resolver: what it is stands in the field's declaration."""

    def attribute_of(self, field: GraphQLField, resolver: Resolver) -> str | None:
        declared = field.extensions.get(_DEFINITION)
        if (
            isinstance(declared, StrawberryField)
            and getattr(resolver, "__name__", "") == _BASIC
            and type(declared).get_result is StrawberryField.get_result
            and declared.default_resolver is getattr
        ):
            return declared.python_name
        return None

    def answers_levels(self, field: GraphQLField, resolver: Resolver) -> bool:
        declared = field.extensions.get(_DEFINITION)
        # Extensions of a field, permissions among them, are for one object.
        return (
            isinstance(declared, StrawberryField)
            and not declared.extensions
            and declared.metadata.get(ANSWERS_LEVELS) is True
        )


class StrawberryExecutor(LevelExecutor, StrawberryGraphQLCoreExecutionContext):
    """An `execution_context_class`. A type whose class has `record` is that of all values of the class that this names,
    as its `is_type_of` would say."""

    ways = StrawberryWays()

    def types_of_classes(self) -> TypesOfClasses:
        if self.schema not in _known:
            _known[self.schema] = types_of_records(self.schema)
        return _known[self.schema]


_known: WeakKeyDictionary[GraphQLSchema, TypesOfClasses] = WeakKeyDictionary()


def types_of_records(schema: GraphQLSchema) -> TypesOfClasses:
    """The object types by their records; a class that several of them have tells none."""
    found: dict[type, list[GraphQLObjectType]] = {}
    for type_ in schema.type_map.values():
        declared = cast(Any, type_.extensions.get(_DEFINITION))
        record = getattr(getattr(declared, "origin", None), "record", None)
        if isinstance(type_, GraphQLObjectType) and isinstance(record, type):
            found.setdefault(record, []).append(type_)
    return {record: types[0] for record, types in found.items() if len(types) == 1}
