"""Two branches that run side by side and are joined."""

from metaflow import FlowSpec, step


class BranchFlow(FlowSpec):
    @step
    def start(self):
        self.shared = "the same on both sides"
        self.next(self.left, self.right)

    @step
    def left(self):
        self.x = "left"
        self.next(self.join)

    @step
    def right(self):
        self.x = "right"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.both = sorted(branch.x for branch in inputs)
        self.merge_artifacts(inputs, exclude=["x"])
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    BranchFlow()
