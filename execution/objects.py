"""Columns of objects: which type each is of, and what is selected of them."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphql import GraphQLObjectType

from . import work
from .completion import Completed, Completion
from .core import AnyExecutor, Info, invalid_return_type_error
from .failures import Failures
from .places import Place, SomePlace
from .plans import Plan, plans
from .rows import Column, Rows, classes
from .ways import Ways
from .work import Join, Work

# All instances of the class are of the type: it need not be asked of each by is_type_of or resolve_type.
TypesOfClasses = Mapping[type, GraphQLObjectType]


class Declared(NamedTuple):
    """What is known of a schema beyond what graphql-core knows, and what an executor does in its own way."""

    ways: Ways
    types: TypesOfClasses
    counted: Callable[[int, int], None]
    rows: Rows


class Objects(Completion):
    """Completes columns of objects."""

    def __init__(self, executor: AnyExecutor, failures: Failures, declared: Declared) -> None:
        super().__init__(executor, failures)
        self.declared = declared
        # A selection set's list of fields is graphql-core's for the whole operation: its id is kept by it.
        self._plans: dict[tuple[GraphQLObjectType, int], list[Plan]] = {}

    @abstractmethod
    def level(
        self,
        type_: GraphQLObjectType,
        objects: list[Any],
        place: Place | None,
        selected: list[Plan],
        kinds: set[type] | None = None,
    ) -> Work[Completed]:
        """Rows with the selected fields of objects of one type, `kinds` their classes if known, which stand at a place
        of the answer."""

    def composites(self, type_: Any, place: Place, values: Column, kinds: set[type]) -> Work[Completed]:
        if isinstance(type_, GraphQLObjectType):
            return (yield from self._of_type(type_, place, values, kinds))
        types: dict[type, Any] = {kind: self.declared.types.get(kind) for kind in kinds}
        if all(known and self.executor.schema.is_sub_type(type_, known) for known in types.values()):
            if len(types) == 1:
                return (yield from self._selected(types.popitem()[1], place, values, kinds))
            return (yield from self._by_type(place, values, [types[type(value)] for value in values], self._selected))
        return (yield from self._of_abstract(type_, place, values))

    def _of_type(
        self, type_: GraphQLObjectType, place: Place, values: Column, kinds: set[type] | None = None
    ) -> Work[Completed]:
        """Objects of which none is known to be of the type that they should be of."""
        check = type_.is_type_of
        if check is None or all(self.declared.types.get(kind) is type_ for kind in kinds or classes(values)):
            return (yield from self._selected(type_, place, values, kinds))
        answers = yield from self.settled((yield from self.asked(place, values, check)))
        details = place.field.plan.details
        checked = [
            answer
            if isinstance(answer, Exception)
            else value
            if answer
            else invalid_return_type_error(type_, value, details)
            for value, answer in zip(values, answers, strict=True)
        ]
        return (yield from self.sifted(place, checked, True, lambda at, kept: self._selected(type_, at, kept)))

    def _of_abstract(self, type_: Any, place: Place, values: Column) -> Work[Completed]:
        """Objects of an interface or a union, each of which has to be asked for its type."""
        resolve = type_.resolve_type or self.executor.type_resolver
        asked = yield from self.asked(place, values, lambda value, info: resolve(value, info, type_))
        answers = yield from self.settled(asked)
        pairs: Column = []
        for index, (value, answer) in enumerate(zip(values, answers, strict=True)):
            try:
                if isinstance(answer, Exception):
                    raise answer
                info = self.info(place, index)
                of_type = self.executor.ensure_valid_runtime_type(answer, type_, place.field.plan.details, info, value)
                pairs.append((value, of_type))
            except Exception as error:
                pairs.append(error)

        def of_types(at: Place, kept: Column) -> Work[Completed]:
            return self._by_type(at, [value for value, _ in kept], [of_type for _, of_type in kept], self._of_type)

        return (yield from self.sifted(place, pairs, True, of_types))

    def asked(self, place: Place, values: Column, ask: Callable[[Any, Info], Any]) -> Work[Column]:
        """What is answered of each value; the Exception where that is raised."""
        answers = Column()
        for index, value in enumerate(values):
            if not (index + 1) % work.TURN:
                yield None
            try:
                answers.append(ask(value, self.info(place, index)))
            except Exception as error:
                answers.append(error)
        return answers

    def info(self, place: Place, index: int) -> Info:
        """What resolvers of the field's values get: its path is the field's, also for the items of a list."""
        path = place.path(index)
        while isinstance(path.key, int) and path.prev:
            path = path.prev
        field = place.field
        return self.executor.build_resolve_info(field.plan.definition, field.plan.nodes, field.parent_type, path)

    def _by_type(
        self,
        place: Place,
        values: Column,
        types: list[Any],
        go_on: Callable[[GraphQLObjectType, Place, Column], Work[Completed]],
    ) -> Work[Completed]:
        """Go on with the objects of each type, side by side."""
        groups: dict[GraphQLObjectType, list[int]] = {}
        for index, type_ in enumerate(types):
            groups.setdefault(type_, []).append(index)
        if len(groups) == 1:
            return (yield from go_on(types[0], place, values))
        if not groups:
            return [], None
        parts: list[Completed] = yield Join(
            [
                go_on(type_, SomePlace(place, indices), [values[index] for index in indices])
                for type_, indices in groups.items()
            ]
        )
        column: Column = [None] * len(values)
        lost = set[int]()
        for indices, (of_part, lost_of_part) in zip(groups.values(), parts, strict=True):
            for index, value in zip(indices, of_part, strict=True):
                column[index] = value
            lost.update(indices[index] for index in lost_of_part or ())
        return column, lost or None

    def _selected(
        self, type_: GraphQLObjectType, place: Place, values: Column, kinds: set[type] | None = None
    ) -> Work[Completed]:
        """Objects that are of the type."""
        if not values:
            return [], None
        count = len(values)
        try:
            selected = self._plans_of(type_, place.field.plan)
            self.declared.counted(count, len(selected))
        except Exception as error:
            # Of what becomes null as a whole one error is told.
            for number, index in enumerate(place.first_of_each(count)):
                self.failures.add(place, index, error)
                if not (number + 1) % work.TURN:
                    yield None
            return [None] * count, None if place.nullable else set(range(count))
        rows, lost = yield from self.level(type_, values, place, selected, kinds)
        return rows, None if place.nullable else lost

    def _plans_of(self, type_: GraphQLObjectType, plan: Plan) -> list[Plan]:
        """How the fields that are selected of a field's objects are got."""
        selected = self.executor.collect_subfields(type_, plan.details).grouped_field_set
        key = (type_, id(selected))
        if key not in self._plans:
            self._plans[key] = plans(self.executor, self.declared.ways, type_, selected)
        return self._plans[key]
