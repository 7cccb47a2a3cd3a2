"""Start and end steps of other names, and a failure that a resumed run does not meet."""

import os

from metaflow import FlowSpec, Parameter, step


class RenamedFlow(FlowSpec):
    alpha = Parameter("alpha", default=0.5)

    @step(start=True)
    def begin(self):
        self.x = 1
        self.next(self.body, foreach="items")

    items = ("a", "b")

    @step
    def body(self):
        self.y = self.input
        self.next(self.join)

    @step
    def join(self, inputs):
        self.ys = sorted(one.y for one in inputs)
        if os.environ.get("FIXTURE_FAILS"):
            raise RuntimeError("fails until it is resumed")
        self.next(self.finish)

    @step(end=True)
    def finish(self):
        self.done = True


if __name__ == "__main__":
    RenamedFlow()
