"""Runs of real flows whose metadata are in a metadata service, and their data in a local datastore."""

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import running
from running import Runs
from service import Served, Store, now, serving

STORE = "service.sqlite"
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class ServiceRuns:
    """The runs, and the service that has their metadata."""

    runs: Runs
    service: Served

    @property
    def url(self) -> str:
        return self.service.url


def settings(url: str) -> dict[str, str]:
    """Metaflow's, for metadata in the service at that URL.

    No sidecars: of each run and each task one would send heartbeats, of which none counts in the first ten seconds, and
    a process that imports Metaflow costs as much as the task itself.
    """
    return {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": url, "METAFLOW_ENABLED_SIDECAR": ""}


@contextmanager
def runs_of_service(builds: Path, copy: Path) -> Generator[ServiceRuns]:
    """All the scenarios' runs, made once; served is a copy of the store, in that folder."""
    runs = running.made(builds / "service", _make)
    shutil.copy2(runs.root / STORE, copy / STORE)
    with served(copy / STORE) as service:
        yield ServiceRuns(Runs(runs.root, runs.by_scenario, settings(service.url)), service)


def _make(root: Path) -> Runs:
    """The service believes that it is an hour ago: whether a run is still alive must not change while tests ask."""
    root.mkdir(parents=True)
    with served(root / STORE, clock=lambda: now() - HOUR_MS) as service:
        return running.make(root, settings(service.url))


@contextmanager
def served(file: Path, clock: Callable[[], int] = now) -> Generator[Served]:
    """A service over the store in a file; its clock is in ms."""
    store = Store(str(file))
    store.clock = clock
    try:
        with serving(store) as service:
            yield service
    finally:
        store.close()
