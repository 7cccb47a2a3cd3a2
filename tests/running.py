"""Runs real flows with the real Metaflow into one folder: `python tests/running.py DIR` makes them all."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import TypeVar, cast

FLOWS = Path(__file__).parent / "flows"
AT_ONCE = 3
# For a task to begin, or to end when its scheduler was killed.
SECONDS_TO_WAIT = 60

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Scenario:
    """What to run, and how it is expected to end; `needs` is the scenario that it resumes or was triggered by."""

    script: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    exit: int = 0
    needs: str | None = None
    resumes: bool = False
    # A signal for the scheduler (or for the whole group) once the task of this step has begun.
    interrupts: tuple[str, signal.Signals] | None = None
    group: bool = False

    @property
    def flow(self) -> str:
        script = (FLOWS / self.script).read_text()
        return re.findall(r"^class (\w+)\(FlowSpec\):", script, re.MULTILINE)[0]


def _ends(how: str, exit: int = 1) -> Scenario:
    return Scenario("ending.py", ("--how", how), exit=exit)


def _stopped(by: signal.Signals, exit: int, *, group: bool = False, seconds: int = 2) -> Scenario:
    return Scenario("ending.py", ("--seconds", str(seconds)), exit=exit, interrupts=("ends", by), group=group)


_FILES = ("--notes", str(FLOWS / "notes.txt"), "--picture", str(FLOWS / "picture.bin"))


def _event(kind: str, number: int, **payload: object) -> dict[str, str]:
    return {f"METAFLOW_ARGO_EVENT_PAYLOAD_{kind}_{number}": json.dumps(payload)}


_ARGO = {
    "ARGO_WORKFLOW_TEMPLATE": "triggeredflow",
    "ARGO_WORKFLOW_NAME": "triggeredflow-x2s9",
    "ARGO_WORKFLOW_NAMESPACE": "default",
    "METAFLOW_OWNER": "tester",
}
_ONE_EVENT = _event("event", 0, name="data_arrived", id="e-1", timestamp=1700000000)
_ANOTHER_EVENT = _event("event", 1, name="clock", id=None, timestamp=1700000100)

SCENARIOS: dict[str, Scenario] = {
    "linear": Scenario("linear.py"),
    "linear_tagged": Scenario("linear.py", ("--tag", "nightly", "--tag", "experiment:a b", "--tag", "ä🎉")),
    "linear_of_alice": Scenario("linear.py", ("--tag", "nightly"), {"METAFLOW_USER": "alice"}),
    "linear_in_production": Scenario("linear.py", environment={"METAFLOW_PRODUCTION_TOKEN": "token-1"}),
    "linear_with_code": Scenario("linear.py", environment={"METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE": "1"}),
    "single": Scenario("single.py"),
    "branch": Scenario("branch.py"),
    "foreach": Scenario("foreach.py"),
    "nested_foreach": Scenario("nested_foreach.py"),
    "switch": Scenario("switch.py"),
    "loop": Scenario("loop.py"),
    "switch_in_foreach": Scenario("switch_in_foreach.py"),
    "parallel": Scenario("parallel.py"),
    "retry_succeeds": Scenario("retrying.py"),
    "retry_exhausted": Scenario("retrying.py", ("--failures", "9"), exit=1),
    "retry_after_kill": Scenario("retrying.py", ("--by", "kill")),
    "caught": Scenario("catching.py"),
    "caught_kill": Scenario("catching.py", ("--by", "kill")),
    "caught_at_end": Scenario("catching.py", ("--fails", "end")),
    # One after the other, so that what has failed is the same each time.
    "failed": Scenario("failing.py", ("--max-workers", "1"), exit=1),
    "failed_before_end": _ends("fail"),
    "failed_at_end": _ends("fail_at_end"),
    "exited": _ends("exit"),
    "unpicklable": _ends("unpicklable"),
    "task_killed": _ends("kill"),
    "scheduler_killed": _stopped(signal.SIGKILL, -signal.SIGKILL),
    "scheduler_terminated": _stopped(signal.SIGTERM, -signal.SIGTERM),
    "interrupted": _stopped(signal.SIGINT, 1, seconds=30),
    "interrupted_with_task": _stopped(signal.SIGINT, 1, seconds=30, group=True),
    "vanished": _stopped(signal.SIGKILL, -signal.SIGKILL, group=True),
    "resume_origin": Scenario("resuming.py", ("--alpha", "3"), {"FIXTURE_FAILS": "1"}, exit=1),
    "resumed": Scenario("resuming.py", ("--tag", "again"), needs="resume_origin", resumes=True),
    "resumed_from_step": Scenario("resuming.py", ("start",), needs="resumed", resumes=True),
    "resumed_twice": Scenario("resuming.py", ("end",), needs="resumed", resumes=True),
    "renamed": Scenario("renamed.py"),
    "renamed_origin": Scenario("renamed.py", environment={"FIXTURE_FAILS": "1"}, exit=1),
    "renamed_resumed": Scenario("renamed.py", needs="renamed_origin", resumes=True),
    "parameters": Scenario("parameters.py", _FILES),
    "parameters_given": Scenario(
        "parameters.py",
        (
            *_FILES,
            *("--text", "ä given text", "--number", "-3", "--ratio", "1e-9", "--enabled", "false", "--absent", "set"),
            *("--listed", "x", "--tree", "[]"),
        ),
    ),
    "values": Scenario("values.py"),
    "arrays": Scenario("arrays.py"),
    "cards": Scenario("cards.py"),
    "triggered_by_events": Scenario("triggered.py", environment=_ARGO | _ONE_EVENT | _ANOTHER_EVENT),
    "triggered_by_run": Scenario(
        "triggered.py",
        environment=_ARGO
        | _ONE_EVENT
        | _event("run", 0, name="metaflow.LinearFlow.end", id="{needed}/end/3", timestamp=1700000050),
        needs="linear",
    ),
}


@dataclass(frozen=True)
class RunOf:
    """A run that a scenario made."""

    scenario: str
    flow: str
    run_id: str
    exit: int

    @property
    def pathspec(self) -> str:
        return f"{self.flow}/{self.run_id}"


@dataclass(frozen=True)
class Runs:
    """The runs by the names of their scenarios, and the folder that holds `.metaflow`.

    `settings`: Metaflow's, where that is not all that has to be known to read them.
    """

    root: Path
    by_scenario: dict[str, RunOf]
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    def __getitem__(self, scenario: str) -> RunOf:
        return self.by_scenario[scenario]

    def __iter__(self) -> Iterator[RunOf]:
        return iter(self.by_scenario.values())

    @property
    def datastore(self) -> Path:
        return self.root / ".metaflow"

    def copy(self, to: Path, *flows: str) -> "Runs":
        """The same runs, or those of some flows, in another folder, to be changed at will.

        Artifacts' locations still name the folder of the original, as after any move of a tree.
        """
        among = flows or {run.flow for run in self}
        for flow in among:
            _copy(self.datastore / flow, to / ".metaflow" / flow)
            _copy(self.datastore / "mf.cards" / flow, to / ".metaflow" / "mf.cards" / flow)
            _copy(self.root / "data" / flow, to / "data" / flow)
        return Runs(to, {name: run for name, run in self.by_scenario.items() if run.flow in among})

    def environment(self, **more: str) -> dict[str, str]:
        return environment(self.root, **{**self.settings, **more})


def _copy(source: Path, target: Path) -> None:
    if source.exists():
        shutil.copytree(source, target, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    # Blobs are most of the bytes, and named for what they hold: nobody changes them.
    if f"{os.sep}data{os.sep}" in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def environment(root: Path, **more: str) -> dict[str, str]:
    """What a process that writes or reads the runs under `root` with Metaflow needs, and no setting of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("METAFLOW_", "ARGO_"))}
    return {
        **kept,
        # Where readers find the classes of the values.
        "PYTHONPATH": str(FLOWS),
        # num_parallel starts "python" by that name.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",
        "USER": "tester",
        "METAFLOW_USER": "tester",
        "METAFLOW_HOME": str(root / "home"),
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(root),
        "METAFLOW_CLIENT_CACHE_PATH": str(root / "client-cache"),
        # Each task asks git five times for what is not read here; it gives up at once.
        "GIT_CEILING_DIRECTORIES": str(FLOWS.parent),
    } | more


def start(
    root: Path,
    scenario: Scenario,
    run_id_file: Path,
    needed: RunOf | None = None,
    settings: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """The scheduler of a run that has just been started, in a process group of its own."""
    resuming = ["--origin-run-id", needed.run_id] if scenario.resumes and needed else []
    values = {
        name: value.replace("{needed}", needed.pathspec) if needed else value
        for name, value in scenario.environment.items()
    }
    command = [sys.executable, str(FLOWS / scenario.script), "--no-pylint", "--quiet"]
    command += ["resume" if scenario.resumes else "run", "--run-id-file", str(run_id_file)]
    with run_id_file.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(
            [*command, *resuming, *scenario.arguments],
            env=environment(root, **{**(settings or {}), **values}),
            # Cards are written below the working directory's .metaflow, whatever the settings say.
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


_BEGINNING = defaultdict[str, Lock](Lock)


def run(root: Path, name: str, needed: RunOf | None = None, settings: Mapping[str, str] | None = None) -> RunOf:
    """The run of a scenario, after it has ended as expected."""
    scenario = SCENARIOS[name]
    (root / "ids").mkdir(exist_ok=True)
    run_id_file = root / "ids" / name
    # Runs of one flow begin one after the other: else their recorded times tie, or contradict their ids.
    with _BEGINNING[scenario.flow]:
        scheduler = start(root, scenario, run_id_file, needed, settings)
        _wait_until(lambda: run_id_file.exists() or scheduler.poll() is not None)
    if scenario.interrupts:
        _interrupt(scheduler, scenario, _task_begin(root, scenario, run_id_file, scheduler))
    code = scheduler.wait(timeout=120)
    if code != scenario.exit:
        log = run_id_file.with_suffix(".log").read_text(errors="replace")
        raise RuntimeError(f"scenario {name} ended with {code} and not {scenario.exit}:\n{log}")
    return RunOf(name, scenario.flow, run_id_file.read_text().strip(), code)


def _interrupt(scheduler: subprocess.Popen[bytes], scenario: Scenario, task_begin: Path) -> None:
    _, signal_number = cast("tuple[str, signal.Signals]", scenario.interrupts)
    if scenario.group:
        os.killpg(scheduler.pid, signal_number)
        return
    scheduler.send_signal(signal_number)
    if signal_number != signal.SIGINT:
        # The task goes on alone: until it is done, and has said so, the run would still change.
        _wait_until(lambda: list(task_begin.parent.glob("0.DONE.lock")))
        time.sleep(1)


@contextmanager
def executing(root: Path, step: str = "ends", seconds: int = 60) -> Generator[RunOf]:
    """A run of EndingFlow under `root` whose task of that step is executing; killed with its tasks afterwards."""
    scenario = Scenario("ending.py", ("--seconds", str(seconds)), interrupts=(step, signal.SIGKILL))
    (root / ".metaflow").mkdir(parents=True, exist_ok=True)
    run_id_file = root / "executing"
    run_id_file.unlink(missing_ok=True)
    scheduler = start(root, scenario, run_id_file)
    try:
        _task_begin(root, scenario, run_id_file, scheduler)
        yield RunOf("executing", scenario.flow, run_id_file.read_text().strip(), -signal.SIGKILL)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(scheduler.pid, signal.SIGKILL)
        scheduler.wait()


def _task_begin(root: Path, scenario: Scenario, run_id_file: Path, scheduler: subprocess.Popen[bytes]) -> Path:
    """The file that shows that a task of the step to interrupt executes, once it is there."""
    step, _ = cast("tuple[str, signal.Signals]", scenario.interrupts)

    def found() -> list[Path]:
        if scheduler.poll() is not None:
            raise RuntimeError(f"the run ended before {step}: see {run_id_file.with_suffix('.log')}")
        of_run = root / ".metaflow" / scenario.flow / (run_id_file.read_text() if run_id_file.exists() else "-")
        return list((of_run / step).glob("*/0.task_begin"))

    return _wait_until(found)[0]


def _wait_until(ask: Callable[[], _Found]) -> _Found:
    until = time.monotonic() + SECONDS_TO_WAIT
    while not (found := ask()):
        if time.monotonic() > until:
            raise TimeoutError(f"nothing within {SECONDS_TO_WAIT} s of {ask}")
        time.sleep(0.05)
    return found


def make(root: Path, settings: Mapping[str, str] | None = None) -> Runs:
    """All the scenarios' runs under `root`, made now."""
    (root / ".metaflow").mkdir(parents=True)
    (root / "home").mkdir()
    futures: dict[str, Future[RunOf]] = {}

    def after_what_it_needs(name: str) -> RunOf:
        needs = SCENARIOS[name].needs
        return run(root, name, futures[needs].result() if needs else None, settings)

    # What is needed stands before what needs it, so that a waiting thread never waits for one that has not begun.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name in SCENARIOS:
            futures[name] = pool.submit(after_what_it_needs, name)
    failed = [error for future in futures.values() if isinstance(error := future.exception(), Exception)]
    if failed:
        raise ExceptionGroup("runs that did not end as expected", failed)
    return Runs(root, {name: future.result() for name, future in futures.items()})


def made(builds: Path, make: Callable[[Path], Runs] = make) -> Runs:
    """All the scenarios' runs, from a folder of `builds` that is named for what they depend on; made where absent."""
    builds = builds.resolve()
    root = builds / _fingerprint(builds)
    builds.mkdir(parents=True, exist_ok=True)
    with locked(root.with_suffix(".lock")):
        listing = root / "runs.json"
        if not listing.exists():
            shutil.rmtree(root, ignore_errors=True)
            runs = make(root)
            listing.write_text(json.dumps([asdict(one) for one in runs], indent=1))
        return Runs(root, {one["scenario"]: RunOf(**one) for one in json.loads(listing.read_text())})


@contextmanager
def locked(path: Path) -> Generator[None]:
    """By no other process meanwhile, of those that ask."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fingerprint(builds: Path) -> str:
    # The folder, too: runs hold absolute paths.
    digest = hashlib.sha256(f"{builds} {sys.version_info[:2]} {version('metaflow')}".encode())
    for path in [Path(__file__), *sorted(path for path in FLOWS.iterdir() if path.is_file())]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    began = time.monotonic()
    runs = made(Path(sys.argv[1]))
    for one in runs:
        print(f"{one.scenario:24} {one.pathspec:40} {one.exit}")
    print(f"{time.monotonic() - began:.1f} s: {runs.root}")
