"""Query."""

import strawberry

from ..resolvers import about, flows, identification, lookup, runs, tag_counts, viewers
from ..resolvers.inputs import BigInt, DateTime
from .fields import entry, resolved, stored, view
from .hierarchy import DataArtifact, Flow, MetaflowObject, Run, Step, Task
from .nodes import Node
from .pages import Connection


@view(tag_counts.TagCount, "A tag in use.")
class TagCount:
    tag: str = stored("The tag.")
    is_system: bool = stored("Whether Metaflow set it; such tags can't be mutated.")
    runs: int = stored("How many of the runs that were looked at have it.")


@view(about.ProviderInfo, "Where metadata is read from; the gateway's configuration names them.")
class MetadataProvider:
    name: str = stored("What the argument metadata picks it by.")
    type: str = stored(
        "local, service or s3. s3 is a datastore alone, without a metadata provider: what only metadata knows (tags, "
        "user, namespace, origin) is empty or null."
    )
    info: str | None = stored("Its path or URL, without credentials.")
    is_default: bool = stored("Whether it is the one that is read where none is named.")
    can_mutate_tags: bool = resolved(about.can_mutate_tags, "Whether tags can be mutated through it.")


@view(about.Limit, "A limit that a request is held to.")
class Limit:
    name: str = stored("What messages name it by.")
    value: BigInt = stored("The most that is allowed.")
    description: str = stored("What it counts.")


@view(about.ServerInfo, "What this gateway is and allows.")
class ServerInfo:
    version: str = stored("The gateway's version.")
    limits: list[Limit] = stored("What each refuses is an error LIMIT_EXCEEDED that names it.")
    error_codes: list[about.ErrorCode] = stored("Every value that extensions.code can have.")


@view(viewers.Access, "Runs of a metadata provider that the viewer may see, and what he may do with them.")
class Access:
    provider: MetadataProvider = stored("Whose runs.")
    all_runs: bool = stored("Whether it is about every one of them.")
    namespaces: list[str] = stored(
        "About runs with one of these system tags, such as user:alice: patterns, in which * stands for any text."
    )
    user_tags: list[str] = stored("About runs with one of these user tags, too: patterns as well.")
    rights: list[viewers.Right] = stored("What he may do with them, besides seeing that they are there.")
    hidden_names: list[str] = stored(
        "Artifacts and parameters whose values he may not see, by patterns of their names."
    )
    hides_lines: bool = stored("Whether lines of logs are left out, by what they say.")


@view(viewers.Viewer, "Who is asking.")
class Viewer:
    name: str | None = stored("As his credentials say; null without access control, where nobody is asked for any.")
    administrator: bool = stored("Whether he may add and remove tags that decide who may see a run.")
    until: DateTime | None = stored("When his credentials end; null where they do not.")
    namespaces: list[str] | None = stored(
        "Of all access, the patterns of system tags; null where there is a provider of which he may see every run."
    )
    access: list[Access] = stored(
        "What he may see, by metadata provider. Of a run that several are about, he may do what any of them says."
    )


@strawberry.type(description="What can be read.")
class Query:
    flows: Connection[Flow] | None = entry(
        flows.all_flows,
        "Flows with at least one run in the namespace, by name; in no namespace also those without runs.",
    )
    flow: Flow | None = entry(lookup.flow, "The flow of that name.")
    runs: Connection[Run] | None = entry(runs.all_runs, "Runs of all flows, newest first.")
    run: Run | None = entry(lookup.run, "The run at this pathspec: HelloFlow/2.")
    step: Step | None = entry(lookup.step, "The step at this pathspec: HelloFlow/2/start.")
    task: Task | None = entry(lookup.task, "The task at this pathspec: HelloFlow/2/start/1.")
    artifact: DataArtifact | None = entry(lookup.artifact, "The artifact at this pathspec: HelloFlow/2/start/1/x.")
    object: MetaflowObject | None = entry(
        lookup.any_object, "The object of whichever level the pathspec names: paste one from a log."
    )
    tags: list[TagCount] | None = entry(
        tag_counts.tags,
        "The tags in use on the newest 1,000 runs of each flow, most used first: what a filter offers while a person "
        "types.",
    )
    node: Node | None = entry(
        identification.node, "Relay's refetch: the object with this id, as it was asked for when the id was given out."
    )
    nodes: list[Node | None] = entry(identification.nodes, "The objects with these ids, in their order.")
    default_namespace: str | None = entry(
        about.default_namespace, "The namespace that applies where none is given; null: all objects."
    )
    metadata_provider: MetadataProvider | None = entry(
        about.metadata_provider, "The named provider, or the default one."
    )
    metadata_providers: list[MetadataProvider] = entry(about.metadata_providers, "All that are configured.")
    viewer: Viewer = entry(viewers.viewer, "Who is asking, what he may see, and what he may do with it.")
    server_info: ServerInfo = entry(about.server_info, "What this gateway is and allows.")
