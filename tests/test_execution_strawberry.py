"""What the executor takes of Strawberry's schemas, and what it leaves to Strawberry."""

import asyncio
from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.extensions import SchemaExtension
from strawberry.permission import BasePermission

from metaflow_graphql.execution import Level
from metaflow_graphql.execution.strawberry import OF_LEVEL, StrawberryExecutor


class Never(BasePermission):
    message = "not for you"

    def has_permission(self, source: Any, info: Any, **_: Any) -> bool:
        return False


def named(parent: strawberry.Parent[Any]) -> Any:
    return [f"of {len(parent)}" for _ in parent] if isinstance(parent, Level) else "alone"


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Item(Named):
    x: int
    hidden: int | None = strawberry.field(default=1, permission_classes=[Never])
    level: str = strawberry.field(resolver=named, metadata=OF_LEVEL)
    guarded: str | None = strawberry.field(resolver=named, metadata=OF_LEVEL, permission_classes=[Never])


@strawberry.type
class Query:
    @strawberry.field
    async def items(self) -> list[Item]:
        return [Item(name=f"item {number}", x=number) for number in range(2)]

    @strawberry.field
    def named(self) -> list[Named]:
        return [Item(name="one", x=1)]


def answered(query: str, *extensions: Callable[[], SchemaExtension]) -> tuple[Any, list[str]]:
    schema = strawberry.Schema(
        Query, types=[Item], extensions=list(extensions), execution_context_class=StrawberryExecutor
    )
    result = asyncio.run(schema.execute(query))
    return result.data, [error.message for error in result.errors or []]


def test_a_permission_is_asked_for_what_would_be_an_attribute() -> None:
    assert answered("{ items { x hidden } }") == (
        {"items": [{"x": 0, "hidden": None}, {"x": 1, "hidden": None}]},
        ["not for you", "not for you"],
    )


def test_a_permission_is_asked_for_each_object_of_a_level() -> None:
    assert answered("{ items { level guarded } }") == (
        {"items": [{"level": "of 2", "guarded": None}, {"level": "of 2", "guarded": None}]},
        ["not for you", "not for you"],
    )


def test_interfaces_of_instances_are_told_as_strawberry_tells_them() -> None:
    assert answered("{ named { __typename name ... on Item { x } } }") == (
        {"named": [{"__typename": "Item", "name": "one", "x": 1}]},
        [],
    )


def test_an_extension_sees_each_field_of_each_object() -> None:
    seen = list[str]()

    class Watching(SchemaExtension):
        def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append(info.field_name)
            return _next(root, info, *args, **kwargs)

    assert answered("{ items { x level } }", Watching)[0] == {
        "items": [{"x": 0, "level": "alone"}, {"x": 1, "level": "alone"}]
    }
    assert sorted(seen) == ["items", "level", "level", "x", "x"]
