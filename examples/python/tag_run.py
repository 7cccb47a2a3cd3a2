"""Tags a run: python tag_run.py TrainFlow/3 reviewed owner:alice"""

import sys

from gateway import ask

QUERY = """
mutation TagRun($run: String!, $tags: [String!]!) {
  addTags(pathspec: $run, tags: $tags) {
    run {
      pathspec
      userTags
    }
  }
}
"""

if len(sys.argv) < 3:
    sys.exit(__doc__)
_, pathspec, *tags = sys.argv
tagged = ask(QUERY, run=pathspec, tags=tags)["addTags"]
if not tagged:
    sys.exit(1)
print(tagged["run"]["pathspec"], *tagged["run"]["userTags"])
