"""What the command line and Metaflow's configuration come to."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from ..providers.ids import PROVIDER_NAME
from ..providers.local.provider import LocalProvider
from ..providers.local.root import DATASTORE, find_root
from ..resolvers.context import Gateway
from .limits import LIMITS
from .metaflow_config import Environment, MetaflowConfig, SettingsError, expanded

_EXAMPLE = "NAME=local@PATH"


class Options(NamedTuple):
    """As given on the command line; all may be left out."""

    metadata: Sequence[str] = ()
    default_metadata: str | None = None
    default_namespace: str | None = None
    inactive_after: float = 86_400
    stalled_after: float = 60
    public_url: str | None = None
    cors_origins: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked, and complete.

    `roots`: the folder that contains `.metaflow`, of each metadata provider by its name. `datatools_root`: where
    Metaflow was told to put included files. `card_roots`: where it may have put cards, besides a root of its own.
    """

    roots: dict[str, Path]
    default_metadata: str
    default_namespace: str | None = None
    inactive_after: float = 86_400
    stalled_after: float = 60
    public_url: str | None = None
    cors_origins: list[str] = field(default_factory=list[str])
    datatools_root: Path | None = None
    card_roots: tuple[Path, ...] = ()

    @property
    def shown_metadata(self) -> str:
        """Where metadata is read from, for people."""
        shown = {name: f"local@{root}" for name, root in self.roots.items()}
        return next(iter(shown.values())) if len(shown) == 1 else ", ".join(f"{n}={s}" for n, s in shown.items())


def settings(options: Options, environment: Environment, cwd: Path) -> Settings:
    """The settings of a process with this environment, started in `cwd`; SettingsError where they can't be used."""
    config = MetaflowConfig(environment, cwd)
    roots = _roots(options.metadata, config, environment, cwd)
    default = next(iter(roots)) if options.default_metadata is None else options.default_metadata
    if default not in roots:
        raise SettingsError(f"--default-metadata {default}: no --metadata is named so; there is {', '.join(roots)}.")
    for option, seconds in (("inactive", options.inactive_after), ("stalled", options.stalled_after)):
        if not (math.isfinite(seconds) and seconds > 0):
            raise SettingsError(f"--{option}-after {seconds}: a number of seconds above 0 is needed.")
    return Settings(
        roots,
        default,
        _namespace(options.default_namespace, config),
        options.inactive_after,
        options.stalled_after,
        None if options.public_url is None else _url("--public-url", options.public_url),
        [_origin(origin) for origin in options.cors_origins],
        None if config.local_datatools_root is None else cwd / config.local_datatools_root,
        _card_roots(config, cwd),
    )


def gateway(settings: Settings) -> Gateway:
    """The providers that are configured, and what applies where a client says nothing."""
    datatools, cards = settings.datatools_root, settings.card_roots
    providers = {
        name: LocalProvider(name, root, datatools_root=datatools, card_roots=cards)
        for name, root in settings.roots.items()
    }
    return Gateway(
        providers,
        settings.default_metadata,
        settings.default_namespace,
        settings.inactive_after,
        settings.stalled_after,
        LIMITS,
    )


def _roots(given: Sequence[str], config: MetaflowConfig, environment: Environment, cwd: Path) -> dict[str, Path]:
    if not given:
        return {"default": _configured_root(config, cwd)}
    roots: dict[str, Path] = {}
    for text in given:
        name, root = _metadata(text, environment, cwd)
        if name in roots:
            raise SettingsError(f"--metadata {name}: there is another one of this name.")
        roots[name] = root
    return roots


def _configured_root(config: MetaflowConfig, cwd: Path) -> Path:
    """Where Metaflow would read; where it would find nothing: where a flow started in `cwd` would write."""
    if config.default_metadata != "local":
        raise SettingsError(
            f"Metaflow is configured here for metadata of type {config.default_metadata}, which is not supported yet: "
            f"name a local folder by --metadata {_EXAMPLE}."
        )
    return find_root(config.local_sysroot, cwd) or cwd


def _card_roots(config: MetaflowConfig, cwd: Path) -> tuple[Path, ...]:
    """Where cards may lie: in the configured folder, and where a flow that is started in `cwd` writes them.

    Rule: metaflow/plugins/cards/card_datastore.py, get_storage_root, which does not look at the datastore's root.
    """
    configured = [] if config.local_card_root is None else [cwd / config.local_card_root]
    return *configured, (find_root(None, cwd) or cwd) / DATASTORE / "mf.cards"


def _metadata(text: str, environment: Environment, cwd: Path) -> tuple[str, Path]:
    """The name and the folder that `NAME=local@PATH` means; PATH contains `.metaflow`, or is it."""
    name, _, rest = text.partition("=")
    kind, at, path = rest.partition("@")
    if not (PROVIDER_NAME.fullmatch(name) and kind and at and path):
        raise SettingsError(f"--metadata {text}: must be of the form {_EXAMPLE}.")
    if kind in ("service", "s3"):
        raise SettingsError(f"--metadata {name}: type {kind} is not supported yet, only local is.")
    if kind != "local":
        raise SettingsError(f"--metadata {name}: there is no type {kind}; it must be of the form {_EXAMPLE}.")
    folder = Path(os.path.abspath(cwd / expanded(path, environment)))
    if not folder.is_dir():
        raise SettingsError(f"--metadata {name}: there is no folder {folder}.")
    return name, folder.parent if folder.name == DATASTORE else folder


def _namespace(given: str | None, config: MetaflowConfig) -> str | None:
    if given == "":
        raise SettingsError("--default-namespace is empty: leave it out for no namespace, which is all objects.")
    return config.default_namespace if given == "user" else given


def _url(option: str, text: str) -> str:
    """The URL without a slash at its end."""
    try:
        url = urlsplit(text)
        sound = url.scheme in ("http", "https") and url.hostname and url.port != 0 and not (url.query or url.fragment)
    except ValueError:
        sound = False
    if not sound:
        raise SettingsError(f"{option} {text}: must be a URL such as https://metaflow.example.org.")
    return text.rstrip("/")


def _origin(text: str) -> str:
    """As browsers send it; `*` is any."""
    origin = text if text == "*" else _url("--cors-origin", text).lower()
    if urlsplit(origin).path not in ("", "*"):
        raise SettingsError(f"--cors-origin {text}: an origin ends with its host and port, without a path.")
    return origin
