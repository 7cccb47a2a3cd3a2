"""What a request may be at the most, if `serve --limit` does not say otherwise."""

from ..resolvers.context import Limit

BODY_BYTES = Limit("bodyBytes", 1_048_576, "Bytes of a request's body.")
# Of errors of one document, as of the same kind there may be thousands.
ERRORS = 20

# Of documents, counted before they are validated: what validation takes grows faster than the document.
DOCUMENT_BYTES = Limit("documentBytes", 65_536, "Bytes of a document, in UTF-8. Long texts belong into variables.")
DOCUMENT_TOKENS = Limit(
    "documentTokens", 4_000, "Words, numbers and punctuation marks in a document; and as many comments."
)
DOCUMENT_FIELDS = Limit("documentFields", 1_000, "Fields that a document selects, with its fragments spread out.")
# The usual introspection query is 15 deep.
DOCUMENT_DEPTH = Limit("documentDepth", 25, "Fields within fields, from the top of a document to its innermost field.")
ROOT_FIELDS = Limit("rootFields", 100, "Fields at the top of an operation.")
ALIASES = Limit("aliases", 500, "Fields with an alias, with fragments spread out.")
OPERATIONS = Limit("operations", 50, "Operations in a document.")
FRAGMENTS = Limit("fragments", 100, "Fragments that a document defines.")
FRAGMENT_SPREADS = Limit(
    "fragmentSpreads", 500, "Places where fragments are spread, inline ones too, with those of fragments spread out."
)
FRAGMENT_DEPTH = Limit("fragmentDepth", 25, "Fragments within fragments, inline ones too.")
DIRECTIVES = Limit("directives", 100, "Directives in a document.")
VARIABLES = Limit("variables", 100, "Variables that an operation declares, or that come with it.")
LIST_ITEMS = Limit("listItems", 1_000, "Items of one list among the arguments of fields, or in variables.")
OBJECT_FIELDS = Limit("objectFields", 100, "Fields of one object among the arguments of fields, or in variables.")
VALUE_DEPTH = Limit(
    "valueDepth", 10, "Lists and objects within each other, among the arguments of fields or in variables."
)
VARIABLE_VALUES = Limit("variableValues", 10_000, "Values in all variables together, lists and objects among them.")
TEXT_LENGTH = Limit("textLength", 100_000, "Characters of one text in variables.")
INTROSPECTION_DEPTH = Limit(
    "introspectionDepth", 2, "Lists of fields, interfaces or types within each other, below __schema and __type."
)
INTROSPECTIONS = Limit("introspections", 5, "__schema and __type in a document, with its fragments spread out.")
VALIDATION = Limit(
    "validation", 25_000, "Steps that it may take to find out whether a document's fields contradict each other."
)

# Of answers.
COST = Limit(
    "cost",
    4_000_000,
    "Objects that an operation may touch, as estimated from its document: pages count as they are asked for (50 where "
    "nothing is said), the steps of a run as 10, artifacts of a task as 20, its metadata as 30, other lists as 10.",
)
ANSWER_OBJECTS = Limit("answerObjects", 250_000, "Objects that an answer really has, and are looked for.")
ANSWER_FIELDS = Limit("answerFields", 1_000_000, "Fields of all the objects of an answer together.")
# Twice the text of the largest artifact that is shown.
ANSWER_BYTES = Limit("answerBytes", 64 * 2**20, "Bytes of an answer, as JSON. Ask for fewer large values at a time.")
# In memory; the value that goes beyond is still given.
VALUES_BYTES = Limit(
    "valuesBytes",
    128 * 2**20,
    "Bytes of memory that an answer's artifacts, logs, cards and files of code may take together.",
)
# Five times as many as 100 runs down to their artifacts take.
UPSTREAM_REQUESTS = Limit("upstreamRequests", 1_000, "Requests that an operation may make to metadata services and S3.")
SECONDS = Limit("seconds", 60, "Seconds that an operation may take: what is not there by then is TIMEOUT.")

_ALL = [limit for limit in globals().values() if isinstance(limit, Limit)]
BY_NAME = {limit.name: limit for limit in _ALL}
# A body that is too large is refused with PAYLOAD_TOO_LARGE, the others with LIMIT_EXCEEDED.
LIMITS = tuple(limit for limit in _ALL if limit is not BODY_BYTES)
