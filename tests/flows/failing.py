"""A failure with a cause, after steps that went well."""

from metaflow import FlowSpec, step


class TooCold(Exception):
    def __init__(self, degrees):
        super().__init__(f"{degrees} degrees are too cold")
        self.degrees = degrees


class FailingFlow(FlowSpec):
    @step
    def start(self):
        self.kept = "by the failed attempt as well"
        self.next(self.fails, foreach="places")

    places = ("warm", "cold")

    @step
    def fails(self):
        self.place = self.input
        if self.place == "cold":
            try:
                raise KeyError("heating")
            except KeyError as error:
                raise TooCold(-5) from error
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    FailingFlow()
