"""What Metaflow's own configuration says in a folder (metaflow/metaflow_config_funcs.py, metaflow/util.py)."""

import json
import os
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

Environment = Mapping[str, str]


class SettingsError(ValueError):
    """What is configured can't be used: one line that says what to do."""


class MetaflowConfig:
    """Environment before the project's config.json before the user's; `cwd` is the folder that it is read in."""

    def __init__(self, environment: Environment, cwd: Path) -> None:
        self._environment = environment
        project, user = _project(cwd), _user(environment, cwd)
        self._values: Mapping[str, Any] = ChainMap(dict(environment), project, user)

    @property
    def default_metadata(self) -> str:
        """local, service or spin; whatever Metaflow does not know is local to it."""
        named = self._values.get("METAFLOW_DEFAULT_METADATA", "local")
        return named if named in ("service", "spin") else "local"

    @property
    def local_sysroot(self) -> str | None:
        """The folder that holds `.metaflow`, where one is configured; it need not exist."""
        configured = self._values.get("METAFLOW_DATASTORE_SYSROOT_LOCAL")
        return None if configured is None else str(configured)

    @property
    def local_datatools_root(self) -> str | None:
        """The folder of included files, where one is configured."""
        configured = self._values.get("METAFLOW_DATATOOLS_LOCALROOT")
        return None if configured is None else str(configured)

    @property
    def local_card_root(self) -> str | None:
        """The folder of cards, where one is configured."""
        configured = self._values.get("METAFLOW_CARD_LOCALROOT")
        return None if configured is None else str(configured)

    @property
    def service_url(self) -> str | None:
        """The metadata service, where one is configured."""
        configured = self._values.get("METAFLOW_SERVICE_URL")
        return None if configured is None else str(configured)

    @property
    def service_headers(self) -> dict[str, str]:
        """What is sent to it with each request; SettingsError, without their values, where they are none.

        Rule: metaflow/metaflow_config.py, SERVICE_HEADERS; requests leaves out headers that are null.
        """
        configured: Any = self._values.get("METAFLOW_SERVICE_HEADERS", {})
        key: Any = self._values.get("METAFLOW_SERVICE_AUTH_KEY")
        try:
            headers: Any = json.loads(configured) if isinstance(configured, str) else configured
            found = msgspec.convert(headers, dict[str, str | None])
        except (ValueError, RecursionError):  # msgspec's errors are of the former kind
            raise SettingsError("METAFLOW_SERVICE_HEADERS must be a JSON object of texts.") from None
        headers = {name: value for name, value in found.items() if value is not None}
        if key is None:
            return headers
        return {name: value for name, value in headers.items() if name.lower() != "x-api-key"} | {"x-api-key": str(key)}

    @property
    def s3_sysroot(self) -> str | None:
        """The datastore in S3, where one is configured."""
        return self._text("METAFLOW_DATASTORE_SYSROOT_S3")

    @property
    def s3_datatools_root(self) -> str | None:
        """Where included files are put in S3, where that is configured."""
        return self._text("METAFLOW_DATATOOLS_S3ROOT")

    @property
    def s3_endpoint_url(self) -> str | None:
        """What speaks the protocol of S3, where it is not Amazon's."""
        return self._text("METAFLOW_S3_ENDPOINT_URL")

    @property
    def s3_verify_certificate(self) -> str | bool | None:
        """The file of certificates to go by, where one is configured."""
        configured: Any = self._values.get("METAFLOW_S3_VERIFY_CERTIFICATE")
        return configured if configured is True else str(configured) if configured else None

    @property
    def s3_client_parameters(self) -> dict[str, Any]:
        """The arguments of a client of S3; SettingsError, without their values, where they are none."""
        return self._arguments("METAFLOW_DATATOOLS_CLIENT_PARAMS")

    @property
    def s3_session_variables(self) -> dict[str, Any]:
        """The arguments of the session that it is made of, such as `profile_name`; with the same error."""
        return self._arguments("METAFLOW_DATATOOLS_SESSION_VARS")

    @property
    def default_namespace(self) -> str:
        """`production:<token>` or `user:<name>`; SettingsError where Metaflow would not know either."""
        token = self._environment.get("METAFLOW_PRODUCTION_TOKEN")
        if token:
            return f"production:{token}"
        names = [self._environment.get(name) for name in ("SUDO_USER", "USERNAME", "USER")]
        for name in (self._values.get("METAFLOW_USER"), *names):
            if name and name != "root":
                return f"user:{name}"
        raise SettingsError("Metaflow has no default namespace here, as it does not know the user: set METAFLOW_USER.")

    def _text(self, name: str) -> str | None:
        """What is configured; an empty text is as good as nothing."""
        configured = self._values.get(name)
        return str(configured) if configured else None

    def _arguments(self, name: str) -> dict[str, Any]:
        configured: Any = self._values.get(name, {})
        try:
            found: Any = json.loads(configured) if isinstance(configured, str) else configured
            return msgspec.convert(found, dict[str, Any])
        except (ValueError, RecursionError):
            raise SettingsError(f"{name} must be a JSON object.") from None


def expanded(path: str, environment: Environment) -> str:
    """The path with `~` put in full."""
    home = environment.get("HOME")
    if home and (path == "~" or path.startswith("~/")):
        return home + path[1:]
    return os.path.expanduser(path)


def _project(cwd: Path) -> dict[str, Any]:
    """config.json of the nearest `.metaflow` upwards, and of no other."""
    nearest = next((folder for above in (cwd, *cwd.parents) if (folder := above / ".metaflow").is_dir()), None)
    return _read(nearest / "config.json") or {} if nearest else {}


def _user(environment: Environment, cwd: Path) -> dict[str, Any]:
    """The file of the profile, if one is chosen, instead of config.json."""
    home = environment.get("METAFLOW_HOME", "~/.metaflowconfig")
    profile = environment.get("METAFLOW_PROFILE")
    path = cwd / expanded(os.path.join(home, f"config_{profile}.json" if profile else "config.json"), environment)
    found = _read(path)
    if found is None and profile:
        raise SettingsError(f"METAFLOW_PROFILE is {profile}, but there is no {path}.")
    return found or {}


def _read(path: Path) -> dict[str, Any] | None:
    """The settings in a file; None where there is none."""
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"Metaflow's configuration {path} can't be read: {error}.") from error
    if not isinstance(found, dict):
        raise SettingsError(f"Metaflow's configuration {path} must be a JSON object.")
    return cast(dict[str, Any], found)
