"""Three steps in a row, which write to both logs."""

import sys

from metaflow import FlowSpec, step


class LinearFlow(FlowSpec):
    """A flow whose documentation is recorded."""

    @step
    def start(self):
        """Sets two artifacts."""
        self.x = 1
        self.message = "from start"
        print("start writes to stdout")
        print("start writes to stderr", file=sys.stderr)
        self.next(self.middle)

    @step
    def middle(self):
        self.x += 1
        self.numbers = list(range(10))
        print("first line\n\nthird line, after a blank one: äöü 🎉")
        self.next(self.end)

    @step
    def end(self):
        self.x += 1


if __name__ == "__main__":
    LinearFlow()
