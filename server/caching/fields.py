"""The fields whose answers can't change any more once their run has succeeded, by their schema coordinates.

What is not named here may change: a field that is added is not kept unless it was thought of. Left out is what

- tags are in, or select: tags, namespaces, what Task.runtimeName is told by; and what Metaflow's own tag command
  changes with them, a local run's time and user: Run.createdAt, and in cases Run.startedAt and Run.user;
- a new run is seen in: flows, lists and counts of runs, triggers;
- a new attempt, or a task that is added, is seen in: the course and the metadata of tasks, and lists. Run.status would
  tell of one of the end task alone, and Metaflow starts none of a task that has succeeded: for what else may, answers
  are kept for so short a time (headers.py);
- may be written when the run has ended: logs and cards;
- depends on how the gateway is reached or configured: URLs, limits, providers.
"""

# fmt: off
LASTING = frozenset((
    "Query.run", "Query.step", "Query.task",
    "Run.id", "Run.pathspec", "Run.pathComponents", "Run.runId", "Run.status",
    "Step.id", "Step.pathspec", "Step.pathComponents", "Step.name", "Step.parent",
    "Task.id", "Task.pathspec", "Task.pathComponents", "Task.taskId", "Task.parent",
))
# Those that last where the request says of which attempt.
OF_ONE_ATTEMPT = frozenset((
    "Query.artifact", "Task.artifact", "Task.data", "MetaflowData.id", "MetaflowData.value",
    "DataArtifact.id", "DataArtifact.pathspec", "DataArtifact.pathComponents", "DataArtifact.parent",
    "DataArtifact.name", "DataArtifact.attempt", "DataArtifact.createdAt", "DataArtifact.finishedAt",
    "DataArtifact.sha", "DataArtifact.size", "DataArtifact.contentType", "DataArtifact.location",
    "DataArtifact.type", "DataArtifact.data", "DataArtifact.preview", "DataArtifact.table",
    "TablePreview.columns", "TablePreview.rows", "TablePreview.rowCount", "TableColumn.name", "TableColumn.type",
))
# fmt: on
