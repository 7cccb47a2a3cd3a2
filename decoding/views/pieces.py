"""What previews are put together from: texts, and the values between them."""

from collections.abc import Iterable, Iterator


class Text(str):
    """A piece of the answer, where a value that is to be shown could stand as well."""

    __slots__ = ()


def separated(opening: str, values: Iterable[object], closing: str) -> Iterator[object]:
    yield Text(opening)
    for index, value in enumerate(values):
        if index:
            yield Text(", ")
        yield value
    yield Text(closing)
