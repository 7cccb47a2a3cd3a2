"""What LevelExecutor promises, one by one; `test_execution_fuzzing.py` looks for what nobody thought of."""

import asyncio
import gc
import inspect
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from time import sleep
from typing import Any

import msgspec
import pytest
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute,  # pyright: ignore[reportUnknownVariableType] - graphql-core leaves out parameters of generic types
    parse,
    subscribe,  # pyright: ignore[reportUnknownVariableType] - the same
)
from graphql.execution import Executor

from metaflow_graphql.execution import Level, LevelExecutor, answers_levels, structs
from metaflow_graphql.server.encoding import dumps

Answer = tuple[Any, list[tuple[str, list[str | int] | None]]]


def answer(schema: GraphQLSchema, query: str, root: Any = None, **more: Any) -> Answer:
    """The data, and the message and path of each error."""

    async def executed() -> ExecutionResult:
        given: dict[str, Any] = {"executor_class": LevelExecutor, **more}
        result = execute(schema, parse(query), root, **given)
        return await result if inspect.isawaitable(result) else result

    return told(asyncio.run(executed()))


def told(result: ExecutionResult) -> Answer:
    return result.data, [(error.message, error.path) for error in result.errors or []]


def as_core_does(schema: GraphQLSchema, query: str, root: Any = None, **more: Any) -> Answer:
    """The same, which must be what graphql-core's executor answers."""
    found = answer(schema, query, root, **more)
    assert repr(found) == repr(answer(schema, query, root, **more, executor_class=Executor))
    return found


def test_keys_stand_in_the_order_of_the_query() -> None:
    schema = build_schema("type Query { a: Int b: [Item] } type Item { x: Int y: Int }")
    query = "{ b { y ...F first: x __typename } again: a a } fragment F on Item { x @skip(if: true) second: x }"
    assert list(as_core_does(schema, query, {"a": 1, "b": [{"x": 1, "y": 2}]})[0]["b"][0]) == [
        "y",
        "second",
        "first",
        "__typename",
    ]


@pytest.mark.parametrize("count", [1, 1000])
def test_rows_that_are_structs_are_encoded_as_dicts_are(count: int) -> None:
    class Structs(LevelExecutor):
        rows = structs

    schema = build_schema("type Query { items: [Item] } type Item { a: Int b: [Item!] c: String! }")
    items = [{"a": number, "b": [{"c": str(number)}], "c": None if number % 3 else "ö"} for number in range(count)]
    query = "{ items { class: a b { __typename None: c } _1: c } }"
    found = answer(schema, query, {"items": items}, executor_class=Structs)
    assert msgspec.json.encode(found) == msgspec.json.encode(as_core_does(schema, query, {"items": items}))


# Of fields that are attributes: what is sent as it is, what has to be converted, and what can't be sent.
VALUES: list[Any] = [
    "a", "\ud83d", b"a", 1, True, 2**31, -(2**31), 2**53 + 1, 10**400, 1.0, 1.5, 1e300, float("nan"),
    float("-inf"), None, [1], ValueError("no value"), len, HTTPStatus.OK, StrEnum("Of", ["A"])["A"],
]  # fmt: skip


@dataclass
class Thing:
    value: Any = "a"
    number: int = 1


class Numbered(Thing):
    """msgspec would take it for a mapping."""

    def __getitem__(self, key: str) -> str:
        return f"the item {key}"


@pytest.mark.parametrize("type_", ["String", "ID", "Int", "Float", "Boolean", "String!", "Int!"])
@pytest.mark.parametrize("kind", [Thing, Numbered])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_structs_made_straight_of_objects_are_encoded_as_dicts_are(value: Any, kind: type[Thing], type_: str) -> None:
    class Structs(LevelExecutor):
        rows = structs

    schema = build_schema(f"type Query {{ things: [Thing] }} type Thing {{ value: {type_} number: Int! }}")
    things = [kind(1 if "Int" in type_ or type_ == "Float" else True if type_ == "Boolean" else "a") for _ in range(40)]
    query, things = "{ things { key: value number } }", [*things, kind(value), *things]
    data, errors = answer(schema, query, {"things": things}, executor_class=Structs)
    expected, expected_errors = as_core_does(schema, query, {"things": things})
    assert (dumps(data), repr(errors)) == (dumps(expected), repr(expected_errors))


def _raised(error: Exception, **attributes: object) -> Exception:
    for name, value in attributes.items():
        setattr(error, name, value)
    try:
        try:
            raise LookupError("at first")
        except LookupError as first:
            raise error from (first if attributes.get("chained") else None)
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    "error",
    [
        ValueError("plain"),
        ValueError(),
        ValueError("with", "arguments"),
        _raised(ValueError("in its context")),
        _raised(ValueError("of a cause"), chained=True),
        _raised(ValueError("with extensions"), extensions={"code": "A"}),
        _raised(ValueError("with what are none"), extensions=[1]),
        _raised(ValueError("hidden"), message="shown"),
        _raised(ValueError("elsewhere"), source="{ a }", positions=[2]),
        _raised(ValueError("at nodes"), nodes=None),
        GraphQLError("of graphql-core"),
        GraphQLError("with a path", path=["elsewhere", 1], extensions={"code": "B"}),
        _raised(GraphQLError("raised", original_error=KeyError("x"))),
    ],
    ids=repr,
)
def test_an_error_is_located_as_graphql_core_locates_it(error: Exception) -> None:
    schema = build_schema("type Query { items: [Item] } type Item { a: Int }")

    async def first(executor: type[Executor[Any]]) -> GraphQLError:
        document = parse("{ items { a\n b: a } }")
        result = execute(schema, document, {"items": [{"a": error}]}, executor_class=executor)
        found = (await result if inspect.isawaitable(result) else result).errors or []
        assert len({id(one) for one in found}) == (1 if getattr(error, "path", None) else 2)
        return found[-1]

    ours, cores = asyncio.run(first(LevelExecutor)), asyncio.run(first(Executor))
    slots = [*GraphQLError.__slots__, "args", "__cause__", "__context__", "__suppress_context__"]
    assert {slot: getattr(ours, slot) for slot in slots} == {slot: getattr(cores, slot) for slot in slots}
    assert type(ours) is type(cores)


def test_null_goes_up_to_where_it_may_be() -> None:
    schema = build_schema("type Query { some: [[Item!]!] } type Item { x: Int! other: Int! }")
    root = {"some": [[{"x": 1, "other": 1}], [{"x": 2, "other": 2}, {"x": None, "other": 1}], None]}
    message = "Cannot return null for non-nullable field Item.x."
    assert as_core_does(schema, "{ some { x other } }", root) == (
        {"some": None},
        [(message, ["some", 1, 1, "x"])],
    )


def test_one_null_object_leaves_the_others_alone() -> None:
    schema = build_schema("type Query { some: [Item] } type Item { x: Int! y: Int }")
    root = {"some": [{"x": 1}, {"x": ValueError("no x")}, {"x": 3, "y": 4}]}
    assert as_core_does(schema, "{ some { x y } }", root) == (
        {"some": [{"x": 1, "y": None}, None, {"x": 3, "y": 4}]},
        [("no x", ["some", 1, "x"])],
    )


def test_null_that_reaches_the_root_is_all_of_the_answer() -> None:
    schema = build_schema("type Query { a: Item! b: Int } type Item { x: [Int!]! }")
    assert as_core_does(schema, "{ b a { x } }", {"b": 1, "a": {"x": [1, None]}}) == (
        None,
        [("Cannot return null for non-nullable field Item.x.", ["a", "x", 1])],
    )


def test_errors_stand_in_the_order_of_the_answer_whenever_they_were_met() -> None:
    async def later(_info: Any) -> None:
        await asyncio.sleep(0.01)
        raise ValueError("later")

    schema = build_schema("type Query { a: Int b: Int c: Int! }")
    root = {"a": later, "b": ValueError("at once"), "c": 1}
    assert answer(schema, "{ a b c }", root) == (
        {"a": None, "b": None, "c": 1},
        [("later", ["a"]), ("at once", ["b"])],
    )


def test_what_makes_an_object_null_is_not_waited_for_longer() -> None:
    async def never(_info: Any) -> None:
        await asyncio.Event().wait()

    schema = build_schema("type Query { a: Item b: Int } type Item { bad: Int! slow: Int }")
    found = answer(schema, "{ a { slow bad } b }", {"a": {"bad": None, "slow": never}, "b": 1})
    assert found[0] == {"a": None, "b": 1}


def test_what_makes_an_object_null_leaves_undone_what_has_not_begun() -> None:
    asked = list[str]()

    def called(_info: Any) -> int:
        asked.append("called")
        return 1

    schema = build_schema("type Query { a: Item } type Item { bad: Int! more: Item called: Int }")
    query = "{ a { bad more { called } } }"
    assert answer(schema, query, {"a": {"bad": None, "more": {"called": called}}})[0] == {"a": None}
    assert asked == []


def test_fields_of_a_mutation_go_one_after_the_other() -> None:
    begun = list[str]()

    def field(name: str, seconds: float) -> Any:
        async def resolve(_info: Any) -> str:
            begun.append(f"{name} begins")
            await asyncio.sleep(seconds)
            begun.append(f"{name} ends")
            return name

        return resolve

    schema = build_schema("type Query { a: String } type Mutation { a: String b: String }")
    root = {"a": field("a", 0.01), "b": field("b", 0)}
    assert answer(schema, "mutation { b2: b a b }", root) == ({"b2": "b", "a": "a", "b": "b"}, [])
    assert begun == ["b begins", "b ends", "a begins", "a ends", "b begins", "b ends"]


ANIMALS = """
type Query { pets: [Pet] any: [Any] }
interface Pet { name: String }
type Dog implements Pet { name: String barks: Boolean }
type Cat implements Pet { name: String meows: Boolean }
union Any = Dog | Cat
"""


@pytest.mark.parametrize("field", ["pets", "any"])
def test_objects_of_an_abstract_type_are_told_apart(field: str) -> None:
    pets = [
        {"__typename": "Dog", "name": "Rex", "barks": True},
        {"__typename": "Cat", "name": "Tom", "meows": False},
        {"__typename": "Cow"},
        {"__typename": "Query"},
        None,
        {"__typename": "Dog", "name": "Fido", "barks": False},
    ]
    query = f"{{ {field} {{ kind: __typename ... on Pet {{ name }} ... on Dog {{ barks }} ... on Cat {{ meows }} }} }}"
    data, errors = as_core_does(build_schema(ANIMALS), query, {field: pets})
    assert data[field][:2] == [
        {"kind": "Dog", "name": "Rex", "barks": True},
        {"kind": "Cat", "name": "Tom", "meows": False},
    ]
    assert [path for _, path in errors] == [[field, 2], [field, 3]]


def test_objects_are_asked_for_their_type_where_nothing_else_tells() -> None:
    schema = build_schema(ANIMALS)
    types: dict[str, Any] = schema.type_map

    async def barks(value: Any, _info: Any) -> bool:
        return "barks" in value

    def meows(value: Any, _info: Any) -> bool:
        return "meows" in value

    types["Dog"].is_type_of = barks
    types["Cat"].is_type_of = meows
    assert as_core_does(schema, "{ pets { __typename } }", {"pets": [{"meows": 1}, {"barks": 1}]}) == (
        {"pets": [{"__typename": "Cat"}, {"__typename": "Dog"}]},
        [],
    )


def test_each_event_of_a_subscription_is_executed() -> None:
    async def events(_info: Any) -> AsyncIterator[dict[str, Any]]:
        for number in range(3):
            yield {"event": {"number": number if number != 1 else "no number"}}

    async def all_of_them() -> list[Answer]:
        schema = build_schema("type Query { a: Int } type Subscription { event: Event } type Event { number: Int }")
        document = parse("subscription { event { number } }")
        stream: Any = subscribe(schema, document, {"event": events}, executor_class=LevelExecutor)
        return [told(result) async for result in stream]

    message = "Int cannot represent non-integer value: 'no number'"
    assert asyncio.run(all_of_them()) == [
        ({"event": {"number": 0}}, []),
        ({"event": {"number": None}}, [(message, ["event", "number"])]),
        ({"event": {"number": 2}}, []),
    ]


def test_middleware_sees_each_field_of_each_object() -> None:
    seen = list[str]()

    def middleware(following: Any, source: Any, info: Any, **arguments: Any) -> Any:
        seen.append(".".join(map(str, info.path.as_list())))
        return following(source, info, **arguments)

    schema = build_schema("type Query { some: [Item] } type Item { x: Int }")
    answer(schema, "{ some { x } }", {"some": [{"x": 1}, {"x": 2}]}, middleware=[middleware])
    assert seen == ["some", "some.0.x", "some.1.x"]


def of_levels(resolver: Any) -> GraphQLSchema:
    """A schema in which it resolves Item.x."""
    schema = build_schema("type Query { some: [Item] more: [Item] } type Item { x(by: Int = 1): Int id: Int }")
    types: dict[str, Any] = schema.type_map
    types["Item"].fields["x"].resolve = answers_levels(resolver)
    return schema


SOME = {"some": [{"id": 1}, {"id": 2}], "more": [{"id": 3}]}


def test_a_resolver_answers_for_a_level_in_one_call() -> None:
    asked = list[tuple[list[Any], dict[str, Any], list[list[str | int]]]]()

    async def x(items: Level, _info: Any, **arguments: int) -> list[Any]:
        asked.append((list(items), arguments, [items.path(number) for number in range(len(items))]))
        await asyncio.sleep(0)
        return [ValueError("no x") if item["id"] == 2 else item["id"] * arguments["by"] for item in items]

    assert answer(of_levels(x), "{ some { twice: x(by: 2) } more { x } }", SOME) == (
        {"some": [{"twice": 2}, {"twice": None}], "more": [{"x": 3}]},
        [("no x", ["some", 1, "twice"])],
    )
    assert asked == [
        ([{"id": 1}, {"id": 2}], {"by": 2}, [["some", 0, "twice"], ["some", 1, "twice"]]),
        ([{"id": 3}], {"by": 1}, [["more", 0, "x"]]),
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1], "The resolver of 'x' answered 1 entries for 2 objects."),
        (None, "The resolver of 'x' answered None for 2 objects."),
        (ValueError("none at all"), "none at all"),
    ],
)
def test_what_is_no_answer_to_a_level_is_an_error_of_all_of_it(given: Any, message: str) -> None:
    def x(_items: Level, _info: Any, **_: int) -> Any:
        return given

    assert answer(of_levels(x), "{ some { x } }", SOME) == (
        {"some": [{"x": None}, {"x": None}]},
        [(message, ["some", 0, "x"]), (message, ["some", 1, "x"])],
    )


def test_an_answer_that_is_awaitable_in_parts_stays_as_its_resolver_made_it() -> None:
    async def one() -> int:
        return 1

    given = list[Any]()

    def x(_items: Level, _info: Any, **_: int) -> list[Any]:
        given[:] = [one(), 2]
        return given

    assert answer(of_levels(x), "{ some { x } }", SOME)[0] == {"some": [{"x": 1}, {"x": 2}]}
    assert inspect.iscoroutine(given[0])


class End(BaseException):
    """No error of a field."""


@pytest.mark.parametrize("entries", [True, False])
def test_what_is_no_exception_ends_the_operation(entries: bool) -> None:
    async def x(items: Level, _info: Any, **_: int) -> list[Any]:
        if entries:
            return [End() for _ in items]
        raise End

    with pytest.raises(End):
        answer(of_levels(x), "{ some { x } }", SOME)


def test_what_is_wrong_with_arguments_is_an_error_of_each_object() -> None:
    schema = build_schema("type Query { some: [Item] } type Item { x(by: Int!): Int }")
    _, errors = as_core_does(schema, "{ some { x } }", {"some": [{}, {}]})
    assert [path for _, path in errors] == [["some", 0, "x"], ["some", 1, "x"]]


def test_a_method_is_called_and_an_attribute_read() -> None:
    class Item:
        x = 1

        def y(self, _info: Any, by: int = 1) -> int:
            return self.x + by

    schema = build_schema("type Query { some: [Item] } type Item { x: Int y(by: Int): Int z: Int class: Int }")
    assert as_core_does(schema, "{ some { x y(by: 2) z class } }", {"some": [Item(), {"x": 5}]})[0] == {
        "some": [{"x": 1, "y": 3, "z": None, "class": None}, {"x": 5, "y": None, "z": None, "class": None}]
    }


class InSlices(LevelExecutor):
    in_slices = True


async def turns_of_others(
    schema: GraphQLSchema, query: str, root: Any, executor: type[LevelExecutor] = LevelExecutor
) -> int:
    """How often others have a turn of the loop while a query is executed."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    waiting = asyncio.create_task(others())
    result: Any = execute(schema, parse(query), root, executor_class=executor)
    assert (await result).errors is None
    waiting.cancel()
    return turns


def test_others_have_turns_while_a_large_answer_is_made() -> None:
    schema = build_schema("type Query { some: [Item] } type Item { x: Int y: Float }")
    many = [{"x": str(number), "y": number} for number in range(60_000)]  # no value may be sent as it is

    async def some(_info: Any) -> list[Any]:
        return many

    assert asyncio.run(turns_of_others(schema, "{ some { x y } }", {"some": some})) > 10


def test_others_have_turns_while_resolvers_answer_without_waiting() -> None:
    schema = build_schema("type Query { below: Query x: Int }")

    async def below(_info: Any) -> dict[str, Any]:
        sleep(0.002)  # noqa: ASYNC251 - longer than a slice
        return {"below": below, "x": 1}

    query = "{ " + "below { " * 10 + "x" + " }" * 11
    assert asyncio.run(turns_of_others(schema, query, {"below": below})) > 5


def test_others_have_turns_while_nothing_is_awaited_if_that_is_asked_for() -> None:
    schema = build_schema("type Query { some(by: Int): [Item] } type Item { x(by: Int): Int }")
    many = {"some": [{"x": number} for number in range(20_000)]}
    query = "{ some { x } }"
    assert asyncio.run(turns_of_others(schema, query, many, InSlices)) > 5
    at_once = execute(schema, parse(query), many, executor_class=LevelExecutor)
    assert isinstance(at_once, ExecutionResult)
    assert answer(schema, query, many, executor_class=InSlices) == told(at_once)


def test_a_long_level_is_executed_in_parts() -> None:
    asked = list[tuple[int, Any]]()

    def x(items: Level, _info: Any, **_: int) -> list[Any]:
        asked.append((len(items), items.path(len(items) - 1)))
        return [ValueError("odd") if item["id"] % 20_001 == 20_000 else item["id"] for item in items]

    many = {"some": [{"id": number} for number in range(50_000)]}
    data, errors = answer(of_levels(x), "{ some { x } }", many)
    assert asked == [(20_000, ["some", 19_999, "x"]), (20_000, ["some", 39_999, "x"]), (10_000, ["some", 49_999, "x"])]
    assert [item["x"] for item in data["some"]] == [None if n in (20_000, 40_001) else n for n in range(50_000)]
    assert errors == [("odd", ["some", 20_000, "x"]), ("odd", ["some", 40_001, "x"])]


def test_what_was_begun_ends_with_the_operation() -> None:
    ended = list[str]()

    async def slow(_info: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("slow")

    async def cancelled() -> None:
        schema = build_schema("type Query { slow: Int }")
        result: Any = execute(schema, parse("{ slow }"), {"slow": slow}, executor_class=LevelExecutor)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(result, 0.01)
        await asyncio.sleep(0)

    asyncio.run(cancelled())
    assert ended == ["slow"]


def test_incremental_delivery_is_left_to_the_executor_after_it() -> None:
    schema = build_schema("type Query { a: Int b: Int }")
    assert as_core_does(schema, "{ a ... @ defer { b } }", {"a": 1, "b": 2})[0] == {"a": 1, "b": 2}
    assert as_core_does(schema, "{ a defer: b }", {"a": 1, "b": 2})[0] == {"a": 1, "defer": 2}


def test_sets_of_keys_beyond_bounds_stay_dicts() -> None:
    columns = [[1] * 100]
    kinds: list[type] = [type(structs.of_columns([key], columns)[0]) for key in ("a", "b", "k" * 1001, "a")]
    assert (kinds[2], kinds[0] is kinds[3], kinds[0] is kinds[1]) == (dict, True, False)
    assert type(structs.of_columns([f"k{number}" for number in range(65)], columns * 65)[0]) is dict


def test_classes_of_rows_are_let_go_once_others_are_used() -> None:
    kinds: list[type] = [type(structs.of_columns(["first"], [[1] * 100])[0])]
    first = weakref.ref(kinds.pop())
    for number in range(1_000):
        structs.of_columns([f"other{number}"], [[1] * 100])
    gc.collect()
    assert first() is None
