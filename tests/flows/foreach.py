"""A foreach over three items, with a step inside of it."""

from metaflow import FlowSpec, step


class ForeachFlow(FlowSpec):
    @step
    def start(self):
        self.items = ["a", "b", "a longer item than the thirty characters that Metaflow keeps"]
        self.next(self.body, foreach="items")

    @step
    def body(self):
        self.length = len(self.input)
        print("item", self.index, self.input)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.lengths = [of_item.length for of_item in inputs]
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ForeachFlow()
