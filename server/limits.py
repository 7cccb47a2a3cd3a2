"""What a request may be at the most."""

from ..resolvers.context import Limit

BODY_BYTES = 1_048_576
DOCUMENT_BYTES = 65_536
DOCUMENT_TOKENS = 4_000
DOCUMENT_FIELDS = 1_000
# The usual introspection query is 15 deep.
DOCUMENT_DEPTH = 25
# Twice as many as objects on one page.
LIST_ITEMS = 1_000
ANSWER_FIELDS = 250_000
# Twice the text of the largest artifact that is shown.
ANSWER_BYTES = 64 * 2**20
# As many as 400 runs down to their artifacts take, twice over.
UPSTREAM_REQUESTS = 2_000
UPSTREAM_SECONDS = 60
# In memory; the value that goes beyond is still given.
VALUES_BYTES = 128 * 2**20

# The size of a body is not among them: a larger one is refused with PAYLOAD_TOO_LARGE.
LIMITS = (
    Limit("documentBytes", DOCUMENT_BYTES, "Bytes of a document, in UTF-8. Long texts belong into variables."),
    Limit("documentTokens", DOCUMENT_TOKENS, "Words, numbers and punctuation marks in a document; comments count too."),
    Limit("documentFields", DOCUMENT_FIELDS, "Fields that a document selects, with its fragments spread out."),
    Limit("documentDepth", DOCUMENT_DEPTH, "Fields within fields, from the top of a document to its innermost field."),
    Limit("listItems", LIST_ITEMS, "Items of one list among the arguments of fields, or in variables."),
    Limit("answerFields", ANSWER_FIELDS, "Fields of all the objects of an answer together."),
    Limit(
        "valuesBytes",
        VALUES_BYTES,
        "Bytes of memory that an answer's artifacts, logs, cards and files of code may take together.",
    ),
    Limit("upstreamRequests", UPSTREAM_REQUESTS, "Requests that an operation may make to metadata services and S3."),
    Limit("upstreamSeconds", UPSTREAM_SECONDS, "Seconds after which an operation makes no more such requests."),
    Limit("answerBytes", ANSWER_BYTES, "Bytes of an answer, as JSON. Ask for fewer large values at a time."),
)
