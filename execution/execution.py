"""One execution: of a selection set of the root, a level of objects at a time."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from graphql import GraphQLObjectType

from . import work
from .completion import PLAIN, Completed
from .core import is_awaitable, is_non_null
from .level import Level, entries
from .objects import Objects
from .places import FieldPlace, Place, SomePlace
from .plans import Plan
from .rows import Column, Field, classes, getter
from .ways import Way
from .work import Join, Work, awaited


class _Columns(Join):
    """The fields of a level of so many objects. It is over early where no object of it is left that is not null."""

    __slots__ = ("count", "lost")

    def __init__(self, works: list[Work[Completed]], count: int) -> None:
        super().__init__(works)
        self.count = count
        self.lost = set[int]()

    def take(self, number: int, result: Any) -> None:
        column, lost = result
        super().take(number, column)
        if lost:
            self.lost |= lost
            self.over = self.over or len(self.lost) == self.count


class Execution(Objects):
    """Executes levels: a column of values for each field, and rows when all columns of the level are there."""

    def level(
        self,
        type_: GraphQLObjectType,
        objects: list[Any],
        place: Place | None,
        selected: list[Plan],
        kinds: set[type] | None = None,
    ) -> Work[Completed]:
        count = len(objects)
        sent = self._sent(selected, kinds) if kinds and count >= self.declared.rows.few else None
        at_once = work.OBJECTS if sent is None else work.rows_at_once(len(sent))
        if count <= at_once or place is None:
            return (yield from self._part(type_, objects, place, selected, sent))
        made, lost = Column(), set[int]()
        for start in range(0, count, at_once):
            part = range(start, min(start + at_once, count))
            at = SomePlace(place, part)
            rows, of_part = yield from self._part(type_, objects[start : part.stop], at, selected, sent)
            made += rows
            lost.update(start + index for index in of_part or ())
            yield None
        return made, lost or None

    def _part(
        self,
        type_: GraphQLObjectType,
        objects: list[Any],
        place: Place | None,
        selected: list[Plan],
        sent: tuple[Field, ...] | None,
    ) -> Work[Completed]:
        """Rows of a level, or of a part of a long one; `sent`: the fields, if all are attributes sent as they are."""
        count = len(objects)
        if not selected:
            return [{} for _ in objects], None
        if sent and (rows := self.declared.rows.of_objects(sent, objects)) is not None:
            return rows, None
        # What may have to wait is begun first, so that the rest is done meanwhile.
        ordered = sorted(selected, key=lambda plan: plan.way not in (Way.LEVEL, Way.EACH))
        columns = _Columns([self._field(type_, objects, place, plan) for plan in ordered], count)
        made: list[Column] = yield columns
        if len(columns.lost) == count:
            return [None] * count, columns.lost
        in_order: list[Column] = [[]] * len(made)
        for plan, column in zip(ordered, made, strict=True):
            in_order[plan.rank] = column
        made_rows = yield from self._rows([plan.key for plan in selected], in_order, count)
        for index in columns.lost:
            made_rows[index] = None
        return made_rows, columns.lost or None

    def _field(
        self, type_: GraphQLObjectType, objects: list[Any], parents: Place | None, plan: Plan
    ) -> Work[Completed]:
        """The column of a field of objects."""
        if plan.way is Way.TYPENAME:
            return [type_.name] * len(objects), None
        nullable = not is_non_null(plan.type) or not self.executor.error_propagation
        place = FieldPlace(plan, type_, parents, nullable)
        values = _read(plan, objects)
        if values is None:
            values = yield from self._resolved(plan, objects, place)
        return (yield from self.completed(plan.type, place, values))

    def _resolved(self, plan: Plan, objects: list[Any], place: FieldPlace) -> Work[Column]:
        """What the field's resolver gives for each object."""
        try:
            arguments = plan.arguments(self.executor)
        except Exception as error:
            return [error] * len(objects)
        if plan.way is Way.LEVEL:
            answer = yield from self._answer(plan, objects, place, arguments)
            return entries(answer, place, len(objects))
        return (yield from self.asked(place, objects, partial(plan.resolve, **arguments)))

    def _answer(self, plan: Plan, objects: list[Any], place: FieldPlace, arguments: dict[str, Any]) -> Work[Any]:
        """What a resolver answers to a level, or the Exception that it raises."""
        try:
            answer = plan.resolve(Level(objects, place), self.info(place, 0), **arguments)
        except Exception as error:
            return error
        if is_awaitable(answer):
            (answer,) = yield from awaited([answer])
        return answer

    def _sent(self, selected: list[Plan], kinds: set[type]) -> tuple[Field, ...] | None:
        """The fields of objects of these classes, if all are attributes that are sent as they are, as far as is known.

        msgspec takes what has items for a mapping, and a struct has each attribute once.
        """
        if (self._may_wait and not self._waits_by_class) or any(hasattr(kind, "__getitem__") for kind in kinds):
            return None
        fields = tuple(field for plan in selected if (field := plan.sent()))
        attributes = {field.attribute for field in fields}
        return fields if len(attributes) == len(fields) == len(selected) else None

    def _rows(self, keys: list[str], columns: list[Column], count: int) -> Work[Column]:
        rows = self.declared.rows.of_columns
        at_once = work.rows_at_once(len(keys))
        if count <= at_once:
            return rows(keys, columns)
        made = Column()
        while len(made) < count:
            part = slice(len(made), len(made) + at_once)
            made += rows(keys, [column[part] for column in columns])
            yield None
        return made


def _read(plan: Plan, objects: list[Any]) -> Column | None:
    """The values of the attribute that the field is; None where its resolver has to be called for each."""
    attribute = plan.found.attribute
    if attribute is None:
        return None
    try:
        if plan.way is Way.ATTRIBUTE:
            return getter(attribute)(objects)
        return _by_default(attribute, objects)
    except Exception:
        return None


def _by_default(name: str, objects: list[Any]) -> Column | None:
    """What graphql-core's default resolver finds under a name, unless that is to be called."""
    kinds = classes(objects)
    if kinds == {dict}:
        values = [one.get(name) for one in objects]
    elif any(issubclass(kind, Mapping) for kind in kinds):
        return None
    else:
        values = getter(name)(objects)
    kinds = classes(values) - PLAIN
    return None if any(callable(value) for value in values if type(value) in kinds) else values
