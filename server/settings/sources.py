"""Where metadata is read from: what `--metadata` says, or else what Metaflow's configuration does."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ...providers.ids import PROVIDER_NAME
from ...providers.local.root import DATASTORE, find_root
from ...providers.service import credentials
from ...providers.service.credentials import BadHeaders, Headers, HeadersCommand, HeadersFile
from .metaflow_config import Environment, MetaflowConfig, SettingsError, expanded
from .s3_access import s3_url
from .urls import origin, web_url

FORMS = "NAME=local@PATH, NAME=service@URL or NAME=s3@URL"
_FILE, _COMMAND = "--service-headers-file", "--service-headers-command"
_SERVICE_URL = "https://metadata.example.org"


@dataclass(frozen=True, slots=True)
class Local:
    """Metadata in the folder `.metaflow` of `root`."""

    root: Path

    @property
    def shown(self) -> str:
        """For people."""
        return f"local@{self.root}"


@dataclass(frozen=True, slots=True)
class Service:
    """A metadata service. `url` is without user and password, which are in `headers`."""

    url: str
    headers: Headers

    @property
    def shown(self) -> str:
        """For people: without any credentials."""
        return f"service@{self.url}"


@dataclass(frozen=True, slots=True)
class S3:
    """What a datastore in S3 tells without metadata. `url`: s3://bucket/prefix."""

    url: str

    @property
    def shown(self) -> str:
        """For people."""
        return f"s3@{self.url}"


Source = Local | Service | S3
# Of which the headers are still to be found.
_Place = Local | S3 | str


class HeaderOptions(NamedTuple):
    """`files` and `commands` as given, `[NAME=]FILE` and `[NAME=]COMMAND`; `seconds`: how long a command's are kept."""

    files: Sequence[str] = ()
    commands: Sequence[str] = ()
    seconds: float = 60


class Sources:
    """Reads what the options mean in a folder; SettingsError, without any credentials, where that can't be used."""

    def __init__(self, config: MetaflowConfig, environment: Environment, cwd: Path) -> None:
        self._config = config
        self._environment = environment
        self._cwd = cwd

    def named(self, metadata: Sequence[str], headers: HeaderOptions) -> dict[str, Source]:
        """The sources by their names; what Metaflow's configuration says is called `default`."""
        places = self._given(metadata) if metadata else {"default": self._configured()}
        services = [name for name, place in places.items() if isinstance(place, str)]
        own = self._own_headers(headers, services)
        return {
            name: self._service(place, own.get(name), alone=len(services) == 1) if isinstance(place, str) else place
            for name, place in places.items()
        }

    def _given(self, metadata: Sequence[str]) -> dict[str, _Place]:
        """The place of each name; of a service its URL."""
        places: dict[str, _Place] = {}
        for text in metadata:
            name, _, rest = text.partition("=")
            kind, at, info = rest.partition("@")
            if not PROVIDER_NAME.fullmatch(name):
                raise SettingsError(f"--metadata must be of the form {FORMS}.")
            if not (kind and at and info):
                raise SettingsError(f"--metadata {name}: must be of the form {FORMS}.")
            if name in places:
                raise SettingsError(f"--metadata {name}: there is another one of this name.")
            places[name] = self._place(name, kind, info)
        return places

    def _place(self, name: str, kind: str, info: str) -> _Place:
        if kind == "service":
            return web_url(f"--metadata {name}", info, _SERVICE_URL)
        if kind == "s3":
            return S3(s3_url(f"--metadata {name}", info))
        if kind != "local":
            raise SettingsError(f"--metadata {name}: there is no such type; it must be of the form {FORMS}.")
        folder = Path(os.path.abspath(self._cwd / expanded(info, self._environment)))
        if not folder.is_dir():
            raise SettingsError(f"--metadata {name}: there is no folder {folder}.")
        return Local(folder.parent if folder.name == DATASTORE else folder)

    def _configured(self) -> _Place:
        """What Metaflow would read; where it would find no folder: the one that a flow started here would write in."""
        kind = self._config.default_metadata
        if kind == "service":
            if not self._config.service_url:
                raise SettingsError("Metaflow is configured here for a metadata service: set METAFLOW_SERVICE_URL.")
            return web_url("METAFLOW_SERVICE_URL", self._config.service_url, _SERVICE_URL)
        if kind != "local":
            raise SettingsError(
                f"Metaflow is configured here for metadata of type {kind}, which is not supported: "
                f"name others by --metadata {FORMS}."
            )
        return Local(find_root(self._config.local_sysroot, self._cwd) or self._cwd)

    def _service(self, url: str, own: HeadersFile | HeadersCommand | None, *, alone: bool) -> Service:
        bare, authorization = credentials.apart(url)
        headers = Headers(authorization, own)
        if own or not self._configured_for(bare, alone=alone):
            return Service(bare, headers)
        try:
            return Service(bare, headers.beside(self._config.service_headers))
        except BadHeaders as error:
            raise SettingsError(f"METAFLOW_SERVICE_HEADERS can't be used: {error}.") from None

    def _configured_for(self, url: str, *, alone: bool) -> bool:
        """Whether Metaflow's headers are meant for this service: no other one may learn them."""
        configured = self._config.service_url
        return origin(configured) == origin(url) if configured else alone

    def _own_headers(
        self, options: HeaderOptions, services: Sequence[str]
    ) -> Mapping[str, HeadersFile | HeadersCommand]:
        """What is to be read or run, for each service that an option names, or that none names and one is for all."""
        found: dict[str | None, HeadersFile | HeadersCommand] = {}
        for option, text in [*((_FILE, text) for text in options.files), *((_COMMAND, t) for t in options.commands)]:
            name, given = _name_and_rest(text)
            if not services or name not in (None, *services):
                known = f"there is {', '.join(services)}" if services else "there is none"
                raise SettingsError(f"{option} {name or ''}".rstrip() + f": no such metadata service; {known}.")
            if name in found:
                raise SettingsError(f"{option} {name or ''}".rstrip() + ": there is another one for the same service.")
            found[name] = self._headers(option, given, options.seconds)
        common = dict.fromkeys(services, found.pop(None)) if None in found else {}
        return common | {name: source for name, source in found.items() if name is not None}

    def _headers(self, option: str, given: str, seconds: float) -> HeadersFile | HeadersCommand:
        try:
            if option == _COMMAND:
                return HeadersCommand(given, seconds)
            return HeadersFile(self._cwd / expanded(given, self._environment))
        except BadHeaders as error:
            raise SettingsError(f"{option}: {error}.") from None


def _name_and_rest(text: str) -> tuple[str | None, str]:
    """No program is called NAME=…, and a file can be called ./NAME=…"""
    name, equals, rest = text.partition("=")
    return (name, rest) if equals and PROVIDER_NAME.fullmatch(name) else (None, text)
