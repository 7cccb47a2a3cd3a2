"""Reads attacks, each in a process of its own, and tells how it ended.

`python worker.py PART PARTS [decode|defaults|loads [NAME…]]`: of a part of them all, or of those that are named.
Its parent gets a line of JSON for each. It starts in an empty folder, where what they run leaves its traces.
"""

import json
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from attacks import ATTACKS
from attacks.assembler import Attack
from attacks.reading import SOONER, outcome, warm_up
from metaflow_graphql.decoding import Limits

# Past this the process is ended: nothing that is measured here should come near.
SECONDS = 60
# What Python reports of itself though nothing of a stranger's ran: ids, arrays, and the collector.
HARMLESS = ("builtins.id", "array.__new__", "sys._getframe", "object.__getattr__")


@dataclass(frozen=True)
class Ending:
    """How the reading of one attack ended.

    `events` is what Python's audit reported meanwhile, `traces` are the names of the files that it left in the folder.
    """

    name: str
    outcome: str
    events: list[str]
    seconds: float  # of the processor: others may have it meanwhile
    megabytes: float  # that it took at most, beside the pickle itself
    traces: tuple[str, ...] = ()


def _decode(attack: Attack, pickled: bytes) -> str:
    return outcome(pickled) if attack.ends == "value" else outcome(pickled, SOONER)


def _loads(_: Attack, pickled: bytes) -> str:
    """What a victim does."""
    pickle.loads(pickled)
    return "value"


def _at_the_defaults(_: Attack, pickled: bytes) -> str:
    return outcome(pickled, Limits())


READERS: dict[str, Callable[[Attack, bytes], str]] = {"decode": _decode, "defaults": _at_the_defaults, "loads": _loads}
# Of getrusage: kilobytes on Linux, bytes on macOS.
_UNIT = 2**20 if sys.platform == "darwin" else 2**10


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _watched(read: Callable[[Attack, bytes], str], name: str, pickled: bytes) -> Ending:
    """Reads it under an audit hook, which can't be taken off again: hence a process for each."""
    events: list[str] = []
    watching = True

    def audit(event: str, _: tuple[object, ...]) -> None:
        if watching and event not in HARMLESS:
            events.append(event)

    before, start = _peak(), process_time()
    sys.addaudithook(audit)
    try:
        found = read(ATTACKS[name], pickled)
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    watching = False
    return Ending(name, found, events[:20], process_time() - start, (_peak() - before) / _UNIT)


def _in_a_child(read: Callable[[Attack, bytes], str], name: str) -> Ending:
    # Not in the child: what it takes to make it would count as what reading takes.
    pickled = ATTACKS[name].make()
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        with open(sending, "w") as told:
            json.dump(asdict(_watched(read, name, pickled)), told)
        os._exit(0)
    os.close(sending)
    with open(receiving) as told:
        ending = told.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found = Ending(name, f"ended with {status}", [], SECONDS, 0) if status else Ending(**json.loads(ending))
    return replace(found, traces=tuple(_swept(Path())))


def _swept(folder: Path) -> Iterator[str]:
    """The names of the files there, which are removed: what is there next time is another's."""
    for path in sorted(folder.iterdir()):
        path.unlink()
        yield path.name


def main(part: int, parts: int, how: str = "decode", *names: str) -> None:
    warm_up()
    for name in names or list(ATTACKS)[part::parts]:
        sys.stdout.write(json.dumps(asdict(_in_a_child(READERS[how], name))) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
