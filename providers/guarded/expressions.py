"""Regular expressions of a configuration, searched for in what strangers wrote.

By RE2: `re` takes hours for some lines of a MiB, and holds the interpreter's lock meanwhile.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import re2  # pyright: ignore[reportMissingTypeStubs]

_re2 = cast("Any", re2)
_OPTIONS = _re2.Options()
_OPTIONS.log_errors = False


@lru_cache(maxsize=1024)
def searching(expression: str) -> Callable[[str], bool]:
    """Whether a text holds it, in time linear in the text; ValueError where it is none of RE2's syntax."""
    try:
        compiled = _re2.compile(expression.encode(), _OPTIONS)
    except _re2.error as error:
        told = error.args[0]
        reason = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        raise ValueError(f"{expression!r} is no regular expression of RE2's: {reason}") from None
    # Logs may hold what is no Unicode; such characters are matched by none that an expression can name.
    return lambda text: compiled.search(text.encode("utf-8", "replace")) is not None
