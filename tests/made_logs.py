"""A task made by hand, and its log."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateways import Gateway
from in_process import opened
from local_trees import EPOCH_MS, put, put_object, put_run

TASK = "Made/1/start/1"
LINES = (
    "loglines({}) {{ nodes {{ number stream timestamp text }} edges {{ cursor }} totalCount"
    " pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}"
)


def line(tick: int, text: str, source: str = "runtime") -> bytes:
    """A line of a log with its newline, written so many µs after 22:28:15."""
    return f"[MFLOG|0|2026-11-23T22:28:15.{tick:06}Z|{source}|2b24516b-8b98]{text}\n".encode()


class Made:
    """A tree with one task made by hand, and its gateway."""

    def __init__(self, root: Path, gateway: Gateway) -> None:
        self.root, self.gateway = root, gateway
        put_run(root, "1")
        put_object(root, "Made/1/start", EPOCH_MS)
        self.task = put_object(root, TASK, EPOCH_MS)

    def event(self, name: str, value: object, attempt: int = 0) -> None:
        ms = EPOCH_MS + len(list((self.task / "_meta").iterdir()))
        content = {"field_name": name, "type": name, "value": value, "tags": [f"attempt_id:{attempt}"], "ts_epoch": ms}
        put(self.task / "_meta" / f"sysmeta_{name}_{ms}.json", content)

    def starts(self, attempt: int = 0) -> None:
        for name, value in (("attempt", str(attempt)), ("ds-type", "local"), ("ds-root", str(self.root / ".metaflow"))):
            self.event(name, value, attempt)

    def log(self, name: str, *lines: bytes) -> Path:
        """A file of the log, to which lines are added."""
        with (self.task / name).open("ab") as file:
            file.writelines(lines)
        return self.task / name

    def asked(self, fields: str) -> dict[str, Any]:
        return self.gateway.data(f'{{ task(pathspec: "{TASK}") {{ {fields} }} }}')["task"]

    def page(self, arguments: str) -> dict[str, Any]:
        return self.asked(LINES.format(arguments).replace("()", ""))["loglines"]

    def errors(self, fields: str) -> list[tuple[str, str]]:
        """Codes and messages."""
        answer = self.gateway.answer(f'{{ task(pathspec: "{TASK}") {{ {fields} }} }}')
        return [(error["extensions"]["code"], error["message"]) for error in answer["errors"]]


@contextmanager
def made_in(root: Path) -> Generator[Made]:
    with opened(root) as gateway:
        yield Made(root, gateway)


def texts(page: dict[str, Any]) -> list[str]:
    return [node["text"] for node in page["nodes"]]
