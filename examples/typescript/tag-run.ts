// Tags a run: node tag-run.ts TrainFlow/3 reviewed "owner:alice"

import { ask } from "./gateway.ts";
import { TagRunDocument } from "./generated/graphql.ts";

const [run, ...tags] = process.argv.slice(2);
if (!run || tags.length === 0) throw new Error("usage: node tag-run.ts RUN TAG...");

const answer = await ask(TagRunDocument, { run, tags });
console.log(answer.addTags?.run.pathspec, answer.addTags?.run.userTags.join(" "));
