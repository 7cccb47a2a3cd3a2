"""A metric beside the parameters, over the runs with a tag: python compare_runs.py TrainFlow sweep accuracy"""

# %% What to compare
import sys
from typing import Any

from gateway import ask

flow, tag, metric = sys.argv[1:] if len(sys.argv) == 4 else ("TrainFlow", "sweep", "accuracy")

# %% One request, whatever the number of runs and tasks
QUERY = """
query CompareRuns($flow: String!, $tag: String!, $metric: String!, $after: String) {
  flow(name: $flow) {
    runs(filter: { tags: [$tag], statuses: [SUCCEEDED] }, first: 100, after: $after) {
      nodes {
        runId
        parameters {
          name
          value
        }
        artifacts(names: [$metric], first: 1) {
          nodes {
            data
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
"""


def successful_runs() -> list[Any]:
    """Of all pages."""
    runs: list[Any] = []
    after = None
    while True:
        found = ask(QUERY, flow=flow, tag=tag, metric=metric, after=after)["flow"]
        if not found:
            sys.exit(f"there is no flow {flow}")
        runs += found["runs"]["nodes"]
        after = found["runs"]["pageInfo"]["endCursor"]
        if not found["runs"]["pageInfo"]["hasNextPage"]:
            return runs


# %% A row for each run that has the metric, the best first
rows = [
    {"run": run["runId"], metric: artifact["data"]}
    | {parameter["name"]: parameter["value"] for parameter in run["parameters"]}
    for run in successful_runs()
    for artifact in run["artifacts"]["nodes"]
]
rows.sort(key=lambda row: row[metric], reverse=True)

# %% The metric, and the parameters in which the runs differ
names = list(dict.fromkeys(name for row in rows for name in row))
columns = [name for name in names if name in ("run", metric) or len({str(row.get(name)) for row in rows}) > 1]
table = [columns, *([str(row.get(name)) for name in columns] for row in rows)]
widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
for cells in table:
    print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
