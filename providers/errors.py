"""Faults that a client is told of by their code.

GatewayError
├── BadUserInput             an argument that means nothing here
│   ├── InvalidPathspec      a pathspec, or a part of one, that Metaflow could not have written
│   └── UnknownMetadataProvider
├── NotFound                 mutations and files: elsewhere absent is None
├── NamespaceMismatch        it exists, outside of the namespace
├── Forbidden                whoever asks may see that it is there, and not what it holds; or may not change it
├── LimitExceeded            more than the gateway gives in one answer
├── TimedOut                 not answered within the time of an operation; trying again may help
├── ArtifactError
│   ├── ArtifactTooLarge
│   └── ArtifactUnreadable
├── ProviderError            what the provider holds or says can't be used; some may help to try again
│   ├── CorruptMetadata
│   └── ProviderUnavailable  it did not answer; trying again may help
└── TaggingError
    ├── InvalidTag
    ├── SystemTag
    ├── TagConflict          others change the same run's tags all the time; trying again may help
    └── ReadOnlyProvider
"""

from typing import ClassVar, TypeVar

E = TypeVar("E", bound=BaseException)


class GatewayError(Exception):
    """A fault with a message for the client: it names the pathspec and says what to do, never where files lie."""

    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"
    # Whether trying again may help; None: nothing is said of it.
    retryable: bool | None = None


class BadUserInput(GatewayError):
    """An argument that means nothing here."""

    code = "BAD_USER_INPUT"


class InvalidPathspec(BadUserInput):
    """A pathspec, or a part of one, that Metaflow could not have written."""

    code = "INVALID_PATHSPEC"


class UnknownMetadataProvider(BadUserInput):
    """A name that is none of the configured metadata providers'."""

    code = "UNKNOWN_METADATA_PROVIDER"


class NotFound(GatewayError):
    """What a mutation is about, or what a URL of a file names, does not exist."""

    code = "NOT_FOUND"


class NamespaceMismatch(GatewayError):
    """The object exists, outside of the namespace."""

    code = "NAMESPACE_MISMATCH"


class Forbidden(GatewayError):
    """Whoever asks may see that it is there, and not what it holds; or may not change it.

    `name`: of the metadata event that is withheld, where that is what it is about.
    """

    code = "FORBIDDEN"

    def __init__(self, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name


class LimitExceeded(GatewayError):
    """More than the gateway gives in one answer."""

    code = "LIMIT_EXCEEDED"


class Busy(GatewayError):
    """Others take up what it needs at the moment."""

    code = "RATE_LIMITED"
    retryable = True


class TimedOut(GatewayError):
    """What it takes was not there within the time of an operation."""

    code = "TIMEOUT"
    retryable = True


class ArtifactError(GatewayError):
    """An artifact's value can't be given."""


class ArtifactTooLarge(ArtifactError):
    """Stored or decoded, it is beyond the limit."""

    code = "ARTIFACT_TOO_LARGE"


class ArtifactUnreadable(ArtifactError):
    """Its bytes are gone, damaged, or of an encoding that the gateway does not know."""

    code = "ARTIFACT_UNREADABLE"


class ProviderError(GatewayError):
    """What the provider holds or says can't be used."""

    code = "PROVIDER_ERROR"
    retryable = False

    def __init__(self, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        if retryable is not None:
            self.retryable = retryable


class CorruptMetadata(ProviderError):
    """A record that is half-written, unreadable or not of the form that Metaflow writes.

    `name`: of the metadata event that it should hold, where that is known.
    """

    code = "CORRUPT_METADATA"
    retryable = None

    def __init__(self, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name


class ProviderUnavailable(ProviderError):
    """The provider did not answer."""

    code = "PROVIDER_UNAVAILABLE"
    retryable = True


class TaggingError(GatewayError):
    """Tags that were not changed."""


class InvalidTag(TaggingError):
    """Metaflow would reject it, or there is nothing to add or remove."""

    code = "INVALID_TAG"


class SystemTag(TaggingError):
    """System tags can't be removed."""

    code = "SYSTEM_TAG"


class TagConflict(TaggingError):
    """Others changed the same run's tags at each try."""

    code = "TAG_CONFLICT"
    retryable = True


class ReadOnlyProvider(TaggingError):
    """The provider does not change tags."""

    code = "READ_ONLY_PROVIDER"


def alone(error: E) -> E:
    """The same error, to be kept: what a client is told, without its traceback and what led to it.

    They hold all that stood where it was raised, down to the request, and that refers to the error in turn: thousands
    of them would be left to the garbage collector. Our own faults, which are logged, keep theirs.
    """
    if isinstance(error, GatewayError) and error.code != GatewayError.code:
        error.__traceback__ = error.__cause__ = error.__context__ = None
    return error
