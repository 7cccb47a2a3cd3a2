"""The file of trusted documents."""

from collections.abc import Mapping
from pathlib import Path

from ...providers.watched_files import WatchedFile, reason_of
from .manifests import BadManifest, documents_in

_LARGEST = 2**26  # bytes

# By their ids, and by the SHA-256 of their texts.
TrustedDocuments = WatchedFile[Mapping[str, str]]


def trusted_documents(path: Path) -> TrustedDocuments:
    """The documents of a manifest, as the file stands; BadManifest at once if it can't be used."""
    try:
        return WatchedFile(path, _LARGEST, documents_in)
    except OSError as error:
        raise BadManifest(f"{path} can't be read: {reason_of(error)}") from error
    except ValueError as error:
        raise BadManifest(f"{path} can't be used: {error}") from error
