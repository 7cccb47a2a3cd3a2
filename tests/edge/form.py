"""Whether an answer has the form that the specification gives it (GraphQL, section 7; GraphQL over HTTP, section 6)."""

import re
from typing import Any, cast

import orjson

from metaflow_graphql.schema import schema

from .calling import Answer
from .hostile import BAD_INPUT, INVALID, LIMIT, UNPARSED, UNRESOLVED

graphql_schema: Any = schema._schema  # pyright: ignore[reportPrivateUsage] - Strawberry has no other name for it
CODES = frozenset(graphql_schema.type_map["ErrorCode"].values)
INTERNAL = "INTERNAL_SERVER_ERROR"
TOLD = 20  # errors of a request that is not executed
_OF_DOCUMENTS = frozenset(
    {UNPARSED, INVALID, UNRESOLVED, LIMIT, "PERSISTED_QUERY_NOT_FOUND", "PERSISTED_QUERY_NOT_SUPPORTED"}
)
_LONGEST = 2_000  # characters of a message
# What no message may have: places in our code or on a disk, and what Python writes of its objects.
_INNER = re.compile(r"Traceback|File \"|/site-packages/|\.py\b|<[\w.]+ object at 0x")


class Malformed(AssertionError):
    """An answer that is of no form, or tells of a fault of ours."""


def checked(answer: Answer) -> dict[str, Any]:
    """The answer's JSON; raises Malformed."""
    try:
        told: Any = orjson.loads(answer.content)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"{answer.status}: no JSON: {answer.content[:200]!r}") from error
    _check(isinstance(told, dict) and told, told)
    whole = cast("dict[str, Any]", told)
    _check(whole.keys() <= {"data", "errors", "extensions"} and isinstance(whole.get("extensions", {}), dict), told)
    _check("errors" not in whole or (isinstance(whole["errors"], list) and whole["errors"]), told)
    errors: list[Any] = whole.get("errors", [])
    for error in errors:
        _check_error(error)
    if "data" in whole:
        _check(answer.status == 200 and (whole["data"] is not None or errors), told)
        _check(all(error.keys() >= {"path", "locations"} for error in errors), told)
    else:
        # It has been refused as a whole: nothing was executed that an error could have its place in.
        refused = 400 <= answer.status < 500 or (answer.status == 200 and _may_be_200(answer.media, errors))
        _check(refused and errors and not any("path" in error for error in errors), f"{answer.status} {told}")
        _check(len(errors) <= TOLD, f"{len(errors)} errors")
        _check(all("locations" in error for error in errors if error["extensions"]["code"] == UNPARSED), told)
    return whole


def _may_be_200(media: str, errors: list[dict[str, Any]]) -> bool:
    """Whether it is what older clients expect: the document is at fault, or the value of a variable that it declares,
    and not the request that they came in (GraphQL over HTTP, section 6.4.1)."""
    codes = {error["extensions"]["code"] for error in errors}
    of_variables = codes == {BAD_INPUT} and all("locations" in error for error in errors)
    of_body = any(error["message"].startswith(("The body", "The parameter", "The variables")) for error in errors)
    return media.startswith("application/json") and not of_body and (codes <= _OF_DOCUMENTS or of_variables)


def _check_error(told: Any) -> None:
    _check(isinstance(told, dict), told)
    error = cast("dict[str, Any]", told)
    _check(error.keys() <= {"message", "locations", "path", "extensions"}, error)
    message, code = error.get("message"), error.get("extensions", {}).get("code")
    _check(isinstance(message, str) and 0 < len(message) <= _LONGEST and not _INNER.search(message), error)
    _check(code in CODES and code != INTERNAL, error)
    if "locations" in error:
        places: list[dict[str, int]] = error["locations"]
        _check(places and all(set(of) == {"line", "column"} and min(of.values()) >= 1 for of in places), error)
    if "path" in error:
        keys: list[object] = error["path"]
        _check(keys and all(isinstance(key, str) or (type(key) is int and key >= 0) for key in keys), error)


def _check(right: Any, told: Any) -> None:
    if not right:
        raise Malformed(str(told)[:1_000])


def outcome(told: dict[str, Any]) -> str:
    """ANSWERED, or the code of the first error of what was not executed."""
    return "answered" if "data" in told else told["errors"][0]["extensions"]["code"]
