"""The words that types are declared in."""

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar, cast, dataclass_transform

import strawberry
from strawberry import Parent

from ..execution import Level
from ..execution.strawberry import OF_LEVEL
from ..resolvers.context import Info, once_for_each
from ..resolvers.entries import Partial
from ..resolvers.pages import Page

T = TypeVar("T")

# Answers that may hold errors of what they had to leave out.
_WITH_ERRORS: set[type] = {Page, Partial}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def view(record: type, description: str, *, name: str | None = None) -> Callable[[type[T]], type[T]]:
    """Declare the GraphQL type that shows `record`. Its values are records, never instances of the class.

    One record class for each GraphQL type: an executor tells the type of a value by its class, `cls.record`.
    """

    def shows(value: object, _info: object) -> bool:
        return isinstance(value, record)

    def declare(cls: type[T]) -> type[T]:
        setattr(cls, "record", record)  # noqa: B010
        setattr(cls, "is_type_of", staticmethod(shows))  # noqa: B010 - how graphql-core tells whose value it is
        return strawberry.type(cls, name=name, description=description)

    return declare


@dataclass_transform(frozen_default=True, kw_only_default=True)
def interface(description: str) -> Callable[[type[T]], type[T]]:
    """Declare what several types have in common; their fields may be narrower (non-null where this one is nullable)."""

    def declare(cls: type[T]) -> type[T]:
        return strawberry.interface(cls, description=description)

    return declare


def stored(description: str) -> Any:
    """A field that the record has as an attribute of the same name."""
    return strawberry.field(description=description)


def entry(by: Callable[..., object], description: str) -> Any:
    """A field of Query or Mutation, answered by `by`; its arguments are those of `by`."""
    if not inspect.iscoroutinefunction(by):
        return strawberry.field(resolver=by, description=description)

    async def resolve(info: Info, **arguments: object) -> Any:
        return _whole(await by(info, **arguments), info)

    return strawberry.field(resolver=_taking(resolve, by, of_level=False), description=description)


def resolved(by: Callable[..., Awaitable[list[Any]]], description: str) -> Any:
    """A field that `by` answers for all the objects of a level in one call.

    `by` takes their records, the info and the field's arguments, and returns one entry for each record, in
    their order: its value, or the GatewayError that this one met.
    """

    async def resolve(parent: Parent[Any], info: Info, **arguments: object) -> Any:
        if isinstance(parent, Level):
            return await _of_level(by, parent, info, arguments)
        # An executor that goes object by object: those that ask at the same time are gathered.
        return _whole(await info.context.level(by, info, arguments).load(parent), info)

    return strawberry.field(resolver=_taking(resolve, by, of_level=True), description=description, metadata=OF_LEVEL)


async def _of_level(
    by: Callable[..., Awaitable[list[Any]]], level: Level, info: Info, arguments: dict[str, Any]
) -> list[Any]:
    answers = await once_for_each(by, level, info, arguments)
    if not set(map(type, answers)) & _WITH_ERRORS:
        return answers
    whole: list[Any] = []
    for number, answer in enumerate(answers):
        whole.append(_whole(answer, info, partial(level.path, number)))
        if isinstance(answer, Page | Partial) and answer.errors:
            # To tell of one takes as long as some keys.
            await info.context.loaders.pace.take(4 * len(cast("Page[Any] | Partial", answer).errors))
    return whole


def _whole(answer: Any, info: Info, path: Callable[[], list[str | int]] | None = None) -> Any:
    """The answer, once the client is told of what its list had to leave out.

    `path` tells where it stands, if not where the info says.
    """
    if not isinstance(answer, (Page, Partial)):
        return answer
    listed = cast("Page[Any] | Partial", answer)
    for error in listed.errors:
        info.context.report(error, info, path and path())
    return listed.value if isinstance(listed, Partial) else listed


def _taking(resolve: Callable[..., Any], by: Callable[..., object], *, of_level: bool) -> Callable[..., Any]:
    """Give `resolve` the arguments of `by`, with their descriptions and defaults."""
    own = [parameter for name, parameter in inspect.signature(resolve).parameters.items() if name != "arguments"]
    arguments = list(inspect.signature(by).parameters.values())[2 if of_level else 1 :]
    setattr(resolve, "__signature__", inspect.Signature([*own, *arguments]))  # noqa: B010
    resolve.__annotations__ |= {argument.name: argument.annotation for argument in arguments}
    del resolve.__annotations__["arguments"], resolve.__annotations__["return"]
    return resolve
