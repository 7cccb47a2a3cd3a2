"""How much may come in variables."""

from collections.abc import Iterable
from typing import Any

from ...resolvers.context import Limit
from .. import limits
from ..errors import RequestError, refused_beyond


def check(variables: dict[str, Any]) -> None:
    """RequestError (400) with the first limit that the variables are beyond, before all of them were looked at."""
    if len(variables) > limits.VARIABLES.value:
        raise _beyond(limits.VARIABLES, f"There are {len(variables)} variables")
    _check_texts(variables)
    values = depth = 0
    level: list[Any] = [list(variables.values())]
    while level:
        if depth > limits.VALUE_DEPTH.value:
            raise _beyond(limits.VALUE_DEPTH, f"A variable nests lists and objects {depth} deep")
        depth += 1
        inner: list[Any] = []
        for value in level:
            inner += _inner(value)
            if values + len(inner) > limits.VARIABLE_VALUES.value:
                raise _beyond(limits.VARIABLE_VALUES, f"The variables have {values + len(inner)} values or more")
        values += len(inner)
        _check_texts(inner)
        level = [value for value in inner if type(value) in (list, dict)]


def _inner(value: dict[str, Any] | list[Any]) -> list[Any]:
    if isinstance(value, dict):
        if len(value) > limits.OBJECT_FIELDS.value:
            raise _beyond(limits.OBJECT_FIELDS, f"An object in the variables has {len(value)} fields")
        _check_texts(value)
        return list(value.values())
    if len(value) > limits.LIST_ITEMS.value:
        raise _beyond(limits.LIST_ITEMS, f"A list in the variables has {len(value)} items")
    return value


def _check_texts(values: Iterable[Any]) -> None:
    """Messages of what is wrong with a value quote it, which is to take no time."""
    longest = max((len(value) for value in values if isinstance(value, str)), default=0)
    if longest > limits.TEXT_LENGTH.value:
        raise _beyond(limits.TEXT_LENGTH, f"A text in the variables has {longest} characters")


def _beyond(limit: Limit, what: str) -> RequestError:
    """They are of the body, as JSON that is too deep is: no document is at fault."""
    return refused_beyond(limit, what, 400)
