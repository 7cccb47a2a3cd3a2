"""What Metaflow's files of metadata hold, as far as it is read: the rest of them may be of any form."""

from typing import Annotated, Any, TypeVar

import msgspec

from .. import forms
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


class Form(forms.Form[T]):
    """Reads files of one form."""

    def read(self, data: bytes) -> T:
        """Raises Unreadable."""
        try:
            return super().read(data)
        except forms.Malformed as error:
            raise Unreadable(str(error)) from error


OWN = Form(Own)
OWN_OF_RUN = Form(OwnOfRun)
EVENT = Form(Event)
ARTIFACT = Form(Artifact)
EXIT = Form(Exit)
DATA = Form(forms.Data)


def text_of(value: Any) -> str | None:
    """A metadata value as it is sent: text as it is, null as None, anything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
