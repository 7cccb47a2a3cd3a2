"""URLs in options and in Metaflow's configuration."""

from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from .metaflow_config import SettingsError

# RFC 3986, section 2: besides letters and digits, and with what stands for all others.
_OF_URLS = ":/?#[]@!$&'()*+,;=-._~%"
_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Where requests go, and with them their headers."""

    scheme: str
    host: str | None
    port: int | None


def web_url(option: str, text: str, example: str) -> str:
    """The URL without a slash at its end; SettingsError, which shows no more than `option`, where it is none."""
    try:
        url = urlsplit(text)
        sound = url.scheme in _PORTS and url.hostname and url.port != 0 and not (url.query or url.fragment)
        sound = sound and quote(text, safe=_OF_URLS) == text and ":" not in unquote(url.username or "")
    except ValueError:  # of UnicodeEncodeError's kind as well: half of a surrogate pair
        sound = False
    if not sound:
        raise SettingsError(f"{option}: must be a URL such as {example}.")
    return text.rstrip("/")


def origin(url: str) -> Origin | None:
    """The origin; None where it is no URL."""
    try:
        parts = urlsplit(url)
        return Origin(parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme))
    except ValueError:
        return None
