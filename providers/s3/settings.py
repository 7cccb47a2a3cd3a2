"""How S3 is reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class S3Settings:
    """What Metaflow's own settings say, where they say something; all else is botocore's to find, credentials too.

    `client_params` is METAFLOW_DATATOOLS_CLIENT_PARAMS, the arguments of a boto3 client: what it says goes before
    `endpoint_url`, `verify` and `region`. A request ends after `connect_seconds` without a connection,
    `silence_seconds` without a byte, and `seconds` in all; it is tried at most `tries` times.
    """

    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    verify: str | bool | None = None
    client_params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    at_once: int = 16
    tries: int = 3
    connect_seconds: float = 5
    silence_seconds: float = 20
    seconds: float = 120

    def __repr__(self) -> str:
        """Without credentials, which several of these may hold."""
        return f"S3Settings(region={self.region!r}, profile={self.profile!r})"
