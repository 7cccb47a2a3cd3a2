"""What the resolvers of one operation share."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import msgspec
import strawberry
from graphql import GraphQLError

from ..providers.artifacts import Artifacts
from ..providers.base import Provider
from ..providers.code_packages import Packages
from ..providers.errors import GatewayError, UnknownMetadataProvider
from ..providers.grants import Principal
from ..providers.guarded.provider import seen_by
from ..providers.pathspec import shown
from .dataloader import AT_ONCE, Loader
from .entries import Answers, in_parts
from .loaders import Loaders
from .signatures import Signatures

K = TypeVar("K")
V = TypeVar("V")

_MOST_VIEWS = 256
# When these were created only their own rows tell.
_OF_RECORDS = frozenset({"Step.createdAt", "Task.createdAt"})
# Fields that are answered by what steps and tasks recorded of their course.
# fmt: off
_OF_COURSES = frozenset((
    "attempt", "attempts", "cards", "childTasks", "code", "controlTasks", "durationMs", "endTask",
    "environmentInfo", "exception", "failedTask", "finished", "finishedAt", "index", "loglines", "metadata",
    "metadataDict", "originPathspec", "parentTasks", "startedAt", "status", "stderr", "stdout", "successful",
    "taskCounts",
))
# fmt: on


class Limit(msgspec.Struct, gc=False):
    """A limit that requests are held to; what it refuses is an error LIMIT_EXCEEDED that names it. Its value is set
    before the process serves, if at all."""

    name: str
    value: int
    description: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """What lives as long as the process: the configured providers, and what applies where a client says nothing.

    `inactive_after` (seconds): how long a run may leave no trace before it counts as dead. `stalled_after` (seconds):
    how long its next step, or a retry, may take to begin.
    """

    providers: Mapping[str, Provider]
    default_metadata: str
    default_namespace: str | None = None
    inactive_after: float = 86_400
    stalled_after: float = 60
    limits: tuple[Limit, ...] = ()
    artifacts: Artifacts = field(default_factory=Artifacts)
    packages: Packages = field(default_factory=Packages)
    # As principals see it, those that asked of late.
    _views: dict[Principal, "Gateway"] = field(init=False, default_factory=dict[Principal, "Gateway"], repr=False)

    async def close(self) -> None:
        """Let go of what its providers hold, in the event loop that they were used in."""
        for provider in self.providers.values():
            await provider.close()

    def seen_by(self, principal: Principal | None) -> "Gateway":
        """With the providers that he may use, as he sees them. Where the default one is none of them, the first is."""
        if principal is None:
            return self
        view = self._views.get(principal)
        if view is None:
            seen = seen_by(principal, self.providers)
            default = self.default_metadata if self.default_metadata in seen else next(iter(seen), "")
            if len(self._views) >= _MOST_VIEWS:
                self._views.pop(next(iter(self._views)))
            view = self._views[principal] = replace(self, providers=seen, default_metadata=default)
        return view

    def provider(self, name: str | None) -> Provider:
        """The provider of that name, or the default one where none is given; raises UnknownMetadataProvider."""
        found = self.providers.get(self.default_metadata if name is None or name is strawberry.UNSET else name)
        if found is None:
            known = ", ".join(sorted(self.providers)) or "none"
            raise UnknownMetadataProvider(f"There is no metadata provider {shown(name or '')}. Configured: {known}.")
        return found


@dataclass(frozen=True, slots=True)
class Context:
    """One operation: its loaders, and the levels that wait to be answered.

    `gateway`: as the `principal` sees it, who asks; None without access control. `base_url`: what URLs on this gateway
    begin with, without a slash at the end; None where it has none. `selected`: all fields of its document, as
    Run.status: they tell what is worth asking for, and no answer depends on them. `reported`: errors of objects that a
    list had to leave out, at the path of the list. `log_turns`: how many long logs are read at a time. `signatures`:
    what the principal's URLs of files are signed by; None where they are not.
    """

    gateway: Gateway
    loaders: Loaders
    principal: Principal | None
    base_url: str | None = None
    selected: frozenset[str] = frozenset()
    levels: dict[object, Loader[Any, Any]] = field(default_factory=dict[object, Loader[Any, Any]])
    reported: list[GraphQLError] = field(default_factory=list[GraphQLError])
    log_turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))
    signatures: Signatures | None = None

    def level(
        self, by: Callable[..., Awaitable[list[Any]]], info: "Info", arguments: dict[str, Any]
    ) -> Loader[Any, Any]:
        """The objects that wait for the same resolver with the same arguments."""
        key = (by, repr(arguments))
        if key not in self.levels:

            async def answer(parents: list[Any]) -> list[Any]:
                return await once_for_each(by, parents, info, arguments)

            # Gathers, and keeps nothing: records are made anew on each level, and ids of freed ones come again.
            self.levels[key] = Loader(answer, self.loaders.pace, kept=False)
        return self.levels[key]

    def derived(self, by: Callable[[list[K], "Context"], Coroutine[Any, Any, Answers[V]]]) -> Loader[K, V]:
        """What `by` makes of what the loaders hold, for each key once in the operation."""
        if by not in self.levels:

            async def batch(keys: list[K]) -> Answers[V]:
                return await by(keys, self)

            self.levels[by] = Loader(batch, self.loaders.pace)
        return self.levels[by]

    def forget(self) -> None:
        """Read anew what is asked for from now on: a mutation has changed it."""
        self.loaders.forget()
        for held in self.levels.values():
            held.clear_all()

    def end(self) -> None:
        """Let go of what was read.

        It refers to itself, and would wait for a full pass of the garbage collector, which then takes seconds.
        """
        _free([loader.forgotten() for loader in (*self.loaders.made(), *self.levels.values())])
        self.levels.clear()
        self.reported.clear()

    def report(self, error: GatewayError, info: "Info", path: list[str | int] | None = None) -> None:
        """Tell the client of an object that is left out of the list at this field, or at another path."""
        raw = cast("Any", info._raw_info)  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType] - nowhere else
        self.reported.append(
            GraphQLError(str(error), raw.field_nodes, path=path or info.path.as_list(), original_error=error)
        )


Info = strawberry.Info[Context, None]


async def once_for_each(
    by: Callable[..., Awaitable[list[Any]]], parents: list[Any], info: Info, arguments: dict[str, Any]
) -> list[Any]:
    """What `by` answers to each parent. Of many tasks the parent is one and the same step: it is answered once."""
    once = {id(parent): parent for parent in parents}
    pace = info.context.loaders.pace
    found = await in_parts(lambda part: by(part, info, **arguments), list(once.values()), pace)
    if len(once) == len(parents):
        return found
    by_id = dict(zip(once, found, strict=True))
    return [by_id[id(parent)] for parent in parents]


def _free(known: list[dict[Any, Any]]) -> None:
    """Let go of what is known a part at a time: of 10,000 keys at once takes 10 ms and more."""
    left = 2 * AT_ONCE
    while known and left:
        of_one = known[-1]
        for _ in range(min(left, len(of_one))):
            of_one.popitem()
            left -= 1
        if not of_one:
            known.pop()
    if known:
        asyncio.get_running_loop().call_soon(_free, known)


def context_for(
    gateway: Gateway,
    principal: Principal | None,
    base_url: str | None = None,
    selected: frozenset[str] = frozenset(),
    *,
    signatures: Signatures | None = None,
) -> Context:
    """The context of one operation, which came to the gateway by that URL: all that it reads, it reads as the
    principal may; as everyone may who reaches the gateway, where that is None."""
    gateway = gateway.seen_by(principal)
    names = {field.rpartition(".")[2] for field in selected}
    of_records = bool(selected & _OF_RECORDS) and not names & _OF_COURSES
    loaders = Loaders(gateway.providers, gateway.artifacts, gateway.packages, of_records=of_records)
    return Context(gateway, loaders, principal, base_url, selected, signatures=signatures)
