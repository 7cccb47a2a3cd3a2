"""The schema holds to the contract, to the letter, and describes all that it has."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    find_breaking_changes,
    print_ast,
)

import metaflow_graphql
from metaflow_graphql.schema import schema

ROOT = Path(metaflow_graphql.__path__[0])
COPY = Path(__file__).parent / "contract.graphql"
SHARED = ROOT.parent / "shared" / "contract.graphql"
EXPORTED = build_schema(schema.as_str())
CONTRACT = build_schema(COPY.read_text())

# What later versions bring; each line is a type, field or value of the contract that is not there yet.
NOT_YET = {
    "Subscription",
    "RunChange",
}


def promises(graphql: GraphQLSchema) -> dict[str, object]:
    """Each type, field, argument, input field and enum value by its coordinate, with what it promises."""
    found: dict[str, object] = {}
    for name, of in graphql.type_map.items():
        if name.startswith("__"):
            continue
        found[name] = type(of).__name__
        match of:
            case GraphQLScalarType():
                found[f"@specifiedBy {name}"] = of.specified_by_url
            case GraphQLEnumType():
                found |= {f"{name}.{value}": "value" for value in of.values}
            case GraphQLUnionType():
                found |= {f"{name} | {member.name}": "member" for member in of.types}
            case GraphQLInputObjectType():
                found |= {f"{name}.{field}": takes(value) for field, value in of.fields.items()}
            case GraphQLObjectType() | GraphQLInterfaceType():
                found |= {f"{name} implements {interface.name}": "interface" for interface in of.interfaces}
                for field, value in of.fields.items():
                    found[f"{name}.{field}"] = str(value.type)
                    found |= {f"{name}.{field}({arg}:)": takes(taken) for arg, taken in value.args.items()}
            case _:
                pass
    return found


def takes(value: Any) -> str:
    # Both schemas are built from text, so a default is kept as it was written.
    literal = value.default and value.default.literal
    return f"{value.type} = {print_ast(literal)}" if literal else str(value.type)


def expected() -> dict[str, object]:
    return {
        coordinate: promise
        for coordinate, promise in promises(CONTRACT).items()
        if NOT_YET.isdisjoint((coordinate.split("(")[0], re.split(r"[. ]", coordinate)[0]))
    }


def test_the_schema_has_all_of_the_contract_to_the_letter() -> None:
    exported = promises(EXPORTED)
    assert {coordinate: exported.get(coordinate) for coordinate in expected()} == expected()


def test_nothing_of_the_contract_breaks_but_what_is_not_there_yet() -> None:
    breaking = [change.description for change in find_breaking_changes(CONTRACT, EXPORTED)]
    assert [change for change in breaking if not any(mentions(change, name) for name in NOT_YET)] == []


def mentions(change: str, coordinate: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(coordinate)}(?![\w])", change) is not None


def test_what_is_not_there_yet_is_in_the_contract_and_really_not_there() -> None:
    assert NOT_YET - promises(CONTRACT).keys() == set()
    assert NOT_YET & promises(EXPORTED).keys() == set()


def test_the_copy_is_the_contract() -> None:
    if SHARED.exists():
        assert COPY.read_text() == SHARED.read_text()


def test_the_committed_schema_is_the_exported_one() -> None:
    assert (ROOT / "schema" / "schema.graphql").read_text() == schema.as_str() + "\n"


def test_everything_is_described() -> None:
    assert list(undescribed(EXPORTED)) == []


def undescribed(graphql: GraphQLSchema) -> Iterator[str]:
    for name, of in graphql.type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Boolean", "ID", "Float"):
            continue
        if not of.description:
            yield name
        if isinstance(of, GraphQLEnumType):
            yield from (f"{name}.{value}" for value, item in of.values.items() if not item.description)
        if isinstance(of, GraphQLInputObjectType | GraphQLObjectType | GraphQLInterfaceType):
            for field, value in of.fields.items():
                if not value.description:
                    yield f"{name}.{field}"
                arguments = getattr(value, "args", {})
                yield from (f"{name}.{field}({arg}:)" for arg, item in arguments.items() if not item.description)
