"""Which runs of a provider an operation may see: each is looked up once."""

from collections.abc import Iterable

from .. import records
from ..base import Key, MetadataProvider
from ..errors import CorruptMetadata, GatewayError
from .permissions import Grants, Permissions, about_run, exact_tags, permissions

# None: whoever asks may not see it, or it does not exist, which is the same to him.
Seen = Permissions | GatewayError | None


class Scope:
    """What the grants that are about a provider come to, without a look at any run.

    `every`: what is granted of each run alike; None where that depends on the run. `any`: what is granted of one or
    another. `all_runs`: whether each may be seen, whatever of it. `tags`: each run that may be seen has one of these;
    None where that can't be told.
    """

    def __init__(self, provider: str, grants: Grants) -> None:
        self.provider, self.grants = provider, grants
        of_every = tuple(grant for grant in grants if grant.namespaces is None)
        self.all_runs = bool(of_every)
        self.at_least = permissions(of_every) if of_every else None
        self.any = permissions(grants)
        self.every = self.any if len(of_every) == len(grants) else None
        self.tags = exact_tags(grants)


class Sight:
    """Of one operation."""

    def __init__(self, scope: Scope, metadata: MetadataProvider) -> None:
        self.scope = scope
        self._metadata = metadata
        self._known: dict[str, Seen] = {}

    async def of(self, runs: Iterable[str]) -> list[Seen]:
        """What is granted of each run (by its pathspec), or what keeps that from being told."""
        asked = list(runs)
        if self.scope.every is not None:
            return [self.scope.every for _ in asked]
        unknown = [run for run in dict.fromkeys(asked) if run not in self._known]
        if unknown:
            found = await self._metadata.runs([Key(self.scope.provider, run) for run in unknown])
            for run, entry in zip(unknown, found, strict=True):
                self._known[run] = self.judged(entry)
        return [self._known[run] for run in asked]

    def judged(self, found: records.Run | GatewayError | None) -> Seen:
        """What is granted of a run that was read. One that is damaged may be anybody's."""
        if self.scope.every is not None:
            return self.scope.every
        if found is None or isinstance(found, CorruptMetadata):
            return self.scope.at_least
        if isinstance(found, GatewayError):
            return found
        seen = about_run(self.scope.grants, found)
        granted = permissions(seen) if seen else None
        self._known[found.pathspec] = granted
        return granted
