"""From the bytes of a pickle to inert values and their JSON, without executing any of it."""

from .columns import Column
from .decoder import decode
from .errors import DecodingError, TooLarge, Unreadable
from .json_view import JSON, to_json
from .limits import Limits
from .names import type_name
from .previews import preview
from .stand_ins import Global, Instance, Key
from .streams import TableReader
from .tables import Table, table

__all__ = [
    "JSON",
    "Column",
    "DecodingError",
    "Global",
    "Instance",
    "Key",
    "Limits",
    "Table",
    "TableReader",
    "TooLarge",
    "Unreadable",
    "decode",
    "preview",
    "table",
    "to_json",
    "type_name",
]
