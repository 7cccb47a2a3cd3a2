"""Regular expressions of a configuration, which are matched against what strangers wrote."""

import re
from collections.abc import Iterable
from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType] - see below
from typing import Any, cast

_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})


def check_expression(expression: str) -> None:
    """ValueError where it is no regular expression, or one that a line can hold up for hours.

    That is one that repeats what can itself match in several ways, as `(a+)*` or `(a|aa)*`: the ways double with each
    character. There is no public way to look into an expression than the parser that `re` itself has.
    """
    try:
        re.compile(expression)
        parsed = cast("Any", parser.parse(expression))  # pyright: ignore[reportUnknownMemberType]
        ambiguous = any(_ambiguous(part) for part in _repeated(parsed))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{expression!r} is no regular expression: {error}") from None
    if ambiguous:
        raise ValueError(f"{expression!r} repeats what can match in several ways, which can take for ever")


def _repeated(parsed: Any) -> Iterable[Any]:
    """Whatever may come more than once."""
    for operator, argument in parsed:
        if str(operator) in _REPEATS and argument[1] > 1:
            yield argument[2]
        for part in _inner(argument):
            yield from _repeated(part)


def _ambiguous(parsed: Any) -> bool:
    """Whether it holds alternatives, or a repetition of no fixed number."""
    return any(
        str(operator) == "BRANCH"
        or (str(operator) in _REPEATS and argument[0] != argument[1])
        or any(map(_ambiguous, _inner(argument)))
        for operator, argument in parsed
    )


def _inner(argument: Any) -> Iterable[Any]:
    """The expressions in the argument of an operator, however deep in it."""
    if isinstance(argument, parser.SubPattern):  # pyright: ignore[reportUnknownMemberType]
        yield argument
    elif isinstance(argument, list | tuple):
        for part in cast("Iterable[Any]", argument):
            yield from _inner(part)
