"""Mutations of tags: what Metaflow checks before it writes (metadata.py:mutate_user_tags_for_run, tagging_util.py)."""

import msgspec
from strawberry import UNSET

from ..providers import records
from ..providers.base import Key
from ..providers.errors import InvalidTag, NotFound, ReadOnlyProvider
from ..providers.pathspec import parse
from . import inputs, namespaces
from .context import Info

MAX_TAG_LENGTH = 500  # tagging_util.py:MAX_TAG_SIZE, in characters


class RunTagsPayload(msgspec.Struct, frozen=True):
    run: records.Run


async def add_tags(
    info: Info,
    pathspec: inputs.RunPathspec,
    tags: inputs.TagsToAdd,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
) -> RunTagsPayload:
    return await _mutate(info, pathspec, tags, [], namespace, metadata)


async def remove_tags(
    info: Info,
    pathspec: inputs.RunPathspec,
    tags: inputs.TagsToRemove,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
) -> RunTagsPayload:
    return await _mutate(info, pathspec, [], tags, namespace, metadata)


async def replace_tags(
    info: Info,
    pathspec: inputs.RunPathspec,
    remove: inputs.TagsToRemove,
    add: inputs.TagsToAdd,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
) -> RunTagsPayload:
    return await _mutate(info, pathspec, add, remove, namespace, metadata)


async def _mutate(
    info: Info, pathspec: str, add: list[str], remove: list[str], namespace: str | None, metadata: str | None
) -> RunTagsPayload:
    parse(pathspec, 2)
    gateway = info.context.gateway
    provider, namespace = gateway.provider(metadata), namespaces.effective(namespace, gateway)
    if not add and not remove:
        raise InvalidTag("There is no tag to add or to remove.")
    for tag in (*add, *remove):
        _check(tag)
    if not await provider.can_mutate_tags():
        raise ReadOnlyProvider(f"The metadata provider {provider.name} does not change tags.")
    key = Key(provider.name, pathspec)
    run = await info.context.loaders.runs.load(key)
    if run is None:
        raise NotFound(f"{pathspec} does not exist.")
    if namespaces.outside(run, namespace):
        raise namespaces.mismatch(pathspec, namespace)
    changed = await provider.mutate_tags(key, frozenset(add), frozenset(remove))
    info.context.forget()
    return RunTagsPayload(changed)


def _check(tag: str) -> None:
    """Raise InvalidTag where Metaflow would (tagging_util.py:validate_tag), or could not store it."""
    if not tag:
        raise InvalidTag("A tag can't be empty.")
    if len(tag) > MAX_TAG_LENGTH:
        raise InvalidTag(f"A tag has {len(tag)} characters: {MAX_TAG_LENGTH} at most.")
    if "\0" in tag:  # a metadata service's database has no place for it
        raise InvalidTag("A tag can't have the character NUL.")
    if not tag.isprintable() and any("\ud800" <= character <= "\udfff" for character in tag):
        raise InvalidTag("A tag has half of a surrogate pair, which is no text.")
