"""How scalars are sent and read."""

import re
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from ..execution import as_columns
from ..providers.times import rfc3339, ts_epoch
from ..resolvers import inputs

# Python reads more forms of ISO 8601 than RFC 3339 has, and its version 3.11 no lower-case letters.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@as_columns(list)
def _as_it_is(value: Any) -> Any:
    """Records hold what is sent: nothing to look at for each value."""
    return value


def _time(value: object) -> str:
    try:
        if not isinstance(value, str) or not _RFC3339.fullmatch(value):
            raise ValueError(f"{value} is of another form")
        return rfc3339(ts_epoch(value.upper()))
    except (ValueError, OverflowError) as error:
        raise GraphQLError("DateTime takes RFC 3339 text in any time zone: 2026-11-23T08:14:24Z.") from error


SCALARS: dict[object, ScalarDefinition] = {
    inputs.DateTime: strawberry.scalar(
        name="DateTime",
        description="RFC 3339 date and time in UTC, with milliseconds where known: 2026-11-23T08:14:24.120Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_as_it_is,
        parse_value=_time,
    ),
    inputs.JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=_as_it_is,
        parse_value=_as_it_is,
    ),
    inputs.BigInt: strawberry.scalar(
        name="BigInt",
        description="An integer up to 2^53 - 1, sent as a JSON number (sizes in bytes).",
        serialize=_as_it_is,
        parse_value=_as_it_is,
    ),
}
