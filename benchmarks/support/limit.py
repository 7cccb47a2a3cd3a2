"""How fast an answer can be made in Python: by dict comprehensions over objects with slots, and orjson.

The objects, and the code that makes the answer of them, are worked out from the answer: for any schema and query.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import orjson


class _Place(NamedTuple):
    """What stands at one place of the answer, over all its objects: dicts by their keys, items of lists, and leaves."""

    dicts: dict[tuple[str, ...], list["_Place"]]
    items: "_Place | None"
    leaves: bool


class Limit:
    """Call it to make the answer. `leaves`: how many values are neither dicts nor lists."""

    def __init__(self, data: Any) -> None:
        self.leaves = 0
        self._classes: dict[tuple[str, ...], type] = {}
        self._source = self._mirrored(data)
        code = self._code(_place([data]), "r", 0)
        classes = {cls.__name__: cls for cls in self._classes.values()}
        self._build: Callable[[Any], Any] = eval(f"lambda r: {code}", classes)
        assert self._build(self._source) == data

    def __call__(self) -> bytes:
        return orjson.dumps({"data": self._build(self._source)})

    def _mirrored(self, value: Any) -> Any:
        """The same with objects in the place of dicts."""
        if isinstance(value, dict):
            entries = cast(dict[str, Any], value)
            made = self._class(tuple(entries))()
            for number, entry in enumerate(entries.values()):
                setattr(made, f"f{number}", self._mirrored(entry))
            return made
        if isinstance(value, list):
            return [self._mirrored(item) for item in cast(list[Any], value)]
        self.leaves += 1
        return value

    def _class(self, keys: tuple[str, ...]) -> type:
        if keys not in self._classes:
            slots = tuple(f"f{number}" for number in range(len(keys)))
            self._classes[keys] = type(f"C{len(self._classes)}", (), {"__slots__": slots})
        return self._classes[keys]

    def _code(self, place: _Place, name: str, depth: int) -> str:
        """An expression that makes what stands there of the object of that name."""
        item = f"v{depth}"
        ways = list[tuple[str, str]]()
        for keys, fields in place.dicts.items():
            made = (
                f"{key!r}: {self._code(of, f'{name}.f{number}', depth)}"
                for number, (key, of) in enumerate(zip(keys, fields, strict=True))
            )
            ways.append((f"type({name}) is {self._class(keys).__name__}", f"{{{', '.join(made)}}}"))
        if place.items is not None:
            inner = self._code(place.items, item, depth + 1)
            ways.append((f"type({name}) is list", f"[{inner} for {item} in {name}]"))
        if place.leaves or not ways:
            ways.append(("True", name))
        code = ways[-1][1]
        for test, way in reversed(ways[:-1]):
            code = f"({way} if {test} else {code})"
        return code


def _place(values: list[Any]) -> _Place:
    dicts: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    items, lists, leaves = list[Any](), False, False
    for value in values:
        if isinstance(value, dict):
            entries = cast(dict[str, Any], value)
            dicts.setdefault(tuple(entries), []).append(entries)
        elif isinstance(value, list):
            lists = True
            items += cast(list[Any], value)
        else:
            leaves = True
    by_keys = {keys: [_place([entry[key] for entry in of]) for key in keys] for keys, of in dicts.items()}
    return _Place(by_keys, _place(items) if lists else None, leaves)
