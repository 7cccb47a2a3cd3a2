"""The one place that knows aiobotocore, which has no types: a client of it, and what its answers are made of."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, Protocol, cast

from aiobotocore import config as aiobotocore  # pyright: ignore[reportMissingTypeStubs] - it has none
from aiobotocore.session import AioSession  # pyright: ignore[reportMissingTypeStubs] - it has none

from .. import usage
from ..errors import ProviderError
from . import faults
from .settings import S3Settings

# What Metaflow keeps with a blob (metaflow/plugins/datatools/s3/s3.py:S3.put).
_ATTRIBUTES = "metaflow-user-attributes"
_CHUNK = 256 * 1024


# Without types: as they are, nearly every use of them would be an error of its own.
_Config: Any = aiobotocore.AioConfig
_Session: Any = AioSession


class Api(Protocol):
    """The operations that are used, with S3's own names of parameters and answers."""

    async def get_object(self, **parameters: Any) -> dict[str, Any]: ...

    async def head_object(self, **parameters: Any) -> dict[str, Any]: ...

    async def list_objects_v2(self, **parameters: Any) -> dict[str, Any]: ...


class BrokenOff(Exception):
    """The reply did not come whole, or is none of S3's, such as a proxy's page."""


class Found(NamedTuple):
    """An object, or the part of it that was asked for; `size` of the whole in bytes.

    `version` is its ETag, `attributes` the JSON that Metaflow kept with it.
    """

    content: bytes
    size: int
    version: str
    attributes: bytes | None


class Listed(NamedTuple):
    """An object in a listing; `size` in bytes, `modified_ms` since the epoch, `version` its ETag."""

    key: str
    size: int
    version: str
    modified_ms: int


class Listing(NamedTuple):
    """A page of keys, in their order, and of `folders`, which are what all keys up to the next `/` begin with.

    `more`: where the next page begins, None at the end.
    """

    objects: list[Listed]
    folders: list[str]
    more: str | None


async def opened(settings: S3Settings, stack: AsyncExitStack) -> Api:
    """A client, which ends with the stack; ProviderError where the settings make none."""
    try:
        given = dict(settings.client_params)
        config = _config(settings).merge(_Config(**given.pop("config", {})))
        known = {"endpoint_url": settings.endpoint_url, "region_name": settings.region, "verify": settings.verify}
        given = {name: value for name, value in known.items() if value is not None} | given
        made = _Session(profile=settings.profile).create_client("s3", config=config, **given)
        client: Any = await stack.enter_async_context(made)
    except Exception as error:  # botocore raises whatever a setting leads to
        raise ProviderError("The gateway's settings for S3 can't be used.") from error
    client.meta.events.register("before-send.s3", _sent)
    return client


async def content(reply: Mapping[str, Any], most: int) -> bytes | None:
    """The body, None where it has more than `most` bytes: then no more of it is read. Raises BrokenOff."""
    async with reply["Body"] as body:
        version(reply)
        if int(reply.get("ContentLength") or 0) > most:
            return None
        parts, left = list[bytes](), most
        try:
            while part := await body.read(_CHUNK):
                parts.append(part)
                left -= len(part)
                if left < 0:
                    return None
        except faults.OF_BODIES as error:
            raise BrokenOff from error
        return b"".join(parts)


def found(reply: Mapping[str, Any], body: bytes) -> Found:
    attributes: str | None = reply.get("Metadata", {}).get(_ATTRIBUTES)
    return Found(body, size(reply), version(reply), None if attributes is None else attributes.encode())


def size(reply: Mapping[str, Any]) -> int:
    """Of the whole object, in bytes, out of the reply to a part of it too."""
    whole = str(reply.get("ContentRange", "")).rpartition("/")[2]
    return int(whole) if whole.isdecimal() else int(reply.get("ContentLength") or 0)


def version(reply: Mapping[str, Any]) -> str:
    """The ETag, which S3 has of everything; BrokenOff without it."""
    if not reply.get("ETag"):
        raise BrokenOff
    return str(reply["ETag"])


def listing(reply: Mapping[str, Any]) -> Listing:
    """Raises BrokenOff where it is none."""
    if "IsTruncated" not in reply:
        raise BrokenOff
    try:
        listed = [
            Listed(one["Key"], int(one["Size"]), version(one), int(one["LastModified"].timestamp() * 1000))
            for one in cast("list[dict[str, Any]]", reply.get("Contents", []))
        ]
        folders = [str(one["Prefix"]) for one in cast("list[dict[str, Any]]", reply.get("CommonPrefixes", []))]
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise BrokenOff from error
    return Listing(listed, folders, reply.get("NextContinuationToken") if reply["IsTruncated"] else None)


def _config(settings: S3Settings) -> Any:
    return _Config(
        connect_timeout=settings.connect_seconds,
        read_timeout=settings.silence_seconds,
        max_pool_connections=settings.at_once,
        retries={"mode": "standard", "total_max_attempts": settings.tries},
        # What is read has its own digest; of other stores than Amazon's, some refuse to be asked for one.
        response_checksum_validation="when_required",
        request_checksum_calculation="when_required",
        # Else megabytes of botocore's own data are read on the event loop.
        warm_up_loader_caches=True,
    )


def _sent(event_name: str, **_: object) -> None:
    """Counts what goes out, repetitions too."""
    usage.current.get().requests[f"s3 {event_name.rpartition('.')[2]}"] += 1
