"""The first page of 50 runs, with 11 fields each, out of 5,000: what it takes, and how many files are opened for it.

The 60 newest runs are whole, the others have no steps: a page that reads more than its own runs would show it by its
file reads.
"""

import json
from collections import Counter
from pathlib import Path

from support.serving import Gateway, serving
from support.timing import Taken, show, taken, timed
from support.trees import FLOW, tree

RUNS, WHOLE, PAGE = 5_000, 60, 50
QUERY = f"""{{
  flow(name: "{FLOW}") {{
    runs(first: {PAGE}) {{
      nodes {{
        runId createdAt user tags status successful startedAt finishedAt durationMs failedTask {{ taskId }}
        artifacts(names: ["accuracy"], first: 1) {{ nodes {{ data }} }}
      }}
    }}
  }}
}}"""


def first_answer(root: Path) -> tuple[Taken, bytes]:
    with serving(root) as gateway:
        return timed(lambda: gateway.answer(QUERY), 1)


def file_reads(gateway: Gateway) -> int:
    return json.loads(gateway.answer(QUERY, extensions={"usage": True}))["extensions"]["usage"]["fileReads"]


def main() -> None:
    root = tree(WHOLE, RUNS - WHOLE)
    colds = [first_answer(root) for _ in range(5)]
    with serving(root) as gateway:
        reads = file_reads(gateway), file_reads(gateway)
        warm, answer = timed(lambda: gateway.answer(QUERY), 25)

    assert [cold for _, cold in colds] == [answer] * len(colds), "the answers differ"
    nodes = json.loads(answer)["data"]["flow"]["runs"]["nodes"]
    assert Counter((node["status"], node["artifacts"]["nodes"][0]["data"]) for node in nodes) == {
        ("SUCCEEDED", 0.285): PAGE
    }
    print(f"{PAGE} of {RUNS:,} runs, {len(nodes[0])} fields each: {len(answer):,} bytes")
    print(f"files opened: {reads[0]:,} for the first query, {reads[1]:,} for the same again")
    first, again = "first query", "the same again"
    show({first: taken([cold.least for cold, _ in colds]), again: warm}, (first, again))


if __name__ == "__main__":
    main()
