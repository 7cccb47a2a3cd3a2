"""Query.flows, and the fields of Flow: each takes the flows of a level, and returns one entry for each."""

from bisect import bisect_left, bisect_right

from strawberry import UNSET

from ..providers import records
from ..providers.base import FlowKey, Key
from ..providers.pathspec import component
from ..providers.records import RunStatus
from . import inputs, listings, namespaces
from .common import created_at
from .context import Info
from .entries import Answers, each, gathered, readable
from .inputs import sent
from .pages import Page, between, cut, decode, encode, page, window

__all__ = ["all_flows", "created_at", "latest_run", "latest_successful_run", "run", "runs"]


async def all_flows(
    info: Info,
    name_contains: inputs.NameContains = UNSET,
    namespace: inputs.Namespace = UNSET,
    metadata: inputs.MetadataArgument = UNSET,
    first: inputs.First = UNSET,
    after: inputs.After = UNSET,
    last: inputs.Last = UNSET,
    before: inputs.Before = UNSET,
) -> Page[records.Flow]:
    part = window(first, after, last, before)
    gateway = info.context.gateway
    key = FlowKey(gateway.provider(metadata).name, None, namespaces.effective(namespace, gateway))
    found, errors = readable(await info.context.loaders.flows_in.load(key))
    text = (sent(name_contains) or "").casefold()
    flows = [flow for flow in found if text in flow.name.casefold()]
    names = [flow.name for flow in flows]

    def index(cursor: str, including: bool) -> int:
        (name,) = decode(cursor, tuple[str])
        return (bisect_right if including else bisect_left)(names, name)

    async def total() -> int:
        return len(flows)

    start, end = between(part, len(flows), index)
    nodes, more = cut(flows[start:end], part)
    return page(nodes, more, part, lambda flow: encode(flow.name), total, errors)


async def latest_run(
    flows: list[records.Flow], info: Info, namespace: inputs.FlowNamespace = UNSET
) -> Answers[records.Run | None]:
    return await gathered(
        listings.newest(info.context, flow.provider, flow.name, _namespace(flow, namespace)) for flow in flows
    )


async def latest_successful_run(
    flows: list[records.Flow], info: Info, namespace: inputs.FlowNamespace = UNSET
) -> Answers[records.Run | None]:
    return await gathered(
        listings.newest(info.context, flow.provider, flow.name, _namespace(flow, namespace), RunStatus.SUCCEEDED)
        for flow in flows
    )


async def runs(
    flows: list[records.Flow],
    info: Info,
    filter: inputs.RunFilterArgument = UNSET,
    namespace: inputs.FlowNamespace = UNSET,
    first: inputs.First = UNSET,
    after: inputs.After = UNSET,
    last: inputs.Last = UNSET,
    before: inputs.Before = UNSET,
) -> Answers[Page[records.Run]]:
    part = window(first, after, last, before)
    return await gathered(
        listings.run_page(info.context, flow.provider, _namespace(flow, namespace), filter, part, flow.name)
        for flow in flows
    )


async def run(
    flows: list[records.Flow], info: Info, run_id: inputs.RunId, namespace: inputs.FlowNamespace = UNSET
) -> Answers[records.Run | None]:
    run_id = component(run_id, "run's id")
    found = await each(info.context.loaders.runs, [Key(flow.provider, f"{flow.name}/{run_id}") for flow in flows])
    return [
        namespaces.mismatch(run.pathspec, _namespace(flow, namespace))
        if isinstance(run, records.Run) and namespaces.outside(run, _namespace(flow, namespace))
        else run
        for flow, run in zip(flows, found, strict=True)
    ]


def _namespace(flow: records.Flow, namespace: str | None) -> str | None:
    """Where none is given, the one that the flow was asked for in."""
    return flow.namespace if namespace is UNSET else namespace
