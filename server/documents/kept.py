"""Documents, parsed and validated once for each text."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode

from .. import limits
from ..errors import refused, refused_beyond
from .validity import Document, valid, valid_long

# Of text, over all kept documents: parsed, a character takes up to 200 bytes.
KEPT_CHARACTERS = 250_000
# Characters of documents that are ready within some milliseconds, and do not wait for those that take a hundred.
SHORT = 2_000


class Documents:
    """The valid documents that were asked for last, by their text."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0
        # One at a time: parsing holds the interpreter's lock, and several would take turns with the event loop.
        self._short, self._long = ThreadPoolExecutor(1, "short-documents"), ThreadPoolExecutor(1, "long-documents")

    async def document(self, text: str) -> Document:
        """The document of this text; RequestError where it is not valid."""
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if size > limits.DOCUMENT_BYTES.value:
            raise refused_beyond(limits.DOCUMENT_BYTES, f"The document has {size} bytes")
        found = self._kept.get(text)
        if found is None:
            threads, made = (self._short, valid) if len(text) < SHORT else (self._long, valid_long)
            found = await asyncio.get_running_loop().run_in_executor(threads, made, self._schema, text)
            self._keep(text, found)
        else:
            self._kept.move_to_end(text)
        return found

    def known(self, text: str) -> Document | None:
        """The document of this text, if it is kept."""
        return self._kept.get(text)

    def _keep(self, text: str, document: Document) -> None:
        if text not in self._kept and len(text) < KEPT_CHARACTERS / 10:
            self._kept[text] = document
            self._characters += len(text)
        while self._characters > KEPT_CHARACTERS:
            forgotten, _ = self._kept.popitem(last=False)
            self._characters -= len(forgotten)


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation of that name, or the only one; RequestError where that is not one."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    for operation in operations:
        if len(operations) == 1 if name is None else operation.name and operation.name.value == name:
            return operation
    names = ", ".join(operation.name.value for operation in operations if operation.name) or "one without a name"
    if name is None:
        raise refused("OPERATION_RESOLUTION_FAILURE", f"Say by operationName which to execute of {names}.")
    raise refused("OPERATION_RESOLUTION_FAILURE", f"The document has no operation {name!r}: it has {names}.")
