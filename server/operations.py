"""From an operation to its answer, whichever way it came."""

import asyncio
import inspect
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
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
    OperationDefinitionNode,
    OperationType,
    execute,  # pyright: ignore[reportUnknownVariableType] - graphql-core leaves out parameters of generic types
)
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path

from ..execution import structs
from ..providers import usage
from ..providers.errors import GatewayError
from ..providers.grants import Principal
from ..providers.room import Room
from ..resolvers.context import Gateway, context_for
from . import limits
from .access.admission import Admission
from .audit.entries import Entry
from .caching import lasting
from .compression import Content
from .documents import variables
from .documents.cost import Cost
from .documents.kept import SHORT, Documents, operation_of
from .documents.validity import Document
from .errors import Faults, RequestError, coded, refused
from .long_operations import LongOperations

_INTROSPECTION = frozenset({"Query.__schema", "Query.__type"})
# Of a long document that is new: what rates count as one, for what validation takes.
_CHARACTERS_OF_AN_OBJECT = 10
_ANSWERS = 4  # full of values, as many as there is room for at a time
_AT_ONCE = 256  # errors that are told, or let go, in one turn of the loop: a millisecond


class Operation(NamedTuple):
    """What a client asks for. `principal`: who asks, and `admission`: as what they were let in; None without access
    control. `show_usage`: whether the answer says what it cost upstream; `show_cost`: how many objects it was
    estimated to touch, and did.

    `base_url`: what URLs on this gateway begin with for this client; None where it has none. `new`: whether the
    document is to be known by its hash once it has been executed. `asker`: whose turn it is, where others wait too.
    """

    query: str
    principal: Principal | None
    variables: dict[str, Any] | None = None
    name: str | None = None
    show_usage: bool = False
    show_cost: bool = False
    base_url: str | None = None
    admission: Admission | None = None
    new: bool = False
    asker: str | None = None


class Operations:
    """Executes operations of a schema over the providers of a gateway."""

    def __init__(self, schema: strawberry.Schema, gateway: Gateway, *, introspection: bool = True) -> None:
        # Strawberry's own `execute` parses and validates each time, and takes the first of several operations.
        self._schema: GraphQLSchema = schema._schema  # pyright: ignore[reportPrivateUsage]
        # What Strawberry's `Info` needs; graphql-core leaves out the parameter of its generic type.
        executor = cast("type[Executor[Any]]", schema.execution_context_class)  # pyright: ignore[reportUnknownMemberType]
        self._executor = _bounded(executor)
        self._gateway = gateway
        self._documents = Documents(self._schema)
        self._introspection = introspection
        self._long = LongOperations()
        self._values = Room(_ANSWERS * limits.VALUES_BYTES.value)

    async def answer(self, operation: Operation, faults: Faults) -> dict[str, Any]:
        """The answer as it is sent; RequestError where nothing was executed."""
        async with self.answering(operation, faults) as answer:
            return answer

    @asynccontextmanager
    async def answering(
        self, operation: Operation, faults: Faults, *, queries_only: bool = False
    ) -> AsyncGenerator[dict[str, Any]]:
        """The same, with its turn and the room for its values as long as it is used."""
        document, node = await self._admitted(operation)
        _check_kind(node.operation, queries_only=queries_only)
        if operation.variables:
            variables.check(operation.variables)
        cost = self._cost(document, node, operation.variables)
        cost.check()
        if operation.admission:
            operation.admission.entry.estimate(cost.total)
            operation.admission.charges.take(cost.total)
        async with self._long.turn(operation.asker, cost.values):
            if operation.admission:
                operation.admission.entry.execute()
            spent = self._budget(operation)
            usage.current.set(spent)
            try:
                answer = await self._executed(operation, document, spent, faults)
                told = _told(operation, cost, spent)
                yield {**answer, "extensions": told} if told else answer
            finally:
                spent.share.let_go()

    async def _admitted(self, operation: Operation) -> tuple[Document, OperationDefinitionNode]:
        """What is asked for, once whoever asks has been charged for finding out."""
        if operation.admission and self._documents.known(operation.query) is None:
            operation.admission.charges.take(max(0, len(operation.query) - SHORT) // _CHARACTERS_OF_AN_OBJECT)
        document = await self._documents.document(operation.query)
        if not self._introspection and not document.selected.isdisjoint(_INTROSPECTION):
            raise refused("GRAPHQL_VALIDATION_FAILED", "This gateway does not answer __schema and __type.")
        node = operation_of(document.node, operation.name)
        if operation.admission:
            default = self._gateway.seen_by(operation.principal).default_metadata or None
            operation.admission.entry.begin(document.node, node, operation.variables, default)
        return document, node

    def _budget(self, operation: Operation) -> usage.Usage:
        """What it may spend. What meets the end of it is an error, and what was there before it an answer."""
        return usage.Usage(
            values_left=limits.VALUES_BYTES.value,
            share=self._values.share(operation.asker if operation.admission else None),
            objects_left=limits.ANSWER_OBJECTS.value,
            found_left=limits.ANSWER_OBJECTS.value,
            fields_left=limits.ANSWER_FIELDS.value,
            requests_left=limits.UPSTREAM_REQUESTS.value,
            deadline=monotonic() + limits.SECONDS.value,
            asker=operation.asker,
        )

    async def _executed(
        self, operation: Operation, document: Document, spent: usage.Usage, faults: Faults
    ) -> dict[str, Any]:
        context = context_for(
            self._gateway,
            operation.principal,
            operation.base_url,
            document.selected,
            signatures=operation.admission and operation.admission.signatures,
        )
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
            entry = operation.admission and operation.admission.entry
            return await _sent(result, context.reported, faults, entry)
        finally:
            spent.end()
            context.end()

    def _cost(self, document: Document, node: OperationDefinitionNode, given: dict[str, Any] | None) -> Cost:
        name = node.name.value if node.name else ""
        cost = document.costs.get(name)
        if cost is None or given:
            cost = Cost(self._schema, document.node, node, given)
            if not given:
                document.costs[name] = cost
        return cost

    async def lasts(self, operation: Operation, answer: dict[str, Any], content: Content) -> bool:
        """Whether an answer, and `content` as its JSON, can't change any more, as far as that is known."""
        document = self._documents.known(operation.query)
        if document is None or self._gateway.default_namespace is not None:
            return False
        node = operation_of(document.node, operation.name)
        return await lasting.lasts(lasting.Asked(document, node, operation.variables or {}), answer, content)


def _check_kind(kind: OperationType, *, queries_only: bool) -> None:
    if kind is OperationType.SUBSCRIPTION:
        raise refused("BAD_USER_INPUT", "Subscriptions are not supported.")
    if queries_only and kind is not OperationType.QUERY:
        raise refused("METHOD_NOT_ALLOWED", "Mutations must be sent by POST.", 405, {"allow": "POST"})


def _told(operation: Operation, cost: Cost, spent: usage.Usage) -> dict[str, Any]:
    """The extensions that were asked for."""
    told: dict[str, Any] = {}
    # What it cost tells of all that was gone through, of what others have too.
    if operation.show_usage and (operation.principal is None or operation.principal.administrator):
        calls, requests = dict(spent.calls), dict(spent.requests)
        told["usage"] = {"calls": calls, "fileReads": spent.file_reads, "requests": requests}
    if operation.show_cost:
        told["cost"] = {"estimated": cost.total, "spent": spent.objects}
    return told


def _bounded(executor: type[Executor[Any]]) -> type[Executor[Any]]:
    """The executor, that counts what it answers: each level of a short query can have 500 times as many objects."""

    class Bounded(executor):
        rows = structs  # of LevelExecutor
        in_slices = True  # of LevelExecutor

        def counted(self, objects: int, fields: int) -> None:  # of LevelExecutor
            usage.current.get().answer(objects, fields)

        def execute_fields(
            self,
            parent_type: GraphQLObjectType,
            source_value: Any,
            path: Path | None,
            grouped_field_set: GroupedFieldSet,
            position_context: Any,
        ) -> AwaitableOrValue[dict[str, Any]]:
            try:
                self.counted(1, len(grouped_field_set))
            except GatewayError:
                if path:  # of the root it is nobody's, as by LevelExecutor
                    raise
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)

    return Bounded


async def _sent(
    result: ExecutionResult, reported: list[GraphQLError], faults: Faults, entry: Entry | None
) -> dict[str, Any]:
    """RequestError where variables have values that they can't have: such an error has no path."""
    errors = result.errors or []
    if result.data is None and any(error.path is None for error in errors):
        if entry:
            entry.execute_nothing()
        raise RequestError([coded(error, "BAD_USER_INPUT") for error in errors[: limits.ERRORS]])
    told: list[dict[str, Any]] = []
    for error in chain(errors, reported):
        told.append(faults.of_field(error))
        if entry:
            entry.outcomes.meet(told[-1])
        if not len(told) % _AT_ONCE:
            await asyncio.sleep(0)
    if entry:
        entry.outcomes.end(result.data or ())
    # graphql-core's executor refers to itself, and holds this list until the garbage collector comes.
    while errors:
        del errors[-_AT_ONCE:]
        await asyncio.sleep(0)
    return {"errors": told, "data": result.data} if told else {"data": result.data}
