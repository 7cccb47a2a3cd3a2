"""Which document a request is about: one that it brings along, or one that is known."""

from collections.abc import Mapping
from enum import StrEnum
from sys import getsizeof
from typing import Any, NamedTuple

from ...providers.cache import ByteCache
from ...providers.grants import Principal
from ..errors import refused
from .identifiers import Identifier, identifier
from .manifests import hash_of
from .trusted import TrustedDocuments

# Of the documents that clients registered, in memory: some thousands of usual ones.
_REGISTERED_BYTES = 8 * 2**20
_ENTRY_BYTES = 300  # beside the text


class Mode(StrEnum):
    """`off`: documents come as text. `on`: by identifiers too. `only`: none but those that are trusted."""

    OFF = "off"
    ON = "on"
    ONLY = "only"


class Asked(NamedTuple):
    """The text of a document. `new`: it came with its identifier, by which it is to be known once it is executed."""

    text: str
    new: bool = False


class PersistedDocuments:
    """The documents that are known: trusted ones, and those that clients registered with their SHA-256 since."""

    def __init__(self, mode: Mode = Mode.OFF, trusted: TrustedDocuments | None = None) -> None:
        self.mode = mode
        self._trusted = trusted
        self._registered = ByteCache(_REGISTERED_BYTES)

    async def document(
        self, query: str | None, document_id: str | None, persisted_query: Any, principal: Principal | None
    ) -> Asked:
        """The document that a request is about: of its query, documentId or Apollo's extension.

        What somebody registered is known to them alone: whether it is would tell others what they ask.
        RequestError where there is none, where it is not known, and where it may not be asked for.
        """
        if self.mode is Mode.OFF:
            return Asked(_sent(query, named=document_id is not None or persisted_query is not None))
        named = identifier(document_id, persisted_query)
        if query is not None:
            return Asked(query, bool(named or self.mode is Mode.ONLY) and await self._is_new(query, named))
        if named is None:
            return Asked(_sent(query, named=False))
        found = (await self._known()).get(named.name) or self._registered.get((principal, named.name))
        if found is None:
            raise refused("PERSISTED_QUERY_NOT_FOUND", named.unknown)
        return Asked(found)

    def register(self, query: str, principal: Principal | None) -> None:
        """Know a document, which is valid, by its hash from now on."""
        self._registered.put((principal, hash_of(query)), query, getsizeof(query) + _ENTRY_BYTES)

    async def _is_new(self, query: str, named: Identifier | None) -> bool:
        """Whether a document is to be registered, and not one of the trusted; RequestError where it comes with the
        identifier of another, or none but these are executed."""
        trusted, by_hash = await self._known(), hash_of(query)
        if named and trusted.get(named.name, query if named.name == by_hash else None) != query:
            message = "The query is not the document of that identifier: send its SHA-256, in lower case."
            raise refused("BAD_USER_INPUT", message, 400)
        if by_hash in trusted:
            return False
        if self.mode is Mode.ONLY:
            raise refused("FORBIDDEN", "This gateway executes trusted documents alone, and this is none.", 403)
        return True

    async def _known(self) -> Mapping[str, str]:
        """The trusted documents, by their ids and by their SHA-256."""
        return await self._trusted.current() if self._trusted else {}


def _sent(query: str | None, *, named: bool) -> str:
    """The document that came as text; RequestError where none did."""
    if query is not None:
        return query
    if named:
        # Apollo's clients know this message, and send the query then.
        raise refused("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
    raise refused("BAD_USER_INPUT", "The request has no query.", 400)
