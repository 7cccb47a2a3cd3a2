"""How requests name a document.

By documentId (GraphQL over HTTP, appendix on persisted documents), or as Apollo's clients do.
"""

import re
from typing import Any, NamedTuple, cast

from ...providers.pathspec import shown
from ..errors import RequestError, refused
from .manifests import SHA256

_SYNTAX = re.compile(r"sha256:[0-9a-f]{64}|(?:x-[A-Za-z0-9._~-]+:)?[A-Za-z0-9._~-]+")
_VERSION = 1


class Identifier(NamedTuple):
    """What documents are known by, without `sha256:`. `unknown`: the message where none is."""

    name: str
    unknown: str


def identifier(document_id: str | None, persisted_query: Any) -> Identifier | None:
    """What names the document, by the parameter documentId or by Apollo's extension; None where nothing does.

    RequestError where it can't be a name, or where there are two that differ.
    """
    named = None if document_id is None else _of_document_id(document_id)
    if persisted_query is None:
        return named
    by_apollo = _of_persisted_query(persisted_query)
    if named and named.name != by_apollo.name:
        raise _mistaken("documentId and extensions.persistedQuery name different documents: leave one of them out.")
    return by_apollo


def _of_document_id(text: str) -> Identifier:
    if not _SYNTAX.fullmatch(text):
        message = (
            f"{shown(text)} is no documentId: that is sha256: and 64 hexadecimal digits in lower case, or what a "
            "trusted document is named by, of letters, digits and -._~."
        )
        raise _mistaken(message)
    unknown = f"No document is known by the documentId {shown(text)}."
    return Identifier(text.removeprefix(SHA256), unknown)


def _of_persisted_query(given: Any) -> Identifier:
    """Rules: apollo-server, packages/server/src/requestPipeline.ts."""
    if not isinstance(given, dict):
        raise _mistaken("extensions.persistedQuery must be an object.")
    members = cast("dict[str, Any]", given)
    if members.get("version") is True or members.get("version") != _VERSION:  # True is 1 to Python alone
        raise _mistaken(f"Unsupported persisted query version: extensions.persistedQuery.version must be {_VERSION}.")
    name = members.get("sha256Hash")
    if not isinstance(name, str) or not name:
        raise _mistaken("extensions.persistedQuery.sha256Hash must be the SHA-256 of the query in hexadecimal digits.")
    # Apollo's clients know this message, and send the query then.
    return Identifier(name, "PersistedQueryNotFound")


def _mistaken(message: str) -> RequestError:
    return refused("BAD_USER_INPUT", message, 400)
