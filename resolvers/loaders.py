"""One dataloader for each batch method of the providers; they live for one operation."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from ..providers.artifacts import Artifacts
from ..providers.base import MetadataProvider, Provider
from ..providers.code_packages import Packages
from ..providers.errors import GatewayError
from .dataloader import Loader, Pace
from .entries import gathered


class ProviderKey(Protocol):
    """A key says which provider it is about."""

    @property
    def provider(self) -> str: ...


K = TypeVar("K")
N = TypeVar("N", bound=ProviderKey)
V = TypeVar("V")
Batch = Callable[[list[K]], Coroutine[Any, Any, list[V | GatewayError]]]


class Loaders:
    """Named as the batch methods of providers/base.py, which say what they hold.

    `values` is that of artifacts.py, `packages` that of code_packages.py.
    """

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
        providers = self._providers = self._seen()

        def of(method: Callable[[MetadataProvider], Batch[N, V]], *, kept: bool = True) -> Loader[N, V]:
            return Loader(partial(_by_provider, providers, method), self.pace, kept=kept)

        self.flows = of(lambda provider: provider.flows)
        self.flows_in = of(lambda provider: provider.flows_in)
        self.run_pages = of(lambda provider: provider.run_pages)
        self.run_counts = of(lambda provider: provider.run_counts)
        self.runs = of(lambda provider: provider.runs)
        self.steps = of(lambda provider: provider.steps)
        self.steps_of = of(lambda provider: provider.steps_of)
        self.tasks = of(lambda provider: provider.tasks)
        self.tasks_of = of(lambda provider: provider.tasks_of)
        self.created_at = of(lambda provider: provider.created_at)
        self.metadata_of = of(lambda provider: provider.metadata_of)
        self.attempts_of = of(lambda provider: provider.attempts_of)
        self.artifacts = of(lambda provider: provider.artifacts)
        self.artifacts_of = of(lambda provider: provider.artifacts_of)
        self.artifact_names_of = of(lambda provider: provider.artifact_names_of)
        self.last_activity = of(lambda provider: provider.last_activity)
        self.infos = of(lambda provider: provider.datastore.infos)
        self.file_names = of(lambda provider: provider.datastore.file_names)
        self.file_statuses = of(lambda provider: provider.datastore.file_statuses)
        # Parts of files may be large, and are looked at once.
        self.file_parts = of(lambda provider: provider.datastore.file_parts, kept=False)
        self.values = of(lambda provider: artifacts.reader(provider.datastore).values)
        self.packages = of(lambda provider: packages.reader(provider.datastore).packages)

    def forget(self) -> None:
        """Read anew what is asked for from now on: a mutation has changed it."""
        self._providers.update(self._seen())
        for held in vars(self).values():
            if isinstance(held, Loader):
                cast("Loader[Any, Any]", held).clear_all()


async def _by_provider(
    providers: Mapping[str, MetadataProvider], method: Callable[[MetadataProvider], Batch[N, V]], keys: list[N]
) -> list[V | GatewayError]:
    """One batch to each provider that the keys name, side by side; a provider that fails costs its own keys."""
    names = list(dict.fromkeys(key.provider for key in keys))
    answers = await gathered(method(providers[name])([key for key in keys if key.provider == name]) for name in names)
    entries = {
        name: iter([answer] * len(keys) if isinstance(answer, BaseException) else answer)
        for name, answer in zip(names, answers, strict=True)
    }
    return [next(entries[key.provider]) for key in keys]  # pyright: ignore[reportReturnType] - whatever was raised
