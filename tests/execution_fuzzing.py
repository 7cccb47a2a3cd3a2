"""LevelExecutor against graphql-core's Executor: random queries on random schemas.

`python tests/execution_fuzzing.py [CASES [SEED]]` says how many were the same, or which was not.
What the specification leaves open is compared as such: which of several errors is told that make the same place null.
What all of them are is asked of graphql-core with errors that do not propagate (`error_propagation`).
"""

import asyncio
import inspect
import json
import sys
import warnings
from collections import Counter
from random import Random, SystemRandom
from typing import Any, NamedTuple, cast

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute, parse  # pyright: ignore[reportUnknownVariableType] - of graphql-core
from graphql.execution import Executor
from msgspec import Struct
from msgspec.structs import astuple

import fuzzed_queries
import fuzzed_schemas
from metaflow_graphql.execution import LevelExecutor, structs, work

# Operations on each schema.
EACH = 20
_USUAL = work.SLICE, work.TURN, work.IN_ROWS, work.OBJECTS
Path = tuple[str | int, ...]


class Core(Executor[Any]):
    """graphql-core's own."""


class Structs(LevelExecutor):
    """Whose rows are structs."""

    rows = structs


class _WithAll(Executor[Any]):
    """Every error is told at its own place, and none makes null what is around it."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)  # pyright: ignore[reportUnknownMemberType] - of graphql-core
        self.error_propagation = False


class CoreWithAll(_WithAll): ...


class LevelsWithAll(_WithAll, LevelExecutor): ...


class StructsWithAll(_WithAll, Structs): ...


class Told(NamedTuple):
    """An error as it is compared."""

    path: Path
    message: str
    locations: tuple[tuple[int, int], ...]
    extensions: str


class Difference(Exception):
    """What two executors do not agree on."""


class Case(NamedTuple):
    """An operation; the schema and it are made of the two seeds."""

    schema: GraphQLSchema
    document: DocumentNode
    variables: dict[str, Any]

    async def answer(self, executor: type[Executor[Any]]) -> ExecutionResult:
        result = execute(self.schema, self.document, None, {}, self.variables, executor_class=executor)
        answered = await result if inspect.isawaitable(result) else result
        answered.data = _of_dicts(answered.data)
        return answered


def _of_dicts(data: Any) -> Any:
    """The same, with the dicts that its structs are encoded as."""
    if isinstance(data, Struct):
        data = dict(zip(data.__struct_encode_fields__, astuple(data), strict=True))
    if type(data) is dict:
        return {key: _of_dicts(value) for key, value in cast(dict[str, Any], data).items()}
    return [_of_dicts(value) for value in cast(list[Any], data)] if type(data) is list else data


def told(result: ExecutionResult) -> list[Told]:
    return [_told(error) for error in result.errors or []]


def _told(error: GraphQLError) -> Told:
    locations = tuple((at.line, at.column) for at in error.locations or ())
    return Told(tuple(error.path or ()), error.message, locations, json.dumps(error.extensions or {}, sort_keys=True))


def null_at(data: Any, path: Path) -> int | None:
    """How many parts of a path lead to null; None where none of it is null."""
    for depth, key in enumerate(path):
        if data is None:
            return depth
        data = data[key]
    return len(path) if data is None else None


async def compare(case: Case, as_structs: bool) -> Counter[str]:
    """Raises Difference; counts what was compared."""
    ours, ours_with_all = (Structs, StructsWithAll) if as_structs else (LevelExecutor, LevelsWithAll)
    core, levels = await case.answer(Core), await case.answer(ours)
    core_all, levels_all = await case.answer(CoreWithAll), await case.answer(ours_with_all)
    _same("data", repr(core.data), repr(levels.data))  # the order of keys too
    _same("data without propagation", repr(core_all.data), repr(levels_all.data))
    every, in_nulled_lists = _all_errors(core_all, levels_all)
    of_ours = told(levels)
    for error in of_ours:
        if error not in every and error not in in_nulled_lists:
            raise Difference(f"an error of ours that there is not: {error}")
    for error, times in (Counter(of_ours) - Counter(every)).items():
        if error not in in_nulled_lists:
            raise Difference(f"{times} times too often: {error}")
    for error in set(every) - set(of_ours):
        depth = null_at(levels.data, error.path)
        if depth is None or depth >= len(error.path):
            raise Difference(f"an error that we do not tell: {error}")
        if not any(other.path[:depth] == error.path[:depth] for other in of_ours):
            raise Difference(f"null at {error.path[:depth]} without an error")
    return Counter(cases=1, errors=len(of_ours), propagated=len(every) - len(of_ours))


def _same(what: str, core: object, ours: object) -> None:
    if core != ours:
        raise Difference(f"{what}:\n  core {core}\n  ours {ours}")


def _all_errors(core: ExecutionResult, levels: ExecutionResult) -> tuple[list[Told], set[Told]]:
    """All errors, without those that only one has, inside of a list that is null for an error of its own: the items
    that came before its iterator failed are completed by one, and not by the other."""
    of_core, of_levels = told(core), told(levels)
    at = {error.path for error in of_levels}
    only = Counter(of_core)
    only.subtract(of_levels)
    excused = set[Told]()
    for error in (error for error, times in only.items() if times):
        depth = null_at(levels.data, error.path)
        if depth is None or depth >= len(error.path) or error.path[:depth] not in at:
            raise Difference(f"told without propagation by {'core' if only[error] > 0 else 'us'} alone: {error}")
        excused.add(error)
    return [error for error in of_core if error not in excused], excused


async def cases(count: int, seed: int) -> Counter[str]:
    """Compare so many cases; Difference says which seed has the one that differs."""
    seen = Counter[str]()
    while seen["cases"] < count:
        chance = Random(seed)
        _in_small_parts(chance.random() < 0.5)
        schema = fuzzed_schemas.schema(seed, sync=chance.random() < 0.3)
        for _ in range(EACH):
            query = fuzzed_queries.query(schema, chance, "mutation" if chance.random() < 0.15 else "query")
            try:
                case = Case(schema, parse(query.text), query.variables)
                seen += await compare(case, as_structs=chance.random() < 0.5)
            except Difference as difference:
                raise Difference(f"seed {seed}: {difference}\n{query.text}\n{query.variables}") from None
        seed += 1
    return seen


def _in_small_parts(small: bool) -> None:
    """Whether others have a turn after each value and row, as after thousands otherwise."""
    (slice_, turn, rows, objects) = (0, 1, 1, 2) if small else _USUAL
    settings: Any = work
    structs.few = 2  # where rows are to be structs, all but those that are alone at their level
    settings.SLICE, settings.TURN, settings.IN_ROWS, settings.OBJECTS = slice_, turn, rows, objects


def run(count: int, seed: int | None = None) -> Counter[str]:
    seed = SystemRandom().randrange(2**31) if seed is None else seed
    print(f"{count:,} cases from seed {seed}: python tests/execution_fuzzing.py {count} {seed}", flush=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # coroutines that either leaves where null goes up
        return asyncio.run(cases(count, seed))


if __name__ == "__main__":
    print(dict(run(*map(int, sys.argv[1:] or ["10000"]))))
