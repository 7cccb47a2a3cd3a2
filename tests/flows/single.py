"""One step that is both start and end."""

from metaflow import FlowSpec, step


class SingleStepFlow(FlowSpec):
    @step(start=True, end=True)
    def only(self):
        self.x = 1


if __name__ == "__main__":
    SingleStepFlow()
