"""Which certificates of metadata services are trusted."""

import ssl
from pathlib import Path

from .metaflow_config import Environment, SettingsError

# Read by requests, with which Metaflow's client asks the service (requests/sessions.py).
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def trusted(environment: Environment) -> ssl.SSLContext | None:
    """What is signed by the authorities in the file or folder that the environment names; None: as the system says."""
    for name in _BUNDLES:
        if bundle := environment.get(name):
            return _signed_by(name, Path(bundle))
    return None


def _signed_by(name: str, bundle: Path) -> ssl.SSLContext:
    try:
        if bundle.is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except (OSError, ValueError):  # ssl.SSLError is of the former kind
        raise SettingsError(f"{name}: {bundle} can't be read as certificates.") from None
