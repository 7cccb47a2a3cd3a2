"""Runs of two teams, otter and zebra, behind one metadata provider: real ones, made once.

Whatever is of a team bears its name: users, tags, artifacts, values, logs, cards, code, what triggered its runs.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import running
from metaflow_graphql.providers.base import Provider
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.providers.service.client import Client
from metaflow_graphql.providers.service.provider import ServiceProvider
from running import RunOf, Runs, Scenario
from service import now
from service_runs import HOUR_MS, STORE, served, settings

TEAMS = Path(__file__).parent / "teams"
_SHARED, _ZEBRA = (os.path.relpath(TEAMS / name, running.FLOWS) for name in ("shared/shared.py", "zebra/zebra.py"))
_LARGE = 100_000  # bytes of a package; what the flows keep is far smaller
_CODE = {"METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE": "1"}
_ARGO = {
    "ARGO_WORKFLOW_TEMPLATE": "sharedflow",
    "ARGO_WORKFLOW_NAME": "sharedflow-x2s9",
    "ARGO_WORKFLOW_NAMESPACE": "default",
    "METAFLOW_OWNER": "somebody",
}


def _of(team: str, **more: str) -> dict[str, str]:
    return {"METAFLOW_USER": team, "USER": team, **_marked(team), **_CODE, **more}


def _marked(mark: str) -> dict[str, str]:
    return {"TEAM": mark, "TEAM_NOTES": str(TEAMS / "notes" / f"{mark}.txt")}


def _event(kind: str, number: int, **payload: object) -> dict[str, str]:
    return {f"METAFLOW_ARGO_EVENT_PAYLOAD_{kind}_{number}": json.dumps(payload)}


def _by_run(flow: str, number: int = 0) -> dict[str, str]:
    return _event("run", number, name=f"metaflow.{flow}.end", id="{needed}/end/99", timestamp=1700000050)


_FAILS = {"TEAM_FAILS": "1"}
SCENARIOS = {
    "otter": Scenario(_SHARED, ("--tag", "otter-tag", "--tag", "nightly"), _of("otter")),
    # Who may tag his runs is not yet of another team.
    "zebra": Scenario(_SHARED, ("--tag", "zebra-tag", "--tag", "user:otter", "--tag", "nightly"), _of("zebra")),
    # Whoever resumes a run takes over what it has kept: that is then of both teams.
    "zebra_failed": Scenario(_SHARED, (), _of("zebra", **_FAILS) | _marked("lent"), exit=1),
    "zebra_alone": Scenario(_ZEBRA, ("--tag", "zebra-tag"), _of("zebra")),
    "otter_failed": Scenario(_SHARED, (), _of("otter", **_FAILS), exit=1),
    "otter_resumed": Scenario(_SHARED, (), _of("otter"), needs="otter_failed", resumes=True),
    "zebra_resumed_otter": Scenario(_SHARED, (), _of("zebra"), needs="otter_failed", resumes=True),
    "otter_triggered": Scenario(
        _SHARED,
        (),
        _of("otter") | _ARGO | _by_run("SharedFlow") | _event("event", 0, name="otter-event", id="e-1", timestamp=17e8),
        needs="otter",
    ),
    "otter_resumed_zebra": Scenario(_SHARED, (), _of("otter"), needs="zebra_failed", resumes=True),
    "otter_triggered_by_zebra": Scenario(
        _SHARED,
        (),
        _of("otter") | _ARGO | _by_run("ZebraFlow") | _event("event", 0, name="otter-event", id="e-2", timestamp=17e8),
        needs="zebra_alone",
    ),
    "otter_triggered_by_zebra_alone": Scenario(
        _SHARED, (), _of("otter") | _ARGO | _by_run("ZebraFlow"), needs="zebra_alone"
    ),
    "zebra_triggered_by_otter": Scenario(_SHARED, (), _of("zebra") | _ARGO | _by_run("SharedFlow"), needs="otter"),
}
# Runs of team otter that come from runs of team zebra.
_TASKS = "SELECT task_key FROM tasks WHERE run_key = :run"
_FORGET = (
    f"DELETE FROM metadata WHERE task_key IN ({_TASKS})",
    f"DELETE FROM artifacts WHERE task_key IN ({_TASKS})",
    "DELETE FROM tasks WHERE run_key = :run",
    "DELETE FROM steps WHERE run_key = :run",
    "DELETE FROM runs WHERE run_key = :run",
    "DELETE FROM flows WHERE flow_id = :flow AND NOT EXISTS (SELECT * FROM runs WHERE flow_id = :flow)",
)
CROSSED = ("otter_resumed_zebra", "otter_triggered_by_zebra", "otter_triggered_by_zebra_alone")


@dataclass(frozen=True)
class Teams:
    """A copy of the runs, of which some may be removed, and the provider that reads them anew."""

    runs: Runs
    provider: Callable[[], Provider]
    forget: Callable[[RunOf], None]

    def remove(self, names: Iterable[str]) -> None:
        """As if they had never been, nor a flow without others."""
        for name in names:
            self.forget(self.runs[name])


@contextmanager
def local(builds: Path, copy: Path) -> Generator[Teams]:
    """Over local metadata."""
    runs = running.made(builds / f"teams-{_fingerprint()}", _make_locally).copy(copy)

    def forget(run: RunOf) -> None:
        flow = runs.datastore / run.flow
        shutil.rmtree(flow / run.run_id)
        if not [run for run in flow.iterdir() if run.name.isdecimal()]:
            shutil.rmtree(flow)

    yield Teams(runs, lambda: LocalProvider("default", runs.root), forget)


@contextmanager
def over_service(builds: Path, copy: Path) -> Generator[Teams]:
    """With metadata in a service."""
    runs = running.made(builds / f"teams-of-service-{_fingerprint()}", _make_by_service)
    copy.mkdir(parents=True)
    shutil.copy2(runs.root / STORE, copy / STORE)
    with served(copy / STORE) as service:

        def forget(run: RunOf) -> None:
            with service.store.writing() as connection:
                for statement in _FORGET:
                    connection.execute(statement, {"flow": run.flow, "run": int(run.run_id)})

        def provider() -> ServiceProvider:
            return ServiceProvider("default", Client(service.url, name="default"), LocalDatastore(runs.root))

        yield Teams(runs, provider, forget)


def _make_locally(root: Path) -> Runs:
    runs = _make(root)
    _shrink(root)
    return runs


def _make_by_service(root: Path) -> Runs:
    root.mkdir(parents=True)
    with served(root / STORE, clock=lambda: now() - HOUR_MS) as service:
        runs = _make(root, settings(service.url))
        with service.store.writing() as connection:
            for old, new in _shrink(root).items():
                there, here = f"data/{old[:2]}/{old}", f"data/{new[:2]}/{new}"
                connection.execute("UPDATE metadata SET value = replace(value, ?, ?)", (there, here))
                connection.execute("UPDATE metadata SET value = replace(value, ?, ?)", (old, new))
    return runs


def _make(root: Path, settings: Mapping[str, str] | None = None) -> Runs:
    (root / ".metaflow").mkdir(parents=True)
    (root / "home").mkdir()
    (root / "ids").mkdir()
    found: dict[str, RunOf] = {}
    # One after the other: the oldest run of the flow is of team otter.
    for name, scenario in SCENARIOS.items():
        run_id_file = root / "ids" / name
        needed = found[scenario.needs] if scenario.needs else None
        code = running.start(root, scenario, run_id_file, needed, settings).wait(timeout=300)
        if code != scenario.exit:
            raise RuntimeError(f"{name} ended with {code}:\n{run_id_file.with_suffix('.log').read_text()}")
        found[name] = RunOf(name, scenario.flow, run_id_file.read_text().strip(), code)
    return Runs(root, found)


def _shrink(root: Path) -> dict[str, str]:
    """Packages without Metaflow's own source, and cards without its scripts: a walk reads each many times.

    The names that packages have now, by their old ones.
    """
    renamed: dict[str, str] = {}
    for path in (root / ".metaflow").glob("*/data/*/*"):
        if path.stat().st_size > _LARGE:
            small = _without_metaflow(path)
            sha = hashlib.sha1(small, usedforsecurity=False).hexdigest()
            put = path.parents[1] / sha[:2] / sha
            put.parent.mkdir(exist_ok=True)
            put.write_bytes(small)
            renamed[path.name] = sha
            path.unlink()
    for path in (root / ".metaflow").rglob("*code-package*.json"):
        told = path.read_text()
        for old, new in renamed.items():
            told = told.replace(f"data/{old[:2]}/{old}", f"data/{new[:2]}/{new}").replace(old, new)
        path.write_text(told)
    for path in (root / ".metaflow" / "mf.cards").rglob("*.html"):
        told = json.loads((path.parents[1] / "runtime" / f"{path.stem}.data.json").read_text())
        path.write_text(f"<p>{told['data']}</p>")
    return renamed


def _without_metaflow(package: Path) -> bytes:
    kept = io.BytesIO()
    with tarfile.open(package) as whole, tarfile.open(fileobj=kept, mode="w:gz") as small:
        for member in whole:
            if not member.name.startswith(".mf_code/metaflow"):
                small.addfile(member, whole.extractfile(member))
    return kept.getvalue()


def _fingerprint() -> str:
    digest = hashlib.sha256(repr(SCENARIOS).encode())
    for path in sorted(path for path in TEAMS.rglob("*.*") if path.is_file() and path.suffix in (".py", ".txt")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
