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
  console.log(`${task.exception?.type}: ${task.exception?.message}`);
  console.log(task.exception?.stacktrace?.trimEnd() ?? "no stack trace was recorded");
}
