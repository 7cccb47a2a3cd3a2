"""Patterns of namespaces that are others for whoever asks: `user:{name}`, `project:{claims.team}`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from .identities import Identity

_PLAIN = r"[^{}*?\[]*"  # no pattern: what one says who asks must stand for itself alone
_TEMPLATE = re.compile(rf"(?P<before>{_PLAIN}:{_PLAIN})\{{(?:name|claims\.(?P<claim>[^{{}}]+))\}}(?P<after>{_PLAIN})")
_LONGEST = 500  # characters of what a claim says


class Template(NamedTuple):
    """A tag with a place for who asks: for what they are called, or for what a `claim` of their JWT says."""

    before: str
    claim: str | None
    after: str

    def filled(self, identity: Identity) -> Iterator[str]:
        """The patterns that it is for them; of a claim that is a list, one for each text. None without the claim."""
        for text in [identity.name] if self.claim is None else _texts(identity.claims or {}, self.claim):
            yield self.before + _quoted(text) + self.after


def template_of(pattern: str) -> Template | None:
    """None of a pattern that is the same for all; ValueError where it is neither."""
    if not set(pattern) & set("{}"):
        return None
    found = _TEMPLATE.fullmatch(pattern)
    if found is None:
        raise ValueError(
            f"{pattern} must be a kind of tag, a colon and {{name}} or {{claims.…}}, as user:{{name}}, without * ? ["
        )
    return Template(found["before"], found["claim"], found["after"])


def templates_of(patterns: Iterable[str]) -> tuple[Template, ...]:
    return tuple(template for pattern in patterns if (template := template_of(pattern)))


def _texts(claims: Mapping[str, Any], claim: str) -> Iterator[str]:
    said = claims.get(claim)
    for text in cast("list[Any]", said) if isinstance(said, list) else [said]:
        if isinstance(text, str) and text.isprintable() and 0 < len(text) <= _LONGEST:
            yield text


def _quoted(text: str) -> str:
    """A pattern that matches the text alone (fnmatch)."""
    return re.sub(r"[*?\[]", r"[\g<0>]", text)
