"""Artifacts without what gives their values away: anybody can hash True."""

from typing import TypeVar

import msgspec

from .. import records
from .permissions import Permissions
from .sight import Seen

V = TypeVar("V")


def shown(found: V, granted: Seen) -> V:
    """The same, but of an artifact whose value may not be read, granted so of its run, without its hash and place."""
    if not isinstance(found, records.DataArtifact) or not isinstance(granted, Permissions) or granted.shows(found.name):
        return found
    return msgspec.structs.replace(found, sha="", location=None, blob=found.sha)
