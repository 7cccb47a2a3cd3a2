"""A switch that repeats its own step until it is done."""

from metaflow import FlowSpec, step


class LoopFlow(FlowSpec):
    @step
    def start(self):
        self.count = 0
        self.next(self.again)

    @step
    def again(self):
        self.count += 1
        self.decision = "stop" if self.count == 3 else "go"
        self.next({"go": self.again, "stop": self.end}, condition="decision")

    @step
    def end(self):
        pass


if __name__ == "__main__":
    LoopFlow()
