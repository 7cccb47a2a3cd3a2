"""Parameters of every kind, configurations, included files, class constants."""

from metaflow import Config, FlowSpec, IncludeFile, JSONType, Parameter, step


class ParametersFlow(FlowSpec):
    CONSTANT = {"kept": "with the parameters"}  # noqa: RUF012  (so do users write it)
    text = Parameter("text", default="a text")
    number = Parameter("number", default=7)
    ratio = Parameter("ratio", default=0.25)
    enabled = Parameter("enabled", default=True)
    absent = Parameter("absent", default=None, type=str)
    hyphened = Parameter("hyphen-ated", default="by its attribute's name")
    listed = Parameter("listed", separator=",", default="a,b,c")
    tree = Parameter("tree", type=JSONType, default='{"a": [1, null, {"b": 2.5}]}')
    late = Parameter("late", default=lambda context: f"made for {context.flow_name}", type=str)
    settings = Config("settings", default_value={"model": {"depth": 3, "names": ["x", "y"]}, "rate": 0.1})
    notes = IncludeFile("notes", help="Text.")
    picture = IncludeFile("picture", is_text=False, help="Bytes.")

    @step
    def start(self):
        self.depth = self.settings.model.depth
        self.whole_settings = self.settings
        self.length = len(self.notes)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ParametersFlow()
