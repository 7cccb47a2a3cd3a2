"""What Metaflow's files hold, as far as it is read: the rest of them may be of any form."""

import json
from typing import Any, Generic, TypeVar

import msgspec

from .records import ArtifactInfo

T = TypeVar("T")


class Malformed(Exception):
    """The bytes are not of the form that Metaflow writes; the text says so."""


class Data(msgspec.Struct):
    """`<attempt>.data.json`"""

    info: dict[str, ArtifactInfo] | None = None


class Stored(msgspec.Struct):
    """How a blob is stored: `<sha>_meta` beside it, or what S3 keeps with it.

    `cas_version` may be absent only of what is raw.
    """

    cas_raw: bool = False
    cas_version: int = -1


class Form(Generic[T]):
    """Reads files of one form."""

    def __init__(self, form: type[T]) -> None:
        self._form = form
        self._decoder = msgspec.json.Decoder(form)

    def read(self, data: bytes) -> T:
        """Raises Malformed."""
        try:
            return self._decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._as_python_reads(data)

    def _as_python_reads(self, data: bytes) -> T:
        # Python writes NaN and lone surrogates into JSON, which the fast decoder rightly refuses.
        try:
            return msgspec.convert(_without_surrogates(json.loads(data.decode())), self._form)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Malformed("it is half-written, damaged or not of Metaflow's form") from error


DATA = Form(Data)
STORED = Form(Stored)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]  # pyright: ignore[reportUnknownVariableType] - any JSON
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType] - any JSON
    return value
