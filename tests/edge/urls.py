"""Queries in URLs, and heads of requests."""

from collections.abc import Mapping
from functools import partial
from urllib.parse import quote

from .hostile import (
    ANSWERED,
    BAD_INPUT,
    FORBIDDEN,
    GRAPHQL_RESPONSE,
    LIMIT,
    NOT_ACCEPTABLE,
    NOT_ALLOWED,
    RESET,
    UNAUTHENTICATED,
    UNPARSED,
    Family,
    Hostile,
    Sent,
)

_ACCEPT = {"accept": GRAPHQL_RESPONSE}


def _get(target: str, headers: Mapping[str, str] = _ACCEPT) -> Sent:
    return Sent(b"", "GET", target, headers)


def _asked(outcomes: tuple[str, ...], targets: Mapping[str, str]) -> Family:
    return {name: Hostile(partial(_get, f"/graphql?{target}"), frozenset(outcomes)) for name, target in targets.items()}


def _headed(headers: Mapping[str, str], *outcomes: str, in_http: bool = False) -> Hostile:
    return Hostile(partial(_get, f"/graphql?{_QUERY}", {**_ACCEPT, **headers}), frozenset(outcomes), in_http)


_QUERY = f"query={quote('{ __typename }')}"
_MUTATION = quote('mutation { addTags(pathspec: "Made/1", tags: ["a"]) { run { id } } }')

URLS: Family = {
    **_asked(
        (BAD_INPUT,),
        {
            "without a query": "",
            "an empty query": "query=",
            "the query twice": f"{_QUERY}&{_QUERY}",
            "many parameters": "&".join(f"a{n}=1" for n in range(500)),
            "parameters without names": "&" * 10_000 + "=" * 10_000,
            "variables that are no JSON": f"{_QUERY}&variables=a",
            "variables that are a list": f"{_QUERY}&variables=[]",
            "variables that are deep": f"{_QUERY}&variables=" + quote('{"a":' * 1_500),
            "variables that are deep, and end": f"{_QUERY}&variables=" + quote('{"a":' * 1_200 + "1" + "}" * 1_200),
            "variables with a name twice": f"{_QUERY}&variables=" + quote('{"a": 1, "a": 1}'),
            "extensions that are no object": f"{_QUERY}&extensions=1",
            "bytes that are no UTF-8": "query=%ff%fe",
            "a surrogate": "query=%ed%a0%80",
            "a batch": quote('[{"query": "{ __typename }"}]'),
        },
    ),
    **_asked(
        (UNPARSED,),
        {
            "percent signs": "query=" + "%" * 20_000,
            "plus signs": "query=" + "+" * 20_000 + "%7B",
            "escaped braces": "query=" + "%7B" * 10_000,
            "NULs": "query=" + "%00" * 10_000,
            "semicolons": f"{_QUERY};a=1",
        },
    ),
    **_asked(
        (ANSWERED,),
        {
            "other parameters": f"{_QUERY}&a=1&a=2&b",
            "null variables": f"{_QUERY}&variables=null",
        },
    ),
    **_asked((LIMIT,), {"unknown fields": "query=" + quote("{ " + "metadataProvide " * 950 + "}")}),
    **_asked((NOT_ALLOWED,), {"a mutation": f"query={_MUTATION}"}),
    **{
        f"by {method}": Hostile(
            partial(Sent, b"", method, f"/graphql?{_QUERY}", _ACCEPT), frozenset({NOT_ALLOWED, BAD_INPUT})
        )
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "A" * 100)
    },
    **{
        f"accepting {name}": _headed({"accept": value}, *outcomes)
        for name, value, *outcomes in (
            ("images", "image/png", NOT_ACCEPTABLE),
            ("many types", ",".join(f"a/b{n};q=0.{n}" for n in range(1_000)), NOT_ACCEPTABLE),
            ("anything a thousand times", "*/*," * 1_000, ANSWERED),
            ("nonsense", ";;q=,,/*;=" * 1_000, NOT_ACCEPTABLE),
            ("a long weight", f"application/json;q=0.{'1' * 10_000}", ANSWERED),
        )
    },
    "many codings": _headed({"accept-encoding": ",".join(f"a{n};q=0.1" for n in range(2_000))}, ANSWERED),
    "many entity tags": _headed({"if-none-match": ",".join(f'"{n}"' for n in range(5_000))}, ANSWERED),
    "an entity tag without an end": _headed({"if-none-match": 'W/"' * 10_000}, ANSWERED),
    "a long token": _headed({"authorization": f"Bearer {'a.' * 15_000}"}, ANSWERED, UNAUTHENTICATED),
    "an origin of many": _headed({"origin": "http://a, " * 3_000}, ANSWERED, FORBIDDEN),
    "a long host": _headed({"host": "a" * 10_000}, ANSWERED, FORBIDDEN),
    # The head of a request is read by the server alone.
    "a long URL": Hostile(
        partial(_get, f"/graphql?a={'a' * 70_000}&{_QUERY}"), frozenset({"414", RESET}), in_http=True
    ),
    "a long header": _headed({"x": "a" * 70_000}, "431", RESET, in_http=True),
    "many headers": _headed({f"x{n}": "" for n in range(10_000)}, "431", RESET, in_http=True),
}
