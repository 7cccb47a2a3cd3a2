"""Documents, parsed and validated once for each text."""

import asyncio
from collections import OrderedDict
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    validate,
    visit,
)
from graphql.validation.validate import ValidationAbortedError

from .errors import RequestError, coded, refused
from .limits import DOCUMENT_BYTES, DOCUMENT_DEPTH, DOCUMENT_FIELDS, DOCUMENT_TOKENS, LIST_ITEMS

_TOLD = 20  # errors of one document
# Of text, over all kept documents: parsed, a character takes up to 350 bytes.
KEPT_CHARACTERS = 500_000


class Size(NamedTuple):
    """`fields` with fragments spread out at each place; `depth` of fields within fields."""

    fields: int
    depth: int


class Document(NamedTuple):
    """A valid document; `selected`: the fields in it, by their schema coordinates."""

    node: DocumentNode
    selected: frozenset[str]


class Documents:
    """The valid documents that were asked for last, by their text."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    async def document(self, text: str) -> Document:
        """The document of this text; RequestError where it is not valid."""
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if size > DOCUMENT_BYTES:
            raise _beyond("documentBytes", DOCUMENT_BYTES, f"has {size} bytes")
        found = self._kept.get(text)
        if found is None:
            # Up to a second near the limits: other requests go on meanwhile.
            found = await asyncio.to_thread(valid, self._schema, text)
            self._keep(text, found)
        else:
            self._kept.move_to_end(text)
        return found

    def _keep(self, text: str, document: Document) -> None:
        if text not in self._kept and len(text) < KEPT_CHARACTERS / 10:
            self._kept[text] = document
            self._characters += len(text)
        while self._characters > KEPT_CHARACTERS:
            forgotten, _ = self._kept.popitem(last=False)
            self._characters -= len(forgotten)


def valid(schema: GraphQLSchema, text: str) -> Document:
    """The document of this text; RequestError where it does not parse, is too large or not valid."""
    document = _parsed(text)
    size = _size(document)
    if size.fields > DOCUMENT_FIELDS:
        raise _beyond("documentFields", DOCUMENT_FIELDS, f"selects {size.fields} fields")
    if size.depth > DOCUMENT_DEPTH:
        raise _beyond("documentDepth", DOCUMENT_DEPTH, f"nests fields {size.depth} deep")
    items = _longest_list(document)
    if items > LIST_ITEMS:
        raise _beyond("listItems", LIST_ITEMS, f"has a list of {items} items")
    errors = validate(schema, document, max_errors=_TOLD)
    if errors and isinstance(errors[0], ValidationAbortedError):
        raise _beyond("documentFields", DOCUMENT_FIELDS, "has too many fields of the same name, or fragments, to check")
    if errors:
        raise RequestError([coded(error, "GRAPHQL_VALIDATION_FAILED") for error in errors[:_TOLD]])
    return Document(document, _selected(schema, document))


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


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(
            text, max_lexical_tokens=DOCUMENT_TOKENS, max_comments=DOCUMENT_TOKENS, allow_empty_selection_sets=False
        )
    except GraphQLError as error:
        # graphql-core has no class of its own for what it gives up.
        if not error.message.endswith("Parsing aborted."):
            raise RequestError([coded(error, "GRAPHQL_PARSE_FAILED")]) from error
        if "nested" in error.message:
            raise _beyond("documentDepth", DOCUMENT_DEPTH, "is nested too deep to be parsed") from error
        raise _beyond("documentTokens", DOCUMENT_TOKENS, "has too many tokens") from error


def _beyond(name: str, limit: int, what: str) -> RequestError:
    return refused("LIMIT_EXCEEDED", f"The document {what}: {name} is {limit} at the most.")


def _selected(schema: GraphQLSchema, document: DocumentNode) -> frozenset[str]:
    """The schema coordinates of all fields in a document, such as Run.status (GraphQL, RFC on schema coordinates)."""
    types, found = TypeInfo(schema), set[str]()

    class Fields(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            parent = types.get_parent_type()
            found.add(f"{parent.name if parent else ''}.{node.name.value}")

    visit(document, TypeInfoVisitor(types, Fields()))
    return frozenset(found)


def _longest_list(document: DocumentNode) -> int:
    longest = 0

    class Lists(Visitor):
        def enter_list_value(self, node: ListValueNode, *_: object) -> None:
            nonlocal longest
            longest = max(longest, len(node.values))

    visit(document, Lists())
    return longest


def _size(document: DocumentNode) -> Size:
    """The sizes of all operations together; a fragment within itself counts once (validation rejects it)."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    known: dict[str, Size] = {}

    def of(selections: SelectionSetNode) -> Size:
        fields = depth = 0
        for node in selections.selections:
            inner = Size(0, 0)
            if isinstance(node, FragmentSpreadNode):
                inner = of_fragment(node.name.value)
            elif isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
                inner = of(node.selection_set)
            own = isinstance(node, FieldNode)
            fields += inner.fields + own
            depth = max(depth, inner.depth + own)
        return Size(fields, depth)

    def of_fragment(name: str) -> Size:
        if name not in known:
            known[name] = Size(0, 0)
            if name in fragments:
                known[name] = of(fragments[name].selection_set)
        return known[name]

    try:
        sizes = [of(node.selection_set) for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    except RecursionError:
        return Size(0, DOCUMENT_DEPTH + 1)
    return Size(sum(size.fields for size in sizes), max((size.depth for size in sizes), default=0))
