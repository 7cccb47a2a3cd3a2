"""A task's place in the foreach steps around it: the artifact `_foreach_stack`, a list of namedtuples."""

from typing import Any, cast

import msgspec

from ..providers.artifacts import JSON
from .values import graphql_int


class ForeachFrame(msgspec.Struct, frozen=True, gc=False):
    step: str
    variable: str | None
    index: int | None
    num_splits: int | None
    value: str | None


def frames(stack: JSON) -> list[ForeachFrame] | None:
    """Outermost first; None where nothing is recorded yet. Before 2024 the frames had no value."""
    if not isinstance(stack, list):
        return None
    return [
        _frame(cast("dict[str, Any]", view).get("args")) for view in cast("list[Any]", stack) if isinstance(view, dict)
    ]


def _frame(args: object) -> ForeachFrame:
    recorded: list[object] = cast("list[object]", args) if isinstance(args, list) else []
    step, variable, num_splits, index, value = [*recorded, *[None] * 5][:5]
    return ForeachFrame(
        step=str(step or ""),
        variable=variable if isinstance(variable, str) else None,
        index=graphql_int(index),
        num_splits=graphql_int(num_splits),
        value=value if isinstance(value, str) else None,
    )
