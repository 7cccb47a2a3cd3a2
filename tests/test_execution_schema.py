"""The way in which each field of the schema gets its values: none goes object by object unnoticed."""

from graphql import GraphQLObjectType, GraphQLSchema, is_abstract_type

from metaflow_graphql.execution import Way
from metaflow_graphql.execution.strawberry import StrawberryWays, types_of_records
from metaflow_graphql.schema import schema

SCHEMA: GraphQLSchema = schema._schema  # pyright: ignore[reportPrivateUsage] - Strawberry has no other name for it

ATTRIBUTES = """
Access: allRuns hiddenNames hidesLines namespaces provider rights userTags
Card: cardId createdAt hash id type
CodeFile: path size
CodeTarball: size
DataArtifact: attempt contentType createdAt finishedAt id location name pathComponents pathspec sha
DataArtifactConnection: nodes
DataArtifactEdge: cursor node
DataEntry: name
Decorator: name
Flow: id name originPathspec parent pathComponents pathspec systemTags tags userTags
FlowConnection: nodes
FlowEdge: cursor node
FlowGraph: endStep file id nodes startStep
ForeachFrame: index numSplits step variable
GraphNode: condition decorators foreachArtifact line matchingJoin name next sourceFile type
Limit: description name value
LogLine: number stream text timestamp
LogLineConnection: nodes
LogLineEdge: cursor node
Metadata: attempt createdAt name type value
MetadataProvider: info isDefault name type
MetaflowCode: id path
MetaflowData: id names
MetaflowEvent: eventId name timestamp type
MetaflowTrigger: event events id
PageInfo: endCursor hasNextPage hasPreviousPage startCursor
Parameter: name
Run: createdAt id pathComponents pathspec runId systemTags tags user userTags
RunConnection: nodes
RunEdge: cursor node
RunTagsPayload: run
ServerInfo: errorCodes limits version
Step: id name pathComponents pathspec
TableColumn: name type
TablePreview: columns rowCount rows
TagCount: isSystem runs tag
Task: id pathComponents pathspec taskId
TaskConnection: nodes
TaskCounts: failed pending running succeeded total unknown
TaskEdge: cursor node
TaskException: caught message stacktrace type
Viewer: access administrator name namespaces until
"""
LEVELS = """
Card: data html url
CodeFile: text
CodeTarball: file files url
DataArtifact: data originPathspec parent preview size systemTags table tags type url userTags
DataArtifactConnection: edges pageInfo totalCount
DataEntry: artifact value
Decorator: attributes
Flow: createdAt latestRun latestSuccessfulRun run runs
FlowConnection: edges pageInfo totalCount
FlowGraph: doc
ForeachFrame: value
GraphNode: doc step
LogLineConnection: edges pageInfo totalCount
MetadataProvider: canMutateTags
MetaflowCode: flowspec info scriptName tarball
MetaflowData: entries has value values
MetaflowTrigger: get run runs
Parameter: value
Run: artifactNames artifacts code data durationMs endTask failedTask finished finishedAt graph originPathspec
    parameters parent startedAt status step steps successful taskCounts tasks trigger
RunConnection: edges pageInfo totalCount
Step: childSteps controlTasks createdAt durationMs environmentInfo finishedAt originPathspec parent parentSteps
    startedAt status systemTags tags task taskCounts tasks userTags
Task: artifact artifacts attempt attempts cards childTasks code createdAt data durationMs environmentInfo exception
    finished finishedAt foreachStack index logUrl loglines metadata metadataDict originPathspec parent parentTasks
    runtimeName startedAt status stderr stderrSize stdout stdoutSize successful systemTags tags userTags
TaskConnection: edges pageInfo totalCount
"""
# Of the root there is one object.
EACH = """
Mutation: addTags removeTags replaceTags
Query: artifact defaultNamespace flow flows metadataProvider metadataProviders node nodes object run runs serverInfo
    step tags task viewer
"""


def table(text: str) -> dict[str, list[str]]:
    """The fields by their type; a line that is indented goes on with the one before."""
    lines = text.strip().replace("\n    ", " ").splitlines()
    return {name: fields.split() for name, _, fields in (line.partition(": ") for line in lines)}


def object_types() -> list[GraphQLObjectType]:
    types = [type_ for name, type_ in SCHEMA.type_map.items() if not name.startswith("__")]
    return [type_ for type_ in types if isinstance(type_, GraphQLObjectType)]


def way(type_: GraphQLObjectType, field: str) -> Way:
    definition = type_.fields[field]
    assert definition.resolve
    return StrawberryWays().of(field, definition, definition.resolve).way


def test_each_field_gets_its_values_in_its_way() -> None:
    found = {
        of: {
            type_.name: fields
            for type_ in object_types()
            if (fields := sorted(field for field in type_.fields if way(type_, field) is of))
        }
        for of in Way
    }
    assert found == {
        Way.TYPENAME: {},
        Way.ATTRIBUTE: table(ATTRIBUTES),
        Way.DEFAULT: {},
        Way.LEVEL: table(LEVELS),
        Way.EACH: table(EACH),
    }


def test_no_object_is_asked_for_its_type() -> None:
    known = set(types_of_records(SCHEMA).values())
    abstract = [type_ for type_ in SCHEMA.type_map.values() if is_abstract_type(type_)]
    assert {possible for type_ in abstract for possible in SCHEMA.get_possible_types(type_)} <= known
    assert [type_.name for type_ in object_types() if type_.is_type_of and type_ not in known] == []
