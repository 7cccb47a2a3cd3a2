"""The ways in which fields get their values."""

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from graphql import GraphQLField

from .core import default_field_resolver

Resolver = Callable[..., Any]

# The mark on a resolver that takes a Level.
ANSWERS_LEVELS = "answers_levels"


class Way(Enum):
    """How a field gets its values for the objects of a level."""

    TYPENAME = "the name of their type"
    ATTRIBUTE = "an attribute of each, read off them in one pass"
    DEFAULT = "the same, where graphql-core's default resolver would find nothing else"
    LEVEL = "one call of a resolver that answers for all of them"
    EACH = "a call of the resolver for each"


class Found(NamedTuple):
    """A field's way. `attribute`: the name of the one that is read."""

    way: Way
    attribute: str | None = None


class Ways:
    """What can be told of a field by its declaration; libraries that wrap resolvers have their own."""

    def attribute_of(self, field: GraphQLField, resolver: Resolver) -> str | None:
        """The attribute that a resolver reads, if it does nothing else."""
        return None

    def answers_levels(self, field: GraphQLField, resolver: Resolver) -> bool:
        """Whether a resolver takes a Level."""
        return getattr(resolver, ANSWERS_LEVELS, False) is True

    def of(self, name: str, field: GraphQLField, resolver: Resolver) -> Found:
        """The way of a field that has this resolver, and no middleware around it."""
        if name == "__typename":
            return Found(Way.TYPENAME)
        if self.answers_levels(field, resolver):
            return Found(Way.LEVEL)
        if field.args:  # which may be wrong, also where nobody reads them
            return Found(Way.EACH)
        if resolver is default_field_resolver:
            return Found(Way.DEFAULT, name)
        attribute = self.attribute_of(field, resolver)
        return Found(Way.ATTRIBUTE, attribute) if attribute else Found(Way.EACH)
