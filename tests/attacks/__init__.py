"""Pickles made to run something, to fill the memory, or to take for ever: by families, each by its name."""

from .arrays import ARRAYS
from .assembler import Attack, Family
from .commands import COMMANDS
from .damage import LENGTHS, NUMBERS, STACK, TEXTS
from .growth import LAUGHS, REPEATS
from .manners import BY_PROTOCOL, CHAINS, LADDERS, ON_ANYTHING, REFUSED
from .nesting import CYCLES, HASHES, NESTING
from .scanners import SCANNERS
from .streams import STREAMS
from .tables import TABLES
from .values import LIES, STATES

FAMILIES: dict[str, Family] = {
    "command": COMMANDS,
    "manner": BY_PROTOCOL,
    "on": ON_ANYTHING,
    "refused": REFUSED,
    "ladder": LADDERS,
    "chain": CHAINS,
    "stack": STACK,
    "length": LENGTHS,
    "number": NUMBERS,
    "text": TEXTS,
    "laugh": LAUGHS,
    "repeat": REPEATS,
    "nest": NESTING,
    "cycle": CYCLES,
    "hash": HASHES,
    "lie": LIES,
    "state": STATES,
    "array": ARRAYS,
    "table": TABLES,
    "stream": STREAMS,
    "scanner": SCANNERS,
}
ATTACKS: dict[str, Attack] = {
    f"{family}: {name}": attack for family, attacks in FAMILIES.items() for name, attack in attacks.items()
}
