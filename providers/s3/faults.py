"""What S3 says when it does not give what was asked for, in the gateway's own errors."""

from typing import Any, cast

from aiohttp import ClientError as BrokenBody
from botocore import exceptions as boto  # pyright: ignore[reportMissingTypeStubs] - it has none

from ..errors import ArtifactUnreadable, GatewayError, ProviderError, ProviderUnavailable

# A body may break off in an error, too, where nobody translates it.
OF_BODIES = (BrokenBody, boto.ResponseStreamingError, boto.IncompleteReadError, boto.ReadTimeoutError)
OF_REQUESTS = (boto.BotoCoreError, boto.ClientError)

_GONE = frozenset({"NoSuchKey", "NoSuchVersion"})
# Without a code of S3's: a reply to HEAD has no body that could hold one.
_BARE = "404"
_CREDENTIALS = frozenset(
    {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidToken",
        "InvalidClientTokenId",
        "TokenRefreshRequired",
        "RequestTimeTooSkewed",
    }
)
_THROTTLED = frozenset({"SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestTimeout"})
# Nothing of these gets better by trying again.
_SETTINGS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.NoRegionError,
    boto.ConfigParseError,
    boto.ConfigNotFound,
    boto.ParamValidationError,
    boto.UnauthorizedSSOTokenError,
    boto.SSOError,
    boto.TokenRetrievalError,
)


def is_gone(error: Exception) -> bool:
    """Whether there is no such object."""
    if not isinstance(error, boto.ClientError):
        return False
    operation: str = getattr(error, "operation_name", "")
    return _code(error) in _GONE or (_code(error) == _BARE and operation == "HeadObject")


def is_past_the_end(error: Exception) -> bool:
    """Whether the object has no byte where the part that was asked for begins."""
    return isinstance(error, boto.ClientError) and (_code(error) in ("InvalidRange", "416") or _status(error) == 416)


def is_passing(error: Exception) -> bool:
    """Whether it is worth another try, which botocore does not make: what is said without a code of S3's."""
    return isinstance(error, boto.ClientError) and _code(error) in (_BARE, "429")


def told(error: Exception) -> GatewayError:
    """The error for a client, without a word of what S3 or the connection said: it may name hosts and keys."""
    if isinstance(error, boto.ClientError):
        return _refused(_code(error), _status(error))
    if isinstance(error, _SETTINGS):
        return ProviderError("The gateway's settings or credentials for S3 are incomplete.")
    return ProviderUnavailable("S3 did not answer; try again.")


def _refused(code: str, status: int) -> GatewayError:
    if code == "NoSuchBucket":
        return ArtifactUnreadable("The bucket in S3 that it is stored in does not exist.")
    if code in _CREDENTIALS:
        return ProviderError("S3 refuses the gateway's credentials.")
    if code == "InvalidObjectState":
        return ArtifactUnreadable("It was moved to an archive in S3, from where it has to be restored first.")
    if code in _THROTTLED or status >= 500 or status == 429:
        return ProviderUnavailable("S3 did not answer; try again.")
    if code in ("PreconditionFailed", "412"):
        return ProviderUnavailable("It was written anew while it was read; try again.")
    if status in (401, 403):
        return ArtifactUnreadable("The gateway may not read it in S3.")
    return ArtifactUnreadable("S3 does not give it.")


def _code(error: boto.ClientError) -> str:
    return str(_response(error).get("Error", {}).get("Code", ""))


def _status(error: boto.ClientError) -> int:
    return int(_response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _response(error: boto.ClientError) -> dict[str, Any]:
    return cast("dict[str, Any]", error.response)
