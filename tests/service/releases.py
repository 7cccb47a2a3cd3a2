"""What each release of the service can do, oldest first; they do not tell it by their versions."""

from enum import Enum

RELEASES = (
    *("2.0.5", "2.0.6", "2.1.0", "2.2.4", "2.3.0", "2.4.13", "2.5.0", "2.5.1"),
    # Commits, all of which call themselves 2.5.1.
    *("9477778", "971d82b", "91634bf", "head"),
)
NEWEST = RELEASES[-1]


class Can(Enum):
    """The release since which the service can."""

    ATTEMPTS = "2.0.6"
    # Before, an artifact by name fell back to an older attempt when the latest had none of it.
    LATEST_ATTEMPT_ONLY = "2.2.4"
    TAGS_OF_RUN = "2.3.0"
    FILTER_BY_METADATA = "2.5.0"
    PAGE_RUNS = "9477778"
    # With them came `user` in every run.
    FILTER_RUNS = "971d82b"
    # These were not pages at first.
    FILTER_TASKS = "91634bf"
    NEWEST = "head"


def can(release: str, what: Can) -> bool:
    return RELEASES.index(release) >= RELEASES.index(what.value)


def version_of(release: str) -> str:
    """What the release says it is."""
    # That one was published with the version of the one before it.
    said = {"2.2.4": "2.2.3"}.get(release, release)
    return said if "." in said else "2.5.1"
