"""A schema with answers of many shapes, and a query for each."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import msgspec
import strawberry
from aiodataloader import DataLoader

from metaflow_graphql.execution import Level
from metaflow_graphql.execution.strawberry import OF_LEVEL, StrawberryExecutor
from metaflow_graphql.resolvers.dataloader import Loader, Pace
from metaflow_graphql.resolvers.entries import each

RUNS, STEPS, TASKS, ARTIFACTS = 100, 5, 10, 8
ROWS, LEAVES, BAD, PAGE, DEPTH = 10_000, 5_000, 5_000, 50, 20
TAGS = ["user:alice", "runtime:dev", "python_version:3.11", "date:2026-11-23"]


class Parent(msgspec.Struct, frozen=True, gc=False):
    """`key`: what its children are loaded by."""

    key: int


class RunRecord(Parent, frozen=True, gc=False): ...


class StepRecord(Parent, frozen=True, gc=False): ...


class TaskRecord(Parent, frozen=True, gc=False): ...


class ArtifactRecord(msgspec.Struct, frozen=True, gc=False):
    name: str
    sha: str
    content_type: str
    attempt: int


class RowRecord(msgspec.Struct, frozen=True, gc=False):
    a: str
    b: str
    c: int
    d: float
    e: bool


class LeafRecord(msgspec.Struct, frozen=True, gc=False):
    id: str
    pathspec: str
    created_at: str
    tags: list[str]
    name: str
    sha: str
    size: float | None


class PageRecord(msgspec.Struct, frozen=True, gc=False):
    id: str
    pathspec: str
    created_at: str
    tags: list[str]
    run_id: str
    user: str
    sha: str


class NumberRecord(msgspec.Struct, frozen=True, gc=False):
    n: int


class BadRecord(msgspec.Struct, frozen=True, gc=False):
    n: int


class Context:
    """Of one operation: a loader for each level of the nested shape, and what gathers levels for other executors."""

    def __init__(self) -> None:
        pace = Pace()
        # Made when they are asked for, as the product's are.
        self.loaders: defaultdict[type, Loader[Any, Any]] = defaultdict(lambda: Loader(_children, pace))
        self._levels: dict[object, DataLoader[Any, Any]] = {}

    def level(self, by: Callable[..., Awaitable[list[Any]]], info: Any) -> DataLoader[Any, Any]:
        if by not in self._levels:

            async def answer(parents: list[Any]) -> list[Any]:
                return await by(parents, info)

            self._levels[by] = DataLoader(answer, cache=False)
        return self._levels[by]


_held: dict[int, list[Any]] = {}
_keys = count()


async def _children(keys: list[int]) -> list[Any]:
    """A provider that answers in a millisecond."""
    await asyncio.sleep(0.001)
    return [_held[key] for key in keys]


def _with(children: list[Any], kind: type[Parent]) -> Parent:
    key = next(_keys)
    _held[key] = children
    return kind(key)


def _artifact(number: int) -> ArtifactRecord:
    return ArtifactRecord(f"artifact_{number % ARTIFACTS}", f"{number:040x}", "gzip+pickle-v4", 0)


def _runs() -> list[Parent]:
    numbers = count()
    return [
        _with(
            [
                _with(
                    [_with([_artifact(next(numbers)) for _ in range(ARTIFACTS)], TaskRecord) for _ in range(TASKS)],
                    StepRecord,
                )
                for _ in range(STEPS)
            ],
            RunRecord,
        )
        for _ in range(RUNS)
    ]


def _leaf(number: int) -> LeafRecord:
    pathspec = f"Flow/{number // 10}/start/{number}/x"
    return LeafRecord(
        f"i{number}", pathspec, "2026-11-23T08:14:24.120Z", TAGS, f"x{number}", f"{number:040x}", number * 1.5
    )


def _page(number: int) -> PageRecord:
    at = "2026-11-23T08:14:24.120Z"
    return PageRecord(f"i{number}", f"Flow/{number}", at, TAGS, str(number), "alice", f"{number:040x}")


_RUNS = _runs()
_ROWS = [RowRecord(f"a{number}", f"b{number}", number, number / 7, number % 2 == 0) for number in range(ROWS)]
_LEAVES = list(map(_leaf, range(LEAVES)))
_PAGE = list(map(_page, range(PAGE)))
_BAD = list(map(BadRecord, range(BAD)))


def of_level(by: Callable[..., Awaitable[list[Any]]], kind: Any) -> Any:
    """A field of that type, that `by` answers for all objects of a level in one call."""

    async def resolve(parent: strawberry.Parent[Any], info: strawberry.Info[Context, None]) -> Any:
        if isinstance(parent, Level):
            return await by(parent, info)
        return await info.context.level(by, info).load(parent)

    resolve.__annotations__["return"] = kind
    return strawberry.field(resolver=resolve, metadata=OF_LEVEL)


def of_record(record: type) -> Callable[[type], type]:
    """A type whose values are these records."""

    def declare(cls: type) -> type:
        def shows(value: object, _info: object) -> bool:
            return isinstance(value, record)

        setattr(cls, "record", record)  # noqa: B010
        setattr(cls, "is_type_of", staticmethod(shows))  # noqa: B010
        return strawberry.type(cls)

    return declare


async def _below(parents: list[Parent], info: Any) -> list[Any]:
    loader = info.context.loaders[type(parents[0])]
    return await each(loader, [parent.key for parent in parents])


async def _deeper(parents: list[NumberRecord], _info: Any) -> list[NumberRecord]:
    return [NumberRecord(parent.n + 1) for parent in parents]


async def _maybe(parents: list[BadRecord], _info: Any) -> list[str | Exception]:
    return [ValueError(f"no {parent.n}") if parent.n % 2 else "ok" for parent in parents]


async def _status(parents: list[Any], _info: Any) -> list[str]:
    return ["SUCCEEDED"] * len(parents)


async def _finished(parents: list[Any], _info: Any) -> list[None]:
    return [None] * len(parents)


async def _duration(parents: list[Any], _info: Any) -> list[float]:
    return [1.5] * len(parents)


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.interface
class Object(Node):
    pathspec: str
    created_at: str
    tags: list[str]


@of_record(ArtifactRecord)
class Artifact:
    name: str
    sha: str
    content_type: str
    attempt: int


@of_record(TaskRecord)
class Task:
    children = of_level(_below, list[Artifact])


@of_record(StepRecord)
class Step:
    children = of_level(_below, list[Task])


@of_record(RunRecord)
class Run:
    children = of_level(_below, list[Step])


@of_record(RowRecord)
class Row:
    a: str
    b: str
    c: int
    d: float
    e: bool


@of_record(LeafRecord)
class Leaf(Object):
    name: str
    sha: str
    size: float | None


@of_record(PageRecord)
class PageRun(Object):
    run_id: str
    user: str
    sha: str
    status = of_level(_status, str)
    finished_at = of_level(_finished, str | None)
    duration = of_level(_duration, float | None)


@of_record(NumberRecord)
class Number:
    n: int
    child = of_level(_deeper, "Number")


@of_record(BadRecord)
class Bad:
    n: int
    maybe = of_level(_maybe, str | None)


def _field(kind: Any, value: Any) -> Any:
    async def resolve() -> Any:
        return value

    resolve.__annotations__["return"] = kind
    return strawberry.field(resolver=resolve)


@strawberry.type
class Query:
    runs = _field(list[Run], _RUNS)
    rows = _field(list[Row], _ROWS)
    leaves = _field(list[Leaf], _LEAVES)
    objects = _field(list[Object], _LEAVES)
    page = _field(list[PageRun], _PAGE)
    deep = _field(Number, NumberRecord(0))
    bad = _field(list[Bad], _BAD)
    hello = _field(str, "world")


def _fragment(number: int) -> str:
    following = f"...F{number + 1}" if number < 9 else ""
    fields = f"a{number}: name b{number}: sha ... on Object {{ c{number}: pathspec }} d{number}: size"
    return f"fragment F{number} on Leaf {{ {fields} {following} }}"


QUERIES = {
    f"nested {RUNS} x {STEPS} x {TASKS} x {ARTIFACTS} x 4, loaders": (
        "{ runs { children { children { children { name sha contentType attempt } } } } }"
    ),
    f"flat {ROWS:,} x 5": "{ rows { a b c d e } }",
    f"40 aliases by 10 fragments x {LEAVES:,}": "{ leaves { ...F0 } } " + " ".join(map(_fragment, range(10))),
    f"interface, fragments, lists x {LEAVES:,}": (
        "{ objects { __typename id pathspec createdAt tags ... on Leaf { name sha size } } }"
    ),
    f"{BAD // 2:,} errors of {BAD:,} fields": "{ bad { n maybe } }",
    f"a page of {PAGE} runs, 11 fields": (
        "{ page { ...Common runId user sha status finishedAt duration } } "
        "fragment Common on Object { __typename id pathspec createdAt tags }"
    ),
    "one field": "{ hello }",
    f"{DEPTH} levels, a resolver each": "{ deep { " + "n child { " * DEPTH + "n" + " }" * DEPTH + " } }",
}

OURS = strawberry.Schema(Query, types=[Leaf], execution_context_class=StrawberryExecutor)
STRAWBERRYS = strawberry.Schema(Query, types=[Leaf])
