"""decoding/README.md says what is true: its examples give what stands beside them."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from metaflow_graphql import decoding

README = (Path(decoding.__path__[0]) / "README.md").read_text()
SAID = re.compile(r"^(?P<code>\w+\(.*\)[.\w]*)  # (?P<value>.+)$", re.MULTILINE)


def examples() -> list[tuple[str, str]]:
    """Each expression that is followed by its value, with all that was run before it."""
    code = "".join(re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))
    return [(code[: said.start()] + said["code"], said["value"]) for said in SAID.finditer(code)]


def value_of(code: str) -> Any:
    """What the last line has for its value."""
    names: dict[str, Any] = {}
    before, last = code.rpartition("\n")[::2]
    exec(before, names)  # README.md is ours
    return eval(compile(ast.parse(last, mode="eval"), "README.md", "eval"), names)


@pytest.mark.parametrize(("code", "said"), examples(), ids=lambda text: text.rpartition("\n")[2])
def test_an_example_gives_what_stands_beside_it(code: str, said: str):
    assert repr(value_of(code)) == said


def test_every_public_function_has_an_example():
    shown = {code.rpartition("\n")[2].partition("(")[0] for code, _ in examples()}
    assert shown == {"to_json", "preview", "table", "type_name"}
