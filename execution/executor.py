"""graphql-core's Executor, that executes a level at a time."""

from typing import Any

from graphql import DirectiveNode, GraphQLObjectType, Node, Visitor, visit
from graphql.execution import Executor

from .core import AwaitableOrValue, GroupedFieldSet
from .objects import Declared, TypesOfClasses
from .root import Root
from .rows import Rows, dicts
from .ways import Ways

_INCREMENTAL = ("defer", "stream")


class LevelExecutor(Executor[Any]):
    """Gives the answers of graphql-core's Executor, of whose subclasses it can be made one.

    Variables, fragments, arguments, infos, subscriptions and the result are graphql-core's own: this takes over from
    the root's fields on. Operations that can be aborted by a signal, or ask for incremental delivery, it leaves to
    the class after it.
    """

    ways = Ways()
    # Makes rows: `dicts`, or `structs` where only what encodes the answer reads it.
    rows: Rows = dicts
    # Whether what awaits nothing is executed in slices too: then `execute` may return a coroutine for any operation.
    in_slices = False

    def types_of_classes(self) -> TypesOfClasses:
        """The object types of the schema that are known by the class of a value."""
        return {}

    def counted(self, objects: int, fields: int) -> None:
        """Called before a level is executed: so many objects, and fields of each.

        What it raises is the error of each field that these are the value of; of the root, which is of none, nobody's.
        """

    def execute_root_grouped_field_set(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        if self.abort_signal or position_context is not None or self._incremental():
            return super().execute_root_grouped_field_set(
                root_type, root_value, grouped_field_set, serially, position_context
            )
        parts = [{key: details} for key, details in grouped_field_set.items()] if serially else [grouped_field_set]
        declared = Declared(self.ways, self.types_of_classes(), self.counted, self.rows)
        return Root(self, declared, root_type, root_value, parts).execute()

    def _incremental(self) -> bool:
        """Whether the document asks for incremental delivery. The words are looked for first, which takes no time."""
        nodes = [self.operation, *self.fragment_definitions.values()]
        sources = {id(node.loc.source): node.loc.source.body for node in nodes if node.loc}
        if all(node.loc for node in nodes) and not any(
            word in body for body in sources.values() for word in _INCREMENTAL
        ):
            return False
        return any(map(_asks_for_it, nodes))


class _Directives(Visitor):
    found = False

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        self.found |= node.name.value in _INCREMENTAL


def _asks_for_it(node: Node) -> bool:
    directives = _Directives()
    visit(node, directives)
    return directives.found
