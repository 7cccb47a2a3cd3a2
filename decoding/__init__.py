"""From the bytes of a pickle to inert values and their JSON, without executing any of it."""

from .errors import DecodingError, TooLarge, Unreadable
from .limits import Limits
from .reading.decoder import decode
from .reading.streams import TableReader
from .stand_ins import Global, Instance, Key
from .views.json_view import JSON, to_json
from .views.previews import preview
from .views.rows import Column
from .views.tables import Table, table
from .views.type_names import type_name

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
