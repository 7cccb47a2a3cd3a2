// Which task of a run failed, and why: node why-did-it-fail.ts OrdersFlow/3

import { ask } from "./gateway.ts";
import { WhyDidItFailDocument } from "./generated/graphql.ts";

const [run] = process.argv.slice(2);
if (!run) throw new Error("usage: node why-did-it-fail.ts RUN");

const answer = await ask(WhyDidItFailDocument, { run });
const task = answer.run?.failedTask;
if (!task) {
  console.log(`${run}: ${answer.run?.status ?? "no such run"}, no task failed`);
} else {
  console.log(`${task.pathspec} failed in attempt ${task.attempt}`);
  if (task.exception) console.log(`${task.exception.type}: ${task.exception.message}`);
  for (const line of task.loglines?.nodes ?? []) console.log(`  ${line.text}`);
  console.log(`The whole log: ${task.logUrl}`);
}
