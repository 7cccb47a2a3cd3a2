"""A switch in each item of a foreach, so that its join follows more than one step."""

from metaflow import FlowSpec, step


class SwitchInForeachFlow(FlowSpec):
    @step
    def start(self):
        self.items = [1, 2, 3]
        self.next(self.decide, foreach="items")

    @step
    def decide(self):
        self.parity = "odd" if self.input % 2 else "even"
        self.next({"odd": self.odd, "even": self.even}, condition="parity")

    @step
    def odd(self):
        self.found = f"{self.input} is odd"
        self.next(self.join)

    @step
    def even(self):
        self.found = f"{self.input} is even"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.found = [one.found for one in inputs]
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    SwitchInForeachFlow()
