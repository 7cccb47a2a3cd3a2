"""From the text of a document to what may be executed of it."""

import gc
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    Source,
    SourceLocation,
    TypeInfo,
    TypeInfoVisitor,
    ValidationContext,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.validation import MaxIntrospectionDepthRule, OverlappingFieldsCanBeMergedRule
from graphql.validation.validate import ValidationAbortedError

from .. import limits
from ..errors import RequestError, coded, refused_beyond
from .cost import Cost
from .size import check, too_deep


class Document(NamedTuple):
    """A valid document; `selected`: the fields in it, by their schema coordinates.

    `costs`: of its operations, by their names, as far as they are known and depend on no variables.
    """

    node: DocumentNode
    selected: frozenset[str]
    costs: dict[str, Cost]


def valid_long(schema: GraphQLSchema, text: str) -> Document:
    """As `valid`, of a document of which much is left to the garbage collector: which does it at once.

    Tokens refer to each other, and rules to what they compare: 100,000 objects near the limits. Most would get old
    while they are made, and stay until a full pass.
    """
    gc.disable()
    try:
        return valid(schema, text)
    finally:
        gc.enable()
        gc.collect(0)


def valid(schema: GraphQLSchema, text: str) -> Document:
    """The document of this text; RequestError where it does not parse, is beyond a limit or not valid.

    It is counted before it is validated: on some documents validation takes seconds.
    """
    document = _parsed(text)
    check(document)
    errors = validate(schema, document, _RULES, max_errors=limits.ERRORS)
    if errors and isinstance(errors[0], ValidationAbortedError):
        raise refused_beyond(limits.VALIDATION, "The document selects too many fields of the same name to be checked")
    if errors:
        raise RequestError([coded(error, "GRAPHQL_VALIDATION_FAILED") for error in errors[: limits.ERRORS]])
    return Document(document, _selected(schema, document), {})


class _Overlapping(OverlappingFieldsCanBeMergedRule):
    """Gives up earlier than graphql-core does, which takes a third of a second until then."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = limits.VALIDATION.value


# That of introspection is a limit of ours.
_RULES = [
    _Overlapping if rule is OverlappingFieldsCanBeMergedRule else rule
    for rule in specified_rules
    if rule is not MaxIntrospectionDepthRule
]


class _Source(Source):
    """Finds the line of an error in one pass in C: graphql-core's own takes 10 ms for each error near the limits."""

    def get_location(self, position: int) -> SourceLocation:
        before = self.body[:position].replace("\r\n", "\n").replace("\r", "\n")
        return SourceLocation(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _parsed(text: str) -> DocumentNode:
    most = limits.DOCUMENT_TOKENS.value
    try:
        return parse(_Source(text), max_lexical_tokens=most, max_comments=most, allow_empty_selection_sets=False)
    except GraphQLError as error:
        # graphql-core has no class of its own for what it gives up.
        if not error.message.endswith("Parsing aborted."):
            raise RequestError([coded(error, "GRAPHQL_PARSE_FAILED")]) from error
        if "nested" in error.message:
            raise too_deep() from error
        raise refused_beyond(limits.DOCUMENT_TOKENS, "The document has too many tokens") from error


def _selected(schema: GraphQLSchema, document: DocumentNode) -> frozenset[str]:
    """The schema coordinates of all fields in a document, such as Run.status (GraphQL, RFC on schema coordinates)."""
    types, found = TypeInfo(schema), set[str]()

    class Fields(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            parent = types.get_parent_type()
            found.add(f"{parent.name if parent else ''}.{node.name.value}")

    visit(document, TypeInfoVisitor(types, Fields()))
    return frozenset(found)
