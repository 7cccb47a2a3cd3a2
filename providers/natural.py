"""The order of names that hold numbers."""

import re

_DIGITS = re.compile("([0-9]+)")


def natural(name: str) -> tuple[str | int, ...]:
    """A key that sorts `10` after `9` and `2_node_1` after `2`; texts and numbers alternate, so that keys compare."""
    parts = _DIGITS.split(name)
    # The name itself keeps `01` and `1` apart.
    return (*(int(part) if place % 2 else part for place, part in enumerate(parts)), name)
