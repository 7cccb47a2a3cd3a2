"""Manifests of trusted documents, as the tools of GraphQL's clients write them."""

from hashlib import sha256
from typing import Any, Literal, cast

import msgspec

# How identifiers begin that say how they were made (GraphQL over HTTP, appendix on persisted documents).
SHA256 = "sha256:"
_APOLLO = "apollo-persisted-query-manifest"


class BadManifest(ValueError):
    """What keeps a file from being a manifest, for whoever configured it."""


class _Operation(msgspec.Struct):
    id: str
    body: str


class _Apollo(msgspec.Struct):
    """As Apollo's generate-persisted-query-manifest writes it."""

    version: Literal[1]
    operations: list[_Operation]


def hash_of(document: str) -> str:
    """The SHA-256 of a document's text, in hex."""
    return sha256(document.encode("utf-8", "surrogatepass")).hexdigest()


def documents_in(manifest: bytes) -> dict[str, str]:
    """The documents by their ids and by the SHA-256 of their texts; BadManifest where it is none.

    It is an object of ids and documents, as graphql-codegen's client preset (SHA-1) and Relay (MD5) write it, or
    Apollo's.
    """
    try:
        named = _named(msgspec.json.decode(manifest))
    except msgspec.ValidationError as error:
        raise BadManifest(f"it is no object of ids and documents, nor a manifest of Apollo's: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadManifest(f"it is not JSON: {error}") from error
    documents = {hash_of(document): document for document in named.values()}
    for identifier, document in named.items():
        bare = identifier.removeprefix(SHA256)
        if bare != identifier and documents.get(bare) != document:
            raise BadManifest(f"{identifier} is not the hash of the document beside it")
        documents[bare] = document
    return documents


def _named(manifest: Any) -> dict[str, str]:
    if isinstance(manifest, dict) and cast("dict[str, Any]", manifest).get("format") == _APOLLO:
        return {one.id: one.body for one in msgspec.convert(manifest, _Apollo).operations}
    return msgspec.convert(manifest, dict[str, str])
