"""What Metaflow's files hold, as far as it is read: the rest of them may be of any form."""

import json
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from ..records import ArtifactInfo
from .files import Unreadable

T = TypeVar("T")

# The years 1 to 9999, in ms since the epoch.
Time = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000, le=253_402_300_799_999)]


class Own(msgspec.Struct):
    """`_self.json` of a flow, step or task."""

    ts_epoch: Time


class OwnOfRun(msgspec.Struct):
    """`_self.json` of a run."""

    ts_epoch: Time
    tags: list[str] | None = None
    system_tags: list[str] | None = None
    user_name: str | None = None


class Event(msgspec.Struct):
    """`sysmeta_<field_name>_<ms>.json`; a value may be any JSON."""

    field_name: str
    ts_epoch: Time
    value: Any = None
    type: str | None = None
    tags: list[str] | None = None


class Artifact(msgspec.Struct):
    """`<attempt>_artifact_<name>.json`"""

    sha: str
    ts_epoch: Time
    content_type: str | None = None
    location: str | None = None


class Exit(msgspec.Struct):
    """`<attempt>.runtime`, by the scheduler once the process has ended."""

    success: bool | None = None
    killed: bool | None = None


class Data(msgspec.Struct):
    """`<attempt>.data.json`"""

    info: dict[str, ArtifactInfo] | None = None


class Stored(msgspec.Struct):
    """`<sha>_meta` beside a blob; `cas_version` may be absent only of what is raw."""

    cas_raw: bool = False
    cas_version: int = -1


class Form(Generic[T]):
    """Reads files of one form."""

    def __init__(self, form: type[T]) -> None:
        self._form = form
        self._decoder = msgspec.json.Decoder(form)

    def read(self, data: bytes) -> T:
        """Raises Unreadable."""
        try:
            return self._decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._as_python_reads(data)

    def _as_python_reads(self, data: bytes) -> T:
        # Python writes NaN and lone surrogates into JSON, which the fast decoder rightly refuses.
        try:
            return msgspec.convert(_without_surrogates(json.loads(data.decode())), self._form)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Unreadable("it is half-written, damaged or not of Metaflow's form") from error


OWN = Form(Own)
OWN_OF_RUN = Form(OwnOfRun)
EVENT = Form(Event)
ARTIFACT = Form(Artifact)
EXIT = Form(Exit)
DATA = Form(Data)
STORED = Form(Stored)


def text_of(value: Any) -> str | None:
    """A metadata value as it is sent: text as it is, null as None, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]  # pyright: ignore[reportUnknownVariableType] - any JSON
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType] - any JSON
    return value
