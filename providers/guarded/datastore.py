"""A datastore as one operation of a principal sees it. Methods as of base.py:Datastore."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Literal, NamedTuple, TypeVar

from .. import records
from ..base import BlobKey, Datastore, FileKey, FileStatus, InfoKey, PartKey
from ..errors import GatewayError
from ..grants import Right
from ..pathspec import run_of
from .permissions import Permissions
from .sight import Seen, Sight

K = TypeVar("K")
R = TypeVar("R")


class _Place(NamedTuple):
    """The run that a file belongs to, by its pathspec, and the right that it takes to read it; None: none."""

    run: str | None
    right: Right | None


class GuardedDatastore:
    """Files are of the run that their path names, and need the right to what they are.

    Blobs and included files have names by their content, which no path leads to but the record of an artifact or the
    metadata of a task: who has come by these may see their run, and is held to his rights where they are shown
    (values.py, resolvers/downloads.py).
    """

    def __init__(self, datastore: Datastore, sight: Sight) -> None:
        self._datastore = datastore
        self._sight = sight

    async def infos(self, keys: list[InfoKey]) -> list[dict[str, records.ArtifactInfo] | GatewayError | None]:
        places = [_Place(run_of(key.task), None) for key in keys]
        return await self._held(keys, places, self._datastore.infos, _none)

    async def blobs(self, keys: list[BlobKey], limit: int, budget: int) -> list[bytes | GatewayError | None]:
        return await self._datastore.blobs(keys, limit, budget)

    async def included_files(self, urls: list[str], limit: int) -> list[bytes | GatewayError]:
        return await self._datastore.included_files(urls, limit)

    async def file_names(self, folders: list[FileKey]) -> list[list[str] | GatewayError]:
        """What cards a task has may be seen with the task: what they show needs a right."""
        places = [_place(folder.path)._replace(right=None) for folder in folders]
        return await self._held(folders, places, self._datastore.file_names, list[str])

    async def file_statuses(self, files: list[FileKey]) -> list[FileStatus | GatewayError | None]:
        return await self._held(files, [_place(file.path) for file in files], self._datastore.file_statuses, _none)

    async def file_parts(self, parts: list[PartKey]) -> list[bytes | GatewayError | None]:
        places = [_place(part.file.path) for part in parts]
        return await self._held(parts, places, self._datastore.file_parts, _none)

    async def close(self) -> None:
        """It lives no longer than its operation."""

    def stream(self, key: BlobKey) -> AsyncGenerator[bytes]:
        return self._datastore.stream(key)

    def included_stream(self, url: str) -> AsyncGenerator[bytes]:
        return self._datastore.included_stream(url)

    async def _held(
        self,
        keys: list[K],
        places: list[_Place],
        read: Callable[[list[K]], Awaitable[list[R]]],
        absent: Callable[[], R],
    ) -> list[R | GatewayError]:
        """What is read for keys at these places; of others why it is not, or what there is where there is nothing."""
        held = await self._outcomes(places)
        asked = [key for key, outcome in zip(keys, held, strict=True) if outcome is True]
        found = iter(await read(asked) if asked else ())
        return [next(found) if outcome is True else outcome or absent() for outcome in held]

    async def _outcomes(self, places: list[_Place]) -> list[Literal[True] | GatewayError | None]:
        """True where it may be read."""
        granted = iter(await self._sight.of(place.run for place in places if place.run is not None))
        return [self._outcome(place, next(granted) if place.run is not None else None) for place in places]

    def _outcome(self, place: _Place, granted: Seen) -> Literal[True] | GatewayError | None:
        if place.run is None:
            # Of a package that many runs may share: which one of them is meant is asked before (resolvers/code.py).
            return True if place.right is Right.CODE and Right.CODE in self._sight.scope.any.rights else None
        if not isinstance(granted, Permissions):
            return granted
        refusal = None if place.right is None else granted.refusal(place.right, place.run)
        return refusal or True


def _place(path: str) -> _Place:
    match path.split("/"):
        case ["mf.cards", flow, "runs", run, *_]:
            return _Place(f"{flow}/{run}", Right.CARDS)
        case [flow, run, _, _, file] if file.endswith(".log"):
            return _Place(f"{flow}/{run}", Right.LOGS)
        case [_, "data", _, _]:
            return _Place(None, Right.CODE)
        case _:
            return _Place(None, None)


def _none() -> None:
    return None
