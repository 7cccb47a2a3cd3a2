"""The providers that a principal may use, as he sees them."""

from collections.abc import Mapping

from .. import records
from ..base import Datastore, Key, Provider
from ..errors import Forbidden, GatewayError, NotFound
from ..grants import Principal, Right
from ..pathspec import run_of, shown
from .operation import GuardedOperation
from .permissions import Grants, Permissions, about_provider, matches
from .sight import Scope, Sight

_WITHOUT_TAGS = "s3"


class GuardedProvider:
    """One of them. What a key leads to is held to the grants for each operation anew."""

    def __init__(self, provider: Provider, principal: Principal, grants: Grants) -> None:
        self.name, self.type, self.info = provider.name, provider.type, provider.info
        self._provider = provider
        self._principal = principal
        self._scope = Scope(provider.name, grants)

    @property
    def datastore(self) -> Datastore:
        """Of what has been looked up by way of an operation."""
        return self._provider.datastore

    def for_operation(self, *, of_records: bool = False) -> GuardedOperation:
        seen = self._provider.for_operation(of_records=of_records)
        return GuardedOperation(seen, Sight(self._scope, seen))

    async def check(self) -> None:
        await self._provider.check()

    async def close(self) -> None:
        """The provider lives on, for others."""

    async def can_mutate_tags(self) -> bool:
        return await self._provider.can_mutate_tags()

    async def mutate_tags(self, run: Key, add: frozenset[str], remove: frozenset[str]) -> records.Run:
        """Raises Forbidden too: without the right to tag the run, and of tags that grants are about."""
        (granted,) = await self.for_operation().sight.of([run.pathspec])
        if isinstance(granted, GatewayError):
            raise granted
        if not isinstance(granted, Permissions):
            raise NotFound(f"There is no run {run.pathspec}.")
        refusal = granted.refusal(Right.TAGS, run_of(run.pathspec))
        if refusal is not None:
            raise refusal
        guarded = [tag for tag in sorted(add | remove) if matches(tag, self._principal.guarded_tags)]
        if guarded and not self._principal.administrator:
            raise Forbidden(
                f"The tag {shown(guarded[0])} decides who may see a run: only an administrator may add or remove it. "
                "Nothing was changed."
            )
        return await self._provider.mutate_tags(run, add, remove)


def seen_by(principal: Principal, providers: Mapping[str, Provider]) -> dict[str, GuardedProvider]:
    """Those of which he may see any runs."""
    return {
        name: GuardedProvider(provider, principal, grants)
        for name, provider in providers.items()
        if (grants := granted_of(principal, provider))
    }


def granted_of(principal: Principal, provider: Provider) -> Grants:
    """What is granted to him of a provider."""
    return about_provider(principal.grants, provider.name, has_tags=provider.type != _WITHOUT_TAGS)
