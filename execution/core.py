# pyright: reportUnknownVariableType=false, reportMissingTypeArgument=false
# graphql-core leaves out the parameters of its generic types: what has to do with those is Any from here on.
"""What this takes of graphql-core: all that is not public stands here, and is to be looked at with each release."""

from collections.abc import Callable
from typing import Any, TypeAlias

from graphql import GraphQLList, GraphQLNonNull
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.execution.execute import assume_not_async_iterable, assume_not_awaitable
from graphql.execution.executor import default_field_resolver as _default_field_resolver
from graphql.execution.executor import invalid_return_type_error, to_nodes
from graphql.execution.values import get_argument_values
from graphql.pyutils import AwaitableOrValue, Path, inspect
from graphql.pyutils import is_awaitable as _is_awaitable
from graphql.pyutils import is_iterable as _is_iterable
from graphql.pyutils.is_awaitable import is_async_iterable
from graphql.type.scalars import serialize_boolean, serialize_float, serialize_id, serialize_int, serialize_string

__all__ = [
    "AnyExecutor",
    "AwaitableOrValue",
    "FieldDetailsList",
    "GroupedFieldSet",
    "Info",
    "OutputType",
    "Path",
    "default_field_resolver",
    "get_argument_values",
    "inspect",
    "invalid_return_type_error",
    "is_awaitable",
    "is_iterable",
    "is_list",
    "is_non_null",
    "lists_by_class",
    "may_wait",
    "serialize_boolean",
    "serialize_float",
    "serialize_id",
    "serialize_int",
    "serialize_string",
    "to_nodes",
    "waits_by_class",
]

AnyExecutor: TypeAlias = Any
Info: TypeAlias = Any
OutputType: TypeAlias = Any

default_field_resolver: Callable[..., Any] = _default_field_resolver
is_awaitable: Callable[[Any], bool] = _is_awaitable
is_iterable: Callable[[Any], bool] = _is_iterable

# Strawberry's predicate.
_OPTIMIZED = "optimized_is_awaitable"


def is_list(type_: OutputType) -> bool:
    return isinstance(type_, GraphQLList)


def is_non_null(type_: OutputType) -> bool:
    return isinstance(type_, GraphQLNonNull)


def may_wait(executor: AnyExecutor) -> bool:
    """Whether anything can be awaitable; execute_sync says that nothing is."""
    return executor.is_awaitable is not assume_not_awaitable


def waits_by_class(executor: AnyExecutor) -> bool:
    """Whether the executor's predicate tells by no more than its class that a value is awaitable."""
    predicate: Any = executor.is_awaitable
    return predicate is _is_awaitable or getattr(predicate, "__name__", "") == _OPTIMIZED


def lists_by_class(executor: AnyExecutor) -> bool:
    """Whether the executor's predicate never takes a list for an async iterable."""
    return executor.is_async_iterable in (is_async_iterable, assume_not_async_iterable)
