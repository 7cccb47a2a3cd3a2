"""A switch that takes one of two branches."""

from metaflow import FlowSpec, step


class SwitchFlow(FlowSpec):
    @step
    def start(self):
        self.choice = "taken"
        self.next({"taken": self.taken, "untaken": self.untaken}, condition="choice")

    @step
    def taken(self):
        self.x = 1
        self.next(self.end)

    @step
    def untaken(self):
        self.x = 2
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    SwitchFlow()
