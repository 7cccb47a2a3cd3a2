"""The runs of a flow as a reply lists them: sorted once, kept small, and a page of them found without the others."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from ..base import Position
from ..errors import LimitExceeded
from . import rows
from .bodies import UNREADABLE, raw_rows

_ROW = msgspec.json.Decoder(rows.RunRow)
_PLACE = msgspec.json.Decoder(rows.RunPlace)
# Bytes of memory: of a row with its numbers, of a text and of a tuple besides what they hold.
_ROW_SIZE, _TEXT_SIZE, _TUPLE_SIZE = 220, 60, 60
_LARGEST = 256 * 2**20
_HOUR = 3_600_000  # ms


class RunList:
    """Rows of a flow's runs, oldest first; RunPlaces of those that can't be read. `size`: about so many bytes."""

    def __init__(self, found: Iterable[rows.RunPlace] = (), size: int = 0) -> None:
        # A large list sorted at once would keep the event loop; those of an hour are few, and most come in order.
        by_hour = defaultdict[int, list[rows.RunPlace]](list)
        for row in found:
            by_hour[row.ts_epoch // _HOUR].append(row)
        self._rows = [row for hour in sorted(by_hour) for row in sorted(by_hour[hour], key=place)]
        self.size = size

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, at: int) -> rows.RunPlace:
        return self._rows[at]

    def newest_first(self) -> list[rows.RunPlace]:
        return self._rows[::-1]

    def between(self, older: Position | None, newer: Position | None, began: tuple[int | None, int | None]) -> range:
        """Where those are that stand between two others, and began (ms) from the one time on and before the other."""
        starts, ends = [0], [len(self)]
        if older is not None:
            starts.append(bisect_right(self._rows, older, key=place))
        if newer is not None:
            ends.append(bisect_left(self._rows, newer, key=place))
        for bounds, time in zip((starts, ends), began, strict=True):
            if time is not None:
                bounds.append(bisect_left(self._rows, time, key=_time))
        return range(max(starts), min(ends))


class RunListForm:
    """The form of such a list. What can't be read of it costs its own row, unless that is all."""

    def decode(self, body: bytes, /) -> RunList:
        """As of bodies.py:Form; LimitExceeded where there is too much to be held."""
        same = _Same()
        found: list[rows.RunPlace] = []
        lost = 0
        for raw in raw_rows(body):
            row = _read(raw)
            same.size += _ROW_SIZE
            if row is not None:
                found.append(same.of(row))
            elif found:
                found.append(_lost(found[-1]))
            else:
                lost += 1
            if same.size > _LARGEST:
                raise LimitExceeded("It is a list of more than the gateway holds in memory.")
        if lost and not found:
            raise msgspec.DecodeError("there is no run in it")
        return RunList(found + [_lost(found[0])] * lost if lost else found, same.size)


FORM = RunListForm()


class _Same:
    """Equal texts and lists of tags, each held once. `size`: of all that is held, in bytes."""

    def __init__(self) -> None:
        self.size = 0
        self._texts: dict[str, str] = {}
        self._tags: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, row: rows.RunPlace) -> rows.RunPlace:
        """The row, made to hold what others hold already."""
        row.flow_id = self._text(row.flow_id)
        if isinstance(row.run_number, str):
            self.size += _TEXT_SIZE + len(row.run_number)
        if isinstance(row, rows.RunRow):
            row.user_name = row.user_name and self._text(row.user_name)
            row.tags = row.tags and self._of_tags(row.tags)
            row.system_tags = row.system_tags and self._of_tags(row.system_tags)
        return row

    def _text(self, text: str) -> str:
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = text
            self.size += _TEXT_SIZE + len(text)
        return known

    def _of_tags(self, tags: tuple[str, ...]) -> tuple[str, ...]:
        known = self._tags.get(tags)
        if known is None:
            known = tuple(map(self._text, tags))
            self._tags[known] = known
            self.size += _TUPLE_SIZE + 8 * len(known)
        return known


def place(row: rows.RunPlace) -> Position:
    """Where a run stands."""
    return Position(1000 * row.ts_epoch, row.flow_id, str(row.run_number))


def _time(row: rows.RunPlace) -> int:
    return row.ts_epoch


def _read(raw: msgspec.Raw) -> rows.RunPlace | None:
    """The row, or its place alone, or None where not even that can be read."""
    for form in (_ROW, _PLACE):
        try:
            return form.decode(raw)
        except UNREADABLE:
            continue
    return None


def _lost(beside: rows.RunPlace) -> rows.RunPlace:
    """Where a row is put that does not tell its place."""
    return rows.RunPlace(beside.flow_id, "", beside.ts_epoch)
