"""A flow that only the other team runs: even its name, its steps and its code bear the mark."""

from metaflow import FlowSpec, step


class ZebraFlow(FlowSpec):
    """zebra-code-docstring"""

    @step
    def start(self):
        self.zebra_artifact = "zebra-value"
        self.next(self.zebra_step)

    @step
    def zebra_step(self):
        print("zebra-log")
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ZebraFlow()
