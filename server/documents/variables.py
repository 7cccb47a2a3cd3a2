"""How much may come in variables."""

from typing import Any

from .. import limits
from ..errors import refused_beyond


def check(variables: dict[str, Any]) -> None:
    """RequestError with the first limit that the variables are beyond, before all of them have been looked at."""
    if len(variables) > limits.VARIABLES.value:
        raise refused_beyond(limits.VARIABLES, f"There are {len(variables)} variables")
    values = depth = 0
    level: list[Any] = [list(variables.values())]
    while level:
        if depth > limits.VALUE_DEPTH.value:
            raise refused_beyond(limits.VALUE_DEPTH, f"A variable nests lists and objects {depth} deep")
        depth += 1
        inner: list[Any] = []
        for value in level:
            inner += _inner(value)
            if values + len(inner) > limits.VARIABLE_VALUES.value:
                raise refused_beyond(limits.VARIABLE_VALUES, f"The variables have {values + len(inner)} values or more")
        values += len(inner)
        level = [value for value in inner if type(value) in (list, dict)]


def _inner(value: dict[str, Any] | list[Any]) -> list[Any]:
    if isinstance(value, dict):
        if len(value) > limits.OBJECT_FIELDS.value:
            raise refused_beyond(limits.OBJECT_FIELDS, f"An object in the variables has {len(value)} fields")
        return list(value.values())
    if len(value) > limits.LIST_ITEMS.value:
        raise refused_beyond(limits.LIST_ITEMS, f"A list in the variables has {len(value)} items")
    return value
