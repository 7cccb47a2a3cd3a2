"""One dataloader for each batch method of the providers; they live for one operation."""

from collections.abc import Callable, Coroutine, Mapping
from functools import cached_property, partial
from typing import Any, Generic, Protocol, TypeVar, cast

from ..providers.artifacts import JSON, Artifacts, ValueKey
from ..providers.base import Key, MetadataProvider, Provider
from ..providers.code_packages import Contents, PackageKey, Packages
from ..providers.errors import GatewayError
from ..providers.guarded import values as guarded
from ..providers.guarded.permissions import Permissions
from .dataloader import Loader, Pace
from .entries import in_groups


class ProviderKey(Protocol):
    """A key says which provider it is about."""

    @property
    def provider(self) -> str: ...


K = TypeVar("K")
N = TypeVar("N", bound=ProviderKey)
V = TypeVar("V")
Batch = Callable[[list[K]], Coroutine[Any, Any, list[V | GatewayError]]]


class _Of(Generic[N, V]):
    """The loader of a batch method, made when somebody asks for it: an operation needs few of them."""

    def __init__(self, method: Callable[[MetadataProvider], Batch[N, V]], *, kept: bool = True) -> None:
        self._method = method
        self._kept = kept

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, loaders: "Loaders", owner: type) -> Loader[N, V]:
        loader = vars(loaders)[self._name] = loaders.loader(self._method, kept=self._kept)
        return loader


class Loaders:
    """Named as the batch methods of providers/base.py, which say what they hold.

    `values` is that of artifacts.py, `packages` that of code_packages.py, both as far as whoever asks may see them.
    `courses`: of the artifacts that Metaflow keeps of the course of a run. `permissions`: what is granted of each run.
    """

    flows = _Of(lambda provider: provider.flows)
    flows_in = _Of(lambda provider: provider.flows_in)
    run_pages = _Of(lambda provider: provider.run_pages)
    run_counts = _Of(lambda provider: provider.run_counts)
    runs = _Of(lambda provider: provider.runs)
    steps = _Of(lambda provider: provider.steps)
    steps_of = _Of(lambda provider: provider.steps_of)
    tasks = _Of(lambda provider: provider.tasks)
    tasks_of = _Of(lambda provider: provider.tasks_of)
    created_at = _Of(lambda provider: provider.created_at)
    metadata_of = _Of(lambda provider: provider.metadata_of)
    attempts_of = _Of(lambda provider: provider.attempts_of)
    artifacts = _Of(lambda provider: provider.artifacts)
    artifacts_of = _Of(lambda provider: provider.artifacts_of)
    artifact_names_of = _Of(lambda provider: provider.artifact_names_of)
    last_activity = _Of(lambda provider: provider.last_activity)
    infos = _Of(lambda provider: provider.datastore.infos)
    file_names = _Of(lambda provider: provider.datastore.file_names)
    file_statuses = _Of(lambda provider: provider.datastore.file_statuses)
    # Parts of files may be large, and are looked at once.
    file_parts = _Of(lambda provider: provider.datastore.file_parts, kept=False)

    def __init__(
        self,
        configured: Mapping[str, Provider],
        artifacts: Artifacts,
        packages: Packages,
        *,
        of_records: bool = False,
    ) -> None:
        self.pace = Pace()
        self._seen = lambda: {
            name: provider.for_operation(of_records=of_records) for name, provider in configured.items()
        }
        self._providers = self._seen()
        self._artifacts = artifacts
        self._packages = packages

    @cached_property
    def values(self) -> Loader[ValueKey, JSON]:
        return self.loader(lambda provider: guarded.values_of(provider, self._read_values(provider)))

    @cached_property
    def courses(self) -> Loader[ValueKey, JSON]:
        return self.loader(lambda provider: guarded.courses_of(provider, self._read_values(provider)))

    @cached_property
    def packages(self) -> Loader[PackageKey, Contents]:
        return self.loader(
            lambda provider: guarded.packages_of(provider, self._packages.reader(provider.datastore).packages)
        )

    @cached_property
    def permissions(self) -> Loader[Key, Permissions | None]:
        return self.loader(lambda provider: partial(guarded.permissions_of, provider))

    def loader(self, method: Callable[[MetadataProvider], Batch[N, V]], *, kept: bool = True) -> Loader[N, V]:
        """One that sends its keys to the method of the providers that they name."""
        return Loader(partial(_by_provider, self._providers, method), self.pace, kept=kept)

    def forget(self) -> None:
        """Read anew what is asked for from now on: a mutation has changed it."""
        self._providers.update(self._seen())
        for loader in self.made():
            loader.clear_all()

    def _read_values(self, provider: MetadataProvider) -> Batch[ValueKey, JSON]:
        return self._artifacts.reader(provider.datastore).values

    def made(self) -> list[Loader[Any, Any]]:
        """The loaders that were asked for."""
        return [cast("Loader[Any, Any]", held) for held in vars(self).values() if isinstance(held, Loader)]


async def _by_provider(
    providers: Mapping[str, MetadataProvider], method: Callable[[MetadataProvider], Batch[N, V]], keys: list[N]
) -> list[V | GatewayError]:
    """One batch to each provider that the keys name, side by side; a provider that fails costs its own keys."""
    found = await in_groups(keys, [key.provider for key in keys], lambda name, of: method(providers[name])(of))
    return cast("list[V | GatewayError]", found)  # whatever was raised
