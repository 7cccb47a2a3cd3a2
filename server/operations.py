"""From an operation to its answer, whichever way it came."""

import asyncio
import inspect
from collections.abc import Iterable
from itertools import chain
from time import monotonic
from typing import Any, NamedTuple, cast

import strawberry
from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    execute,  # pyright: ignore[reportUnknownVariableType] - graphql-core leaves out parameters of generic types
)
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path

from ..execution import structs
from ..providers import usage
from ..resolvers.context import Gateway, context_for
from .cost import Cost
from .documents import Documents, operation_of
from .errors import Faults, RequestError, coded, refused
from .limits import ANSWER_FIELDS, LIST_ITEMS, UPSTREAM_REQUESTS, UPSTREAM_SECONDS, VALUES_BYTES

_AT_ONCE = 256  # errors that are told in one turn of the loop: a millisecond


class Operation(NamedTuple):
    """What a client asks for. `show_usage`: whether the answer says what it cost upstream; `show_cost`: how
    many objects it was estimated to touch, and did.

    `address`: what URLs on this gateway begin with for this client; None where it has no address.
    """

    query: str
    variables: dict[str, Any] | None = None
    name: str | None = None
    show_usage: bool = False
    show_cost: bool = False
    address: str | None = None


class Operations:
    """Executes operations of a schema over the providers of a gateway."""

    def __init__(self, schema: strawberry.Schema, gateway: Gateway) -> None:
        # Strawberry's own `execute` parses and validates each time, and takes the first of several operations.
        self._schema: GraphQLSchema = schema._schema  # pyright: ignore[reportPrivateUsage]
        # What Strawberry's `Info` needs; graphql-core leaves out the parameter of its generic type.
        executor = cast("type[Executor[Any]]", schema.execution_context_class)  # pyright: ignore[reportUnknownMemberType]
        self._executor = _bounded(executor)
        self._gateway = gateway
        self._documents = Documents(self._schema)

    async def answer(self, operation: Operation, faults: Faults, *, queries_only: bool = False) -> dict[str, Any]:
        """The answer as it is sent; RequestError where nothing was executed."""
        document = await self._documents.document(operation.query)
        node = operation_of(document.node, operation.name)
        kind = node.operation
        if kind is OperationType.SUBSCRIPTION:
            raise refused("BAD_USER_INPUT", "Subscriptions are not supported.")
        if queries_only and kind is not OperationType.QUERY:
            raise refused("METHOD_NOT_ALLOWED", "Mutations must be sent by POST.", 405, {"allow": "POST"})
        _check(operation.variables)
        spent = usage.Usage(
            values_left=VALUES_BYTES,
            fields_left=ANSWER_FIELDS,
            requests_left=UPSTREAM_REQUESTS,
            deadline=monotonic() + UPSTREAM_SECONDS,
        )
        usage.current.set(spent)
        context = context_for(self._gateway, operation.address, document.selected)
        try:
            result = execute(
                self._schema,
                document.node,
                variable_values=operation.variables,
                operation_name=operation.name,
                context_value=context,
                executor_class=self._executor,
                operation_extensions=None,
            )
            if inspect.isawaitable(result):
                result = await result
            answer = await _sent(result, context.reported, faults)
        except usage.Exhausted as error:
            message = (
                f"The answer has too many fields: answerFields is {ANSWER_FIELDS} at the most; ask for shorter lists."
            )
            raise refused("LIMIT_EXCEEDED", message) from error
        finally:
            spent.end()
            context.end()
        told: dict[str, Any] = {}
        if operation.show_usage:
            calls, requests = dict(spent.calls), dict(spent.requests)
            told["usage"] = {"calls": calls, "fileReads": spent.file_reads, "requests": requests}
        if operation.show_cost:
            cost = Cost(self._schema, document.node, node, operation.variables)
            told["cost"] = {"estimated": cost.total, "spent": spent.objects}
        return {**answer, "extensions": told} if told else answer


def _bounded(executor: type[Executor[Any]]) -> type[Executor[Any]]:
    """The executor, that gives up beyond ANSWER_FIELDS: each level of a short query can have 500 times as many."""

    class Bounded(executor):
        rows = staticmethod(structs)  # of LevelExecutor

        def counted(self, objects: int, fields: int) -> None:  # of LevelExecutor
            spent = usage.current.get()
            spent.objects += objects
            spent.take(objects * fields)

        def execute_fields(
            self,
            parent_type: GraphQLObjectType,
            source_value: Any,
            path: Path | None,
            grouped_field_set: GroupedFieldSet,
            position_context: Any,
        ) -> AwaitableOrValue[dict[str, Any]]:
            self.counted(1, len(grouped_field_set))
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)

    return Bounded


def _check(variables: dict[str, Any] | None) -> None:
    """RequestError where a list in the variables is too long."""
    level: list[Any] = [variables or {}]
    while level:
        for value in level:
            items = len(cast("list[Any]", value)) if isinstance(value, list) else 0
            if items > LIST_ITEMS:
                message = f"A list in the variables has {items} items: listItems is {LIST_ITEMS} at the most."
                raise refused("LIMIT_EXCEEDED", message)
        level = [inner for value in level for inner in _inner(value)]


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).values()
    return cast("list[Any]", value) if isinstance(value, list) else ()


async def _sent(result: ExecutionResult, reported: list[GraphQLError], faults: Faults) -> dict[str, Any]:
    """RequestError where variables have values that they can't have: such an error has no path."""
    errors = result.errors or []
    if result.data is None and any(error.path is None for error in errors):
        raise RequestError([coded(error, "BAD_USER_INPUT") for error in errors])
    told: list[dict[str, Any]] = []
    for error in chain(errors, reported):
        told.append(faults.of_field(error))
        if not len(told) % _AT_ONCE:
            await asyncio.sleep(0)
    return {"errors": told, "data": result.data} if told else {"data": result.data}
