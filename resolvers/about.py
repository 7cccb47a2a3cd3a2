"""What Query tells of the gateway itself: its providers, limits and error codes."""

from enum import Enum

import msgspec
import strawberry

from .. import __version__
from ..providers.base import Provider
from ..providers.errors import GatewayError
from . import inputs
from .artifacts import MAX_PREVIEW, MAX_ROWS
from .cards import CARD_BYTES
from .code import CODE_LIMITS
from .context import Info, Limit
from .entries import Answers, gathered
from .logs import LOG_BYTES, LOG_LINES, LOG_PAGE_SIZE
from .pages import PAGE_SIZE


class ErrorCode(Enum):
    """Every value that extensions.code can have, with what it means."""

    GRAPHQL_PARSE_FAILED = "The document is not GraphQL."
    GRAPHQL_VALIDATION_FAILED = "The document asks for what the schema does not have."
    OPERATION_RESOLUTION_FAILURE = "The document has no operation of that name, or several and none was named."
    BAD_USER_INPUT = "A variable or an argument has a value that means nothing there."
    LIMIT_EXCEEDED = (
        "More was asked for than one of serverInfo.limits allows, or than the gateway reads at once; the message says "
        "which."
    )
    PERSISTED_QUERY_NOT_FOUND = "No document is known by that hash: send it whole."
    PERSISTED_QUERY_NOT_SUPPORTED = "This gateway does not take documents by their hash."
    PAYLOAD_TOO_LARGE = "The request's body is too large."
    UNSUPPORTED_MEDIA_TYPE = "The request's body is not JSON."
    NOT_ACCEPTABLE = "The client accepts no media type that the gateway can answer in."
    METHOD_NOT_ALLOWED = "The HTTP method is not one for this; a mutation has to be sent by POST."
    UNAUTHENTICATED = "The gateway does not know who is asking."
    FORBIDDEN = "Whoever is asking may not see or do this."
    RATE_LIMITED = "Too much was asked for, or too many credentials were refused, in a short time: try again later."
    TIMEOUT = "It took longer than the gateway gives."
    NOT_FOUND = "What a mutation or a subscription is about does not exist."
    INVALID_PATHSPEC = "It is no pathspec that Metaflow could have written."
    NAMESPACE_MISMATCH = "The object exists, but not in the namespace."
    UNKNOWN_METADATA_PROVIDER = "No metadata provider of that name is configured."
    ARTIFACT_TOO_LARGE = "The value is beyond what the gateway decodes: preview may still answer."
    ARTIFACT_UNREADABLE = "The value's bytes are gone, damaged, or of an encoding that the gateway does not read."
    CORRUPT_METADATA = "A record is half-written, unreadable or not of the form that Metaflow writes."
    PROVIDER_UNAVAILABLE = "The metadata provider did not answer: trying again may help."
    PROVIDER_ERROR = "The metadata provider answered with an error; retryable says whether to try again."
    SYSTEM_TAG = "System tags can't be removed. Nothing was changed."
    INVALID_TAG = "Metaflow would reject a tag, or there is none to add or remove. Nothing was changed."
    TAG_CONFLICT = "Others changed the run's tags at each try: try again."
    READ_ONLY_PROVIDER = "Tags can't be mutated through this metadata provider."
    INTERNAL_SERVER_ERROR = "The gateway's fault: requestId finds it in its log."


inputs.describe(ErrorCode, "The values of extensions.code.", {code.name: code.value for code in ErrorCode})


class ProviderInfo(msgspec.Struct, frozen=True):
    name: str
    type: str
    info: str | None
    is_default: bool
    provider: Provider


class ServerInfo(msgspec.Struct, frozen=True):
    version: str
    limits: list[Limit]
    error_codes: list[ErrorCode]


def default_namespace(info: Info) -> str | None:
    return info.context.gateway.default_namespace


def metadata_provider(info: Info, name: inputs.ProviderName = strawberry.UNSET) -> ProviderInfo:
    return described(info.context.gateway.provider(name), info)


def metadata_providers(info: Info) -> list[ProviderInfo]:
    return [described(provider, info) for provider in info.context.gateway.providers.values()]


async def can_mutate_tags(described: list[ProviderInfo], info: Info) -> Answers[bool]:
    return await gathered(_can_mutate_tags(one.provider) for one in described)


def server_info(info: Info) -> ServerInfo:
    limits = [
        PAGE_SIZE,
        LOG_PAGE_SIZE,
        LOG_BYTES,
        LOG_LINES,
        Limit("previewLength", MAX_PREVIEW, "Characters of a preview."),
        Limit("tableRows", MAX_ROWS, "Rows of a table."),
        CARD_BYTES,
        *CODE_LIMITS,
        *info.context.gateway.limits,
    ]
    return ServerInfo(__version__, limits, list(ErrorCode))


def described(provider: Provider, info: Info) -> ProviderInfo:
    """As GraphQL shows it."""
    default = provider.name == info.context.gateway.default_metadata
    return ProviderInfo(provider.name, provider.type, provider.info, default, provider)


async def _can_mutate_tags(provider: Provider) -> bool:
    """False, too, of one that can't be asked: nothing changes through it now, and the others are still told."""
    try:
        return await provider.can_mutate_tags()
    except GatewayError:
        return False
