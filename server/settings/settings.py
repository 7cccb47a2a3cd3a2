"""What the command line and Metaflow's configuration come to."""

import math
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from ...providers.base import Provider
from ...providers.datastores import Datastores
from ...providers.local.datastore import LocalDatastore
from ...providers.local.provider import LocalProvider
from ...providers.local.root import DATASTORE, find_root
from ...providers.s3.datastore import S3Datastore
from ...providers.s3.provider import S3Provider
from ...providers.service.client import Client
from ...providers.service.provider import ServiceProvider
from ...resolvers.context import Gateway
from ..limits import LIMITS
from ..persisted.documents import Mode, PersistedDocuments
from ..persisted.manifests import BadManifest
from ..persisted.trusted import trusted_documents
from .metaflow_config import Environment, MetaflowConfig, SettingsError, expanded
from .s3_access import S3Access, S3Options, s3_access
from .sources import S3, HeaderOptions, Local, Service, Source, Sources
from .tls import trusted
from .urls import web_url

_NOT_THE_SERVICE = (
    "METAFLOW_SERVICE_URL is set, but METAFLOW_DEFAULT_METADATA is not service: reading local metadata, as Metaflow "
    "would."
)

_OWN_PORTS = {"http": ":80", "https": ":443"}


class Options(NamedTuple):
    """As given on the command line; all may be left out."""

    metadata: Sequence[str] = ()
    default_metadata: str | None = None
    default_namespace: str | None = None
    inactive_after: float = 86_400
    stalled_after: float = 60
    public_url: str | None = None
    cors_origins: Sequence[str] = ()
    service_headers: HeaderOptions = HeaderOptions()
    s3: S3Options = S3Options()
    graphiql: bool = True
    everyone_may_read_and_tag: bool = False
    persisted_documents: str = Mode.OFF
    trusted_documents: str | None = None
    config: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked, and complete.

    `metadata`: where each metadata provider reads, by its name. `datatools_root`: where Metaflow was told to put
    included files. `card_roots`: where it may have put cards, besides a root of its own. `datastore_root`: the folder
    that contains `.metaflow`, for what services say is in a local datastore. `s3`: how S3 is reached. `tls`: whom to
    trust that a metadata service is the one, if not whom the system does. `documents`: those that are known before they
    are asked for. `notice`: a line on what may not be meant so. `everyone_may_read_and_tag`: whether other machines may
    reach it, though nobody is asked who they are. `config`: the file of access control; None: there is none.
    """

    metadata: dict[str, Source]
    default_metadata: str
    default_namespace: str | None = None
    inactive_after: float = 86_400
    stalled_after: float = 60
    public_url: str | None = None
    cors_origins: list[str] = field(default_factory=list[str])
    datatools_root: Path | None = None
    card_roots: tuple[Path, ...] = ()
    datastore_root: Path | None = None
    s3: S3Access = field(default_factory=S3Access)
    tls: ssl.SSLContext | None = None
    documents: PersistedDocuments | None = None
    notice: str | None = None
    graphiql: bool = True
    everyone_may_read_and_tag: bool = False
    config: Path | None = None

    @property
    def shown_metadata(self) -> str:
        """Where metadata is read from, for people: without credentials."""
        shown = {name: source.shown for name, source in self.metadata.items()}
        return next(iter(shown.values())) if len(shown) == 1 else ", ".join(f"{n}={s}" for n, s in shown.items())


def settings(options: Options, environment: Environment, cwd: Path) -> Settings:
    """The settings of a process with this environment, started in `cwd`; SettingsError where they can't be used."""
    config = MetaflowConfig(environment, cwd)
    _check_seconds(options)
    metadata = Sources(config, environment, cwd).named(options.metadata, options.service_headers)
    default = next(iter(metadata)) if options.default_metadata is None else options.default_metadata
    if default not in metadata:
        raise SettingsError(f"--default-metadata {default}: no --metadata is named so; there is {', '.join(metadata)}.")
    remote = any(not isinstance(source, Local) for source in metadata.values())
    own_roots = [source.url for source in metadata.values() if isinstance(source, S3)]
    if options.config and options.everyone_may_read_and_tag:
        raise SettingsError("--config says who may read and tag: leave --everyone-may-read-and-tag out, or it.")
    return Settings(
        metadata,
        default,
        default_namespace=_namespace(options.default_namespace, config),
        inactive_after=options.inactive_after,
        stalled_after=options.stalled_after,
        public_url=None if options.public_url is None else _url("--public-url", options.public_url),
        cors_origins=[_origin(origin) for origin in options.cors_origins],
        datatools_root=None if config.local_datatools_root is None else cwd / config.local_datatools_root,
        card_roots=_card_roots(config, cwd),
        datastore_root=find_root(config.local_sysroot, cwd) if remote else None,
        s3=s3_access(options.s3, config, environment, cwd, own_roots, needed=remote),
        tls=trusted(environment) if options.config or any(map(_is_encrypted, metadata.values())) else None,
        documents=_documents(Mode(options.persisted_documents), options.trusted_documents, cwd),
        notice=_NOT_THE_SERVICE if config.service_url and not (options.metadata or remote) else _nothing_yet(metadata),
        graphiql=options.graphiql,
        everyone_may_read_and_tag=options.everyone_may_read_and_tag,
        config=None if options.config is None else cwd / expanded(options.config, environment),
    )


def _nothing_yet(metadata: Mapping[str, Source]) -> str | None:
    """Of a folder in which no flow was ever run, or which is another than was meant."""
    roots = [source.root for source in metadata.values() if isinstance(source, Local)]
    missing = next((root for root in roots if not (root / DATASTORE).is_dir()), None)
    return f"There is no {DATASTORE} in {missing} yet: no runs are found there." if missing else None


def gateway(settings: Settings) -> Gateway:
    """The providers that are configured, and what applies where a client says nothing."""
    s3 = settings.s3.datastore()
    providers = {name: _provider(name, source, settings, s3) for name, source in settings.metadata.items()}
    return Gateway(
        providers,
        settings.default_metadata,
        settings.default_namespace,
        settings.inactive_after,
        settings.stalled_after,
        LIMITS,
    )


def _provider(name: str, source: Source, settings: Settings, s3: S3Datastore) -> Provider:
    """`s3`: what is in S3, of all providers."""
    if isinstance(source, Local):
        datatools, cards = settings.datatools_root, settings.card_roots
        return LocalProvider(name, source.root, datatools_root=datatools, card_roots=cards, s3=s3)
    here = LocalDatastore(settings.datastore_root, settings.datatools_root, card_roots=settings.card_roots)
    datastore = Datastores(here, s3)
    if isinstance(source, S3):
        return S3Provider(name, source.url, s3, datastore)
    client = Client(source.url, source.headers, name=f"The metadata provider {name}", tls=settings.tls)
    return ServiceProvider(name, client, datastore)


def _is_encrypted(source: Source) -> bool:
    return isinstance(source, Service) and source.url.startswith("https:")


def _check_seconds(options: Options) -> None:
    given = {
        "inactive-after": options.inactive_after,
        "stalled-after": options.stalled_after,
        "service-headers-seconds": options.service_headers.seconds,
    }
    for option, seconds in given.items():
        if not (math.isfinite(seconds) and seconds > 0):
            raise SettingsError(f"--{option} {seconds}: a number of seconds above 0 is needed.")


def _card_roots(config: MetaflowConfig, cwd: Path) -> tuple[Path, ...]:
    """Where cards may lie: in the configured folder, and where a flow that is started in `cwd` writes them.

    Rule: metaflow/plugins/cards/card_datastore.py, get_storage_root, which does not look at the datastore's root.
    """
    configured = [] if config.local_card_root is None else [cwd / config.local_card_root]
    return *configured, (find_root(None, cwd) or cwd) / DATASTORE / "mf.cards"


def _namespace(given: str | None, config: MetaflowConfig) -> str | None:
    if given == "":
        raise SettingsError("--default-namespace is empty: leave it out for no namespace, which is all objects.")
    return config.default_namespace if given == "user" else given


def _documents(mode: Mode, manifest: str | None, cwd: Path) -> PersistedDocuments | None:
    if manifest is None and mode is Mode.ONLY:
        raise SettingsError("--persisted-documents only: say by --trusted-documents which they are.")
    if manifest is None:
        return None if mode is Mode.OFF else PersistedDocuments(mode)
    if mode is Mode.OFF:
        message = "answer them beside others by --persisted-documents on, or them alone by --persisted-documents only."
        raise SettingsError(f"--trusted-documents {manifest}: {message}")
    try:
        return PersistedDocuments(mode, trusted_documents(cwd / Path(manifest).expanduser()))
    except BadManifest as error:
        raise SettingsError(f"--trusted-documents: {error}.") from error


def _url(option: str, text: str) -> str:
    return web_url(f"{option} {text}", text, "https://metaflow.example.org")


def _origin(text: str) -> str:
    """The one origin, as browsers send it: in lower case, and without a port that goes without saying."""
    if "*" in text:
        raise SettingsError(f"--cors-origin {text}: origins are listed one by one, without wildcards.")
    url = urlsplit(_url("--cors-origin", text).lower())
    if url.path or "@" in url.netloc:
        raise SettingsError(f"--cors-origin {text}: an origin is a scheme, a host and a port, and nothing else.")
    return f"{url.scheme}://{url.netloc.removesuffix(_OWN_PORTS[url.scheme]).removesuffix(':')}"
