"""From the text of a configuration to its tables."""

import tomllib

import msgspec

from ..settings.metaflow_config import SettingsError
from .config import Config


def read(text: bytes) -> Config:
    """The configuration; SettingsError, which says where, if it is not one."""
    try:
        tables = tomllib.loads(text.decode())
    except UnicodeDecodeError as error:
        raise SettingsError(f"it is not UTF-8, from byte {error.start} on.") from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is of the former kind
        raise SettingsError(f"it is not TOML: {error}.") from None
    if not tables:  # as of an editor that empties a file before it writes it; at its word, it locks everyone out
        raise SettingsError("it says nothing: without [[tokens]], [[jwt]] or [proxy] nobody is let in.")
    try:
        return msgspec.convert(tables, Config)
    except (msgspec.ValidationError, RecursionError) as error:
        reason, _, place = str(error).partition(" - at `$")
        where = place.rstrip("`").removeprefix(".")
        raise SettingsError(f"{where}: {reason}." if where else f"{reason}.") from None
