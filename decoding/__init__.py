"""From the bytes of a pickle to inert values and their JSON, without executing any of it."""

from .decoder import decode
from .errors import DecodingError, TooLarge, Unreadable
from .json_view import JSON, to_json
from .limits import Limits
from .names import type_name
from .previews import preview
from .stand_ins import Global, Instance, Key

__all__ = [
    "JSON",
    "DecodingError",
    "Global",
    "Instance",
    "Key",
    "Limits",
    "TooLarge",
    "Unreadable",
    "decode",
    "preview",
    "to_json",
    "type_name",
]
