# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# graphql-core leaves out the parameters of its generic types.
"""How many objects an operation may touch, told from its document and variables before it runs."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
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
)

from ...resolvers.logs import LOG_PAGE_SIZE
from ...resolvers.pages import DEFAULT_SIZE, MAX_SIZE
from .. import limits
from ..errors import refused
from .nodes import arguments_of, fragments, is_included, variable_values

# The largest pages, where those of others are not.
_PAGES = {"Task.loglines": LOG_PAGE_SIZE.value}
# How long lists without pages are, as a rule; others 10.
_LENGTHS = {"Run.steps": 10, "Task.artifacts": 20, "Task.metadata": 30}
_A_LIST = 10
# Arguments that say how many objects of a list are wanted at the most, by being as long.
_OF_AS_MANY = ("ids", "names")


class Part(NamedTuple):
    """A field: `path` of response keys; `objects` of it, over all objects above."""

    path: tuple[str, ...]
    objects: int


class Cost:
    """Objects, each counted wherever it may stand in the answer: pages as long as asked for, 50 where nothing is said.

    `total` over all fields, `values`: the fields that are asked of all these; `largest`: the field with the most;
    `pages`: of each connection its size, and how many of the objects are on or below its pages, by path.
    """

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Any
    ) -> None:
        self._schema = schema
        self._fragments = fragments(document)
        self._variables = variable_values(operation, variables)
        self.total = 0
        self.values = 0
        self.largest = Part((), 0)
        self.pages: dict[tuple[str, ...], tuple[int, int]] = {}
        self._before: list[int] = []  # the total before each field of the root
        root = schema.get_root_type(operation.operation)
        self._add([operation.selection_set], root, 1, None, ())

    def check(self) -> None:
        """RequestError where it is beyond COST: which field makes it so, and what would fit."""
        most = limits.COST.value
        if self.total <= most:
            return
        path, objects = self.largest
        raise refused(
            "LIMIT_EXCEEDED",
            f"The operation may touch {self.total} objects, {objects} of them at {'.'.join(path)}: "
            f"cost is {most} at the most. {self._advice(path, most)}",
        )

    def _advice(self, path: tuple[str, ...], most: int) -> str:
        on_the_way = [at for at in self.pages if path[: len(at)] == at and self.pages[at][0] > 1]
        for at in sorted(on_the_way, key=lambda at: self.pages[at][0], reverse=True):
            size, objects = self.pages[at]
            fits = (most - (self.total - objects)) * size // objects
            if fits >= 1:
                return f"With first: {fits} at {'.'.join(at)} it would fit."
        fit = bisect_right(self._before, most) - 1
        if fit and self.largest.objects <= most:
            return f"The first {fit} of its {len(self._before)} fields at the top would fit."
        return "Ask for fewer levels at a time."

    def _add(
        self,
        sets: list[SelectionSetNode],
        parent: Any,
        many: int,
        page: int | None,
        path: tuple[str, ...],
    ) -> None:
        fields = self._fields(sets, parent)
        if not parent.name.startswith("__"):  # what a schema tells of itself is limited otherwise
            self.values += many * len(fields)
        for key, (definition, nodes) in fields.items():
            place, before = (*path, key), self.total
            if not path:
                self._before.append(before)
            named = get_named_type(definition.type)
            if not is_composite_type(named):
                continue
            arguments = arguments_of(nodes[0], self._variables)
            inner = [node.selection_set for node in nodes if node.selection_set]
            if {"first", "last"} <= definition.args.keys():
                size = _size(arguments, _PAGES.get(f"{parent.name}.{nodes[0].name.value}", MAX_SIZE))
                self._add(inner, named, many, size, place)
                self.pages[place] = size, self.total - before
                continue
            of_each = self._length(parent, nodes[0], definition, arguments, page)
            self.total += many * of_each
            self.largest = max(self.largest, Part(place, many * of_each), key=lambda part: part.objects)
            self._add(inner, named, many * of_each, None, place)

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
            if node.directives and not is_included(node.directives, self._variables):
                continue
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
        if "first" in definition.args:
            return _size(arguments)
        for name in _OF_AS_MANY:
            if isinstance(wanted := arguments.get(name), list):
                return len(cast("list[Any]", wanted))
        return _LENGTHS.get(f"{parent.name}.{node.name.value}", _A_LIST)


def _size(arguments: Mapping[str, Any], largest: int = MAX_SIZE) -> int:
    """Of a page; what can't be the size of one is refused by the field."""
    for name in ("first", "last"):
        if isinstance(size := arguments.get(name), int):
            return min(max(0, size), largest)
    return DEFAULT_SIZE
