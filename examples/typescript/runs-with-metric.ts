// The newest runs of a flow with a metric each: node runs-with-metric.ts TrainFlow accuracy

import { ask } from "./gateway.ts";
import { RunsWithMetricDocument } from "./generated/graphql.ts";

const [flow = "TrainFlow", metric = "accuracy"] = process.argv.slice(2);

const answer = await ask(RunsWithMetricDocument, { flow, metric });
for (const run of answer.flow?.runs?.nodes ?? []) {
  const value = run.artifacts?.nodes[0]?.data;
  console.log(run.createdAt, run.pathspec, run.status, `${metric}=${JSON.stringify(value) ?? "none"}`);
}
