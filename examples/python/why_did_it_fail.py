"""Which task of a run failed, and why: python why_did_it_fail.py OrdersFlow/3"""

import sys

from gateway import ask

QUERY = """
query WhyDidItFail($run: String!) {
  run(pathspec: $run) {
    status
    failedTask {
      pathspec
      attempt
      exception {
        type
        message
        stacktrace
      }
    }
  }
}
"""

if len(sys.argv) != 2:
    sys.exit(__doc__)
_, pathspec = sys.argv
run = ask(QUERY, run=pathspec)["run"]
task = run and run["failedTask"]
if not task:
    print(f"{pathspec}: {run['status'] if run else 'no such run'}, no task failed")
    sys.exit()
print(f"{task['pathspec']} failed in attempt {task['attempt']}")
if exception := task["exception"]:
    print(f"{exception['type']}: {exception['message']}")
    print((exception["stacktrace"] or "no stack trace was recorded").rstrip())
