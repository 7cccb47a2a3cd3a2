"""How S3 is reached, and what in it may be read: what Metaflow's configuration and the options say."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...providers.disk_cache import DiskCache
from ...providers.s3.client import S3Client
from ...providers.s3.datastore import S3Datastore
from ...providers.s3.locations import location
from ...providers.s3.settings import S3Settings
from .metaflow_config import Environment, MetaflowConfig, SettingsError, expanded

DISK_CACHE_BYTES = 10 * 2**30
S3_URL = "a URL such as s3://bucket/prefix"


class S3Options(NamedTuple):
    """`roots` besides the configured ones; `disk_cache`: a folder, of which `disk_cache_bytes` are used."""

    roots: Sequence[str] = ()
    disk_cache: str | None = None
    disk_cache_bytes: int = DISK_CACHE_BYTES


@dataclass(frozen=True, slots=True)
class S3Access:
    """Checked. `roots`: under these datastores are read, and at `datatools_roots` included files."""

    settings: S3Settings = field(default_factory=S3Settings)
    roots: tuple[str, ...] = ()
    datatools_roots: tuple[str, ...] = ()
    disk_cache: Path | None = None
    disk_cache_bytes: int = DISK_CACHE_BYTES

    def datastore(self) -> S3Datastore:
        """What is under the roots; nothing is asked before it is needed."""
        disk = None if self.disk_cache is None else DiskCache(self.disk_cache, self.disk_cache_bytes)
        return S3Datastore(S3Client(self.settings), self.roots, datatools_roots=self.datatools_roots, disk=disk)


def s3_access(
    options: S3Options,
    config: MetaflowConfig,
    environment: Environment,
    cwd: Path,
    own_roots: Iterable[str],
    *,
    needed: bool,
) -> S3Access:
    """The access of a process; SettingsError where it can't be used.

    `own_roots`: of its metadata providers. `needed`: whether one of them is a service or S3; all is local otherwise,
    and roots of Metaflow's configuration that are none are left out.
    """
    roots = [*_configured("DATASTORE_SYSROOT_S3", config.s3_sysroot, needed=needed), *own_roots]
    roots += [s3_url("--s3-root", root) for root in options.roots]
    if options.disk_cache_bytes <= 0:
        raise SettingsError(f"--disk-cache-bytes {options.disk_cache_bytes}: a number above 0 is needed.")
    return S3Access(
        _settings(config),
        tuple(dict.fromkeys(roots)),
        _configured("DATATOOLS_S3ROOT", config.s3_datatools_root, needed=needed),
        None if options.disk_cache is None else _folder(options.disk_cache, environment, cwd),
        options.disk_cache_bytes,
    )


def s3_url(option: str, text: str) -> str:
    """The URL of a datastore, without a slash at its end."""
    if location(text) is None:
        raise SettingsError(f"{option}: must be {S3_URL}.")
    return text.rstrip("/")


def _configured(name: str, text: str | None, *, needed: bool) -> tuple[str, ...]:
    if not text or (not needed and location(text) is None):
        return ()
    return (s3_url(f"METAFLOW_{name}", text),)


def _settings(config: MetaflowConfig) -> S3Settings:
    """Rule: metaflow/metaflow_config.py, DATATOOLS_CLIENT_PARAMS, and boto3.Session, which session variables are of."""
    session: dict[str, Any] = dict(config.s3_session_variables)
    profile, region = session.pop("profile_name", None), session.pop("region_name", None)
    params = {**session, **config.s3_client_parameters}
    verify = config.s3_verify_certificate or params.pop("verify", None)
    return S3Settings(
        endpoint_url=config.s3_endpoint_url,
        region=region,
        profile=profile,
        verify=verify,
        client_params={name: value for name, value in params.items() if name != "verify"},
    )


def _folder(text: str, environment: Environment, cwd: Path) -> Path:
    folder = Path(os.path.abspath(cwd / expanded(text, environment)))
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"--disk-cache {folder}: it is no folder.")
    return folder
