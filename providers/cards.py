"""Where the cards of a task lie, and what their names say (metaflow/plugins/cards/card_datastore.py)."""

import re
from typing import NamedTuple

_WORD = "[A-Za-z0-9_]{1,100}"
_NAME = re.compile(rf"(?P<type>{_WORD})-(?:(?P<id>{_WORD})-)?(?P<hash>{_WORD})\.html")


class CardName(NamedTuple):
    """What a file's name says; `id` is what the step's code gave the card, `hash` tells all cards of a task apart."""

    type: str
    id: str | None
    hash: str


def parse(file: str) -> CardName | None:
    """What the name of a card's file says; None for a file that is no card."""
    match = _NAME.fullmatch(file)
    return match and CardName(match["type"], match["id"], match["hash"])


def folder(task: str) -> str:
    """The folder of the cards of a task (its pathspec), over all of its attempts; as of FileKey."""
    return f"{_of_task(task)}/cards"


def old_folder(task: str) -> str:
    """The same as Metaflow laid it out before June 2022: it is looked into where the other is empty."""
    flow, run, _, name = task.split("/")
    return f"mf.cards/{flow}/runs/{run}/tasks/{name}/cards"


def data_file(task: str, file: str) -> str:
    """Where a card's data are put while the task runs, by the name of its file."""
    return f"{_of_task(task)}/runtime/{file.removesuffix('.html')}.data.json"


def _of_task(task: str) -> str:
    flow, run, step, name = task.split("/")
    return f"mf.cards/{flow}/runs/{run}/steps/{step}/tasks/{name}"
