"""Requests made to take all time or memory of a gateway, or to be answered in no form: by families, and named."""

from .bodies import BODIES
from .fragments import FRAGMENTS
from .hostile import Family, Hostile
from .identities import IDENTITIES
from .limits import AT_LIMITS
from .long_answers import LONG_ANSWERS
from .many import MANY
from .names import NAMES
from .nesting import NESTING
from .overlaps import OVERLAPS
from .tokens import TOKENS
from .urls import URLS
from .values import VALUES
from .variables import VARIABLES

FAMILIES: dict[str, Family] = {
    "fragments": FRAGMENTS,
    "overlaps": OVERLAPS,
    "names": NAMES,
    "many": MANY,
    "values": VALUES,
    "variables": VARIABLES,
    "tokens": TOKENS,
    "nesting": NESTING,
    "identities": IDENTITIES,
    "bodies": BODIES,
    "urls": URLS,
    "limits": AT_LIMITS,
}
CORPUS: dict[str, Hostile] = {
    f"{family}: {name}": hostile for family, of_family in FAMILIES.items() for name, hostile in of_family.items()
}
# No more than their size allows is what the others take; these are measured by what others wait for.
LONG: dict[str, Hostile] = {f"long answers: {name}": hostile for name, hostile in LONG_ANSWERS.items()}
