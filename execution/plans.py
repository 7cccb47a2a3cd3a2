"""The fields of a selection set, as they are got for one object type."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType

from .core import AnyExecutor, FieldDetailsList, GroupedFieldSet, OutputType, get_argument_values, is_non_null, to_nodes
from .leaves import Leaf, checked
from .rows import Field
from .ways import Found, Way, Ways


@dataclass(slots=True, eq=False)
class Plan:
    """A field of a selection set. `rank`: its place there; `nodes`: where it is selected, at least once."""

    key: str
    rank: int
    type: OutputType
    details: FieldDetailsList
    nodes: list[FieldNode]
    definition: GraphQLField
    resolve: Callable[..., Any]
    found: Found
    _arguments: dict[str, Any] | None = field(default=None)

    @property
    def way(self) -> Way:
        return self.found.way

    def arguments(self, executor: AnyExecutor) -> dict[str, Any]:
        """The values of its arguments, the same for all objects; raises what is wrong with them."""
        if self._arguments is None:
            first = self.details[0]
            self._arguments = get_argument_values(
                self.definition,
                first.node,
                executor.variable_values,
                first.fragment_variable_values,
                executor.hide_suggestions,
            )
        return self._arguments

    def sent(self) -> Field | None:
        """The attribute that it is, if that can be sent as it is."""
        strict = is_non_null(self.type)
        bare: OutputType = self.type.of_type if strict else self.type
        type_ = checked(bare) if isinstance(bare, Leaf) else None
        attribute = self.found.attribute or "_"
        if type_ is None or attribute.startswith("_") or not attribute.isidentifier():
            return None
        return Field(self.key, attribute, type_ if strict else type_ | None)


def plans(executor: AnyExecutor, ways: Ways, type_: GraphQLObjectType, selected: GroupedFieldSet) -> list[Plan]:
    """How each of the selected fields is got; what the type does not have is left out."""
    made: list[Plan] = []
    for key, details in selected.items():
        name = details[0].node.name.value
        definition = executor.schema.get_field(type_, name)
        if definition:
            resolve, found = _resolution(executor, ways, name, definition)
            made.append(
                Plan(
                    key,
                    len(made),
                    definition.type,
                    details,
                    to_nodes(details),
                    definition,
                    resolve,
                    found,
                )
            )
    return made


def _resolution(
    executor: AnyExecutor, ways: Ways, name: str, definition: GraphQLField
) -> tuple[Callable[..., Any], Found]:
    resolve = definition.resolve or executor.field_resolver
    middleware = executor.middleware_manager
    if middleware and middleware.middlewares:
        return middleware.get_field_resolver(resolve), Found(Way.EACH)
    return resolve, ways.of(name, definition, resolve)
