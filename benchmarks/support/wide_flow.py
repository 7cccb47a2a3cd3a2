# pyright: basic, reportAttributeAccessIssue=false, reportPrivateImportUsage=false, reportOptionalOperand=false
# Attributes that steps make and self.next(…) are Metaflow's own dialect, which no checker knows.
"""Five steps, fourteen tasks: what the benchmarks' trees are copied from."""

from metaflow import FlowSpec, step


class WideFlow(FlowSpec):
    @step
    def start(self):
        self.items = list(range(10))
        self.next(self.work, foreach="items")

    @step
    def work(self):
        self.result = self.input**2
        self.label = f"item {self.input}"
        self.next(self.collect)

    @step
    def collect(self, inputs):
        self.results = [one.result for one in inputs]
        self.next(self.check)

    @step
    def check(self):
        self.mean = sum(self.results) / len(self.results)
        self.next(self.end)

    @step
    def end(self):
        self.accuracy = round(self.mean / 100, 3)


if __name__ == "__main__":
    WideFlow()
