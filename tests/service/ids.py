"""Ids in URLs: numbers, names and hidden numbers, and which of them the database refuses."""

from .replies import Refused, database_refused

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def plain(text: str) -> str:
    """A name as it is; a zero byte is refused."""
    if "\0" in text:
        raise Refused(500, '{"err_msg": "A string literal cannot contain NUL (0x00) characters."}')
    return text


def run_id(text: str) -> int | str:
    """A number, or the name of a run that has one."""
    return _id(text, "integer")


def task_id(text: str) -> int | str:
    return _id(text, "bigint")


def attempt(text: str) -> int:
    return _number(plain(text), "smallint")


def _id(text: str, kind: str) -> int | str:
    return _number(text, kind) if plain(text).isnumeric() else text


def _number(text: str, kind: str) -> int:
    try:
        number = int(text.encode("ascii"))
    except ValueError as error:
        raise database_refused("22P02", f'invalid input syntax for type {kind}: "{text}"') from error
    if not -_LARGEST[kind] - 1 <= number <= _LARGEST[kind]:
        raise database_refused("22003", f'value "{text}" is out of range for type {kind}')
    return number
