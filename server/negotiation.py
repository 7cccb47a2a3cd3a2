"""What a client would rather have: media types and codings of the answer (RFC 9110, section 12)."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from .errors import refused

HTML = "text/html"
JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
IDENTITY = "identity"
_SHORT = 300  # characters of a header that is remembered


class _Weighed(NamedTuple):
    """An entry of a header, in lower case, and its quality value."""

    name: str
    weight: float


def media_type(accept: Iterable[str], *, html: bool) -> str:
    """The media type of an answer: JSON where nothing is said, HTML only if it may be; RequestError (406) if neither.

    By weight first, then by how narrow the range is, then by the order it is named in.
    """
    given = ",".join(accept)
    return _remembered(given, html) if len(given) < _SHORT else _media_type(given, html)


def _media_type(accept: str, html: bool) -> str:
    offered = [JSON, GRAPHQL_RESPONSE] + [HTML] * html
    ranges = _weighed(accept) or [_Weighed("*/*", 1.0)]
    best = max(offered, key=lambda offer: _preference(offer, ranges))
    if _preference(best, ranges)[0] <= 0:
        raise refused("NOT_ACCEPTABLE", f"The answer can be {GRAPHQL_RESPONSE} or {JSON}.", 406)
    return best


# Clients send few headers, and each always the same: to read one again takes ten times as long.
_remembered = lru_cache(256)(_media_type)


def coding(accept_encoding: Iterable[str], offered: Sequence[str]) -> str:
    """The content coding of an answer, of those offered the first that is weighed highest; else `identity`."""
    weights = dict(_weighed(",".join(accept_encoding)))
    others = weights.get("*", 0.0)
    best = max(offered, key=lambda offer: weights.get(offer, others), default=IDENTITY)
    weight = weights.get(best, others)
    return best if weight > 0 and weight >= weights.get(IDENTITY, 0.0) else IDENTITY


def _weighed(values: str) -> list[_Weighed]:
    entries: list[_Weighed] = []
    for entry in values.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        if name:
            entries.append(_Weighed(name, _quality(parameters)))
    return entries


def _quality(parameters: list[str]) -> float:
    given = [parameter.removeprefix("q=") for parameter in parameters if parameter.startswith("q=")]
    try:
        weight = float(given[0]) if given else 1.0
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def _preference(offer: str, ranges: list[_Weighed]) -> tuple[float, int, int]:
    """The weight, narrowness and place of the narrowest range that holds the media type."""
    kinds = ("*/*", offer.split("/")[0] + "/*", offer)
    held = [(kinds.index(name), -place, weight) for place, (name, weight) in enumerate(ranges) if name in kinds]
    narrowness, place, weight = max(held, default=(0, 0, 0.0))
    return weight, narrowness, place
