"""Requests drawn from the schema, of which some are spoiled: in their documents, their variables, or anywhere."""

import re
from random import Random
from typing import Any
from urllib.parse import quote

import orjson

from .drawn_documents import Drawn, drawn
from .hostile import GRAPHQL_RESPONSE, JSON, Sent
from .pools import Pools

_TOKENS = re.compile(r'"(?:\\.|[^"\\])*"|\w+|\.\.\.|\s+|.', re.DOTALL)
_OTHERS = (
    *(
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ":",
        "!",
        "$",
        "@",
        "...",
        "=",
        "|",
        "&",
        '"',
        '"""',
        "\\",
        "#",
        ",",
        "\0",
        "\ufeff",
    ),
    *("on", "fragment", "query", "null", "true", "1", "-1", "1.5", '""', "é", "id", "__typename", "$v0", "@skip", "a:"),
)
_WRONG: tuple[Any, ...] = (None, 1, "x", [], {}, True)
_ACCEPTED = (GRAPHQL_RESPONSE, "*/*", "application/json", "text/html", "application/*;q=0.1", "image/png", "")


def request(pools: Pools, chance: Random) -> Sent:
    """Two of three are as they should be, but for values that nothing has."""
    asked = drawn(pools, chance)
    pick = chance.random()
    if pick < 0.15:
        asked = asked._replace(text=_spoiled(asked.text, chance))
    elif pick < 0.22:
        asked = _otherwise(asked, chance)
    elif pick < 0.27:
        return _spoiled_body(_posted(asked), chance)
    elif pick < 0.33:
        return _in_url(asked, chance)
    return _posted(asked)


def _posted(asked: Drawn, headers: dict[str, str] = JSON) -> Sent:
    parameters: dict[str, Any] = {"query": asked.text, "variables": asked.variables, "operationName": asked.name}
    return Sent(orjson.dumps(parameters), headers=headers)


def _in_url(asked: Drawn, chance: Random) -> Sent:
    parts = {"query": asked.text, "variables": orjson.dumps(asked.variables).decode(), "operationName": asked.name}
    if chance.random() < 0.2:
        del parts[chance.choice([*parts])]
    target = "&".join(f"{name}={quote(value)}" for name, value in parts.items() if value)
    method = chance.choices(("GET", "HEAD", "PUT"), (8, 1, 1))[0]
    # What accepts HTML is given a page, which is no answer.
    accepted = chance.choice([accept for accept in _ACCEPTED if "*" not in accept and "html" not in accept])
    return Sent(b"", method, f"/graphql?{target}", {"accept": accepted})


def _otherwise(asked: Drawn, chance: Random) -> Drawn:
    """With other variables than it declares, or another operation."""
    match chance.randrange(4):
        case 0:
            return asked._replace(name=chance.choice(("", "Q", "R", "é")))
        case 1:
            kept = {name: value for name, value in asked.variables.items() if chance.random() < 0.5}
            return asked._replace(variables=kept)
        case 2:
            wrong = {name: chance.choice(_WRONG) for name in asked.variables}
            return asked._replace(variables=wrong)
        case _:
            return asked._replace(variables=asked.variables | {"other": [{}]})


def _spoiled(text: str, chance: Random) -> str:
    tokens = _TOKENS.findall(text)
    for _ in range(chance.choice((1, 1, 2))):
        place = chance.randrange(len(tokens))
        match chance.randrange(5):
            case 0:
                tokens[place] = ""
            case 1:
                tokens[place] *= 2
            case 2:
                tokens[place] = chance.choice(_OTHERS)
            case 3:
                tokens.insert(place, chance.choice(_OTHERS))
            case _:
                tokens[place] = chance.choice(tokens)
    return "".join(tokens)


def _spoiled_body(asked: Sent, chance: Random) -> Sent:
    body = bytearray(asked.body)
    for _ in range(chance.choice((1, 1, 2, 5))):
        place = chance.randrange(len(body))
        match chance.randrange(4):
            case 0:
                body[place] = chance.randrange(256)
            case 1:
                del body[place : place + chance.choice((1, 1, 5, 50))]
            case 2:
                body[place:place] = body[place : place + chance.choice((1, 5, 50))]
            case _:
                body.insert(place, chance.choice(b'{}[]:,"\\ \0\xff0en'))
        if not body:
            break
    return Sent(bytes(body), headers=JSON | {"accept": chance.choice([a for a in _ACCEPTED if "html" not in a])})
