"""The newest runs of a flow with a metric each: python runs_with_metric.py TrainFlow accuracy"""

import json
import sys

from gateway import ask

QUERY = """
query RunsWithMetric($flow: String!, $metric: String!) {
  flow(name: $flow) {
    runs(first: 10) {
      nodes {
        pathspec
        createdAt
        status
        # The newest task's value of the artifact.
        artifacts(names: [$metric], first: 1) {
          nodes {
            data
          }
        }
      }
    }
  }
}
"""

if len(sys.argv) != 3:
    sys.exit(__doc__)
_, flow, metric = sys.argv
found = ask(QUERY, flow=flow, metric=metric)["flow"]
if not found:
    sys.exit(f"there is no flow {flow}")
for run in found["runs"]["nodes"]:
    values = [json.dumps(artifact["data"]) for artifact in run["artifacts"]["nodes"]]
    print(run["createdAt"], run["pathspec"], run["status"], f"{metric}={values[0] if values else 'none'}")
