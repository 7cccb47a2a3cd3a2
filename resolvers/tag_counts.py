"""Query.tags: what a filter offers while a person types."""

from collections import Counter

import msgspec
from strawberry import UNSET

from ..providers.base import FlowKey, RunFilter, RunPageKey, RunsKey
from ..providers.pathspec import component
from . import inputs, namespaces
from .context import Info
from .entries import Partial, each, partial, raised, readable
from .inputs import sent
from .pages import checked_size

_NEWEST = 1000  # runs of each flow that count


class TagCount(msgspec.Struct, frozen=True, gc=False):
    tag: str
    is_system: bool
    runs: int


async def tags(
    info: Info,
    flow: inputs.FlowName = UNSET,
    prefix: inputs.TagPrefix = UNSET,
    contains: inputs.TagContains = UNSET,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
    first: inputs.First = UNSET,
) -> list[TagCount] | Partial:
    size = checked_size(first, "first")
    gateway, loaders = info.context.gateway, info.context.loaders
    provider, in_namespace = gateway.provider(metadata).name, namespaces.effective(namespace, gateway)
    name = sent(flow)
    if name is None:
        flows, errors = readable(await loaders.flows_in.load(FlowKey(provider, None, in_namespace)))
        names = [flow.name for flow in flows]
    else:
        names, errors = [component(name, "flow's name")], []
    keys = [RunPageKey(RunsKey(provider, in_namespace, RunFilter(flows=frozenset({name}))), _NEWEST) for name in names]
    counts: Counter[tuple[str, bool]] = Counter()
    for found in await each(loaders.run_pages, keys):
        runs, unread = readable(raised(found).runs)
        errors = [*errors, *unread]
        counts.update((tag, True) for run in runs for tag in run.system_tags)
        counts.update((tag, False) for run in runs for tag in set(run.user_tags).difference(run.system_tags))
    start, part = (sent(prefix) or "").casefold(), (sent(contains) or "").casefold()
    matching = [(tag, system) for tag, system in counts if tag.casefold().startswith(start) and part in tag.casefold()]
    ordered = sorted(matching, key=lambda counted: (-counts[counted], counted))[:size]
    return partial([*(TagCount(tag, system, counts[tag, system]) for tag, system in ordered), *errors])
