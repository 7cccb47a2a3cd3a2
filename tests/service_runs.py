"""Runs of real flows whose metadata are in a metadata service, and their data in a local datastore."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import running
from running import Runs
from service import Served, Store, serving

STORE = "service.sqlite"


@dataclass(frozen=True)
class ServiceRuns:
    """The runs, and the service that has their metadata."""

    runs: Runs
    service: Served

    @property
    def url(self) -> str:
        return self.service.url


def settings(url: str) -> dict[str, str]:
    """Metaflow's, for metadata in the service at that URL."""
    return {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": url}


@contextmanager
def runs_of_service(builds: Path, copy: Path) -> Generator[ServiceRuns]:
    """All the scenarios' runs, made once; served is a copy of the store, in that folder."""
    runs = running.made(builds / "service", _make)
    shutil.copy2(runs.root / STORE, copy / STORE)
    with served(copy / STORE) as service:
        yield ServiceRuns(Runs(runs.root, runs.by_scenario, settings(service.url)), service)


def _make(root: Path) -> Runs:
    root.mkdir(parents=True)
    with served(root / STORE) as service:
        return running.make(root, settings(service.url))


@contextmanager
def served(file: Path) -> Generator[Served]:
    """A service over the store in a file."""
    store = Store(str(file))
    try:
        with serving(store) as service:
            yield service
    finally:
        store.close()
