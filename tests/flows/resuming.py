"""A failure that a resumed run does not meet."""

import os

from metaflow import FlowSpec, Parameter, step


class ResumeFlow(FlowSpec):
    alpha = Parameter("alpha", default=1)

    @step
    def start(self):
        self.x = self.alpha
        print("cloned tasks have no log of their own")
        self.next(self.middle)

    @step
    def middle(self):
        if os.environ.get("FIXTURE_FAILS"):
            raise RuntimeError("fails until it is resumed")
        self.x += 1
        self.next(self.end)

    @step
    def end(self):
        self.x += 1


if __name__ == "__main__":
    ResumeFlow()
