"""A flow that two teams run: all that a run of it leaves behind bears the mark of its team, and of what it is."""

import os

from metaflow import FlowSpec, IncludeFile, Parameter, card, catch, current, step
from metaflow.cards import Markdown
from metaflow.plugins.argo.argo_workflows_decorator import ArgoWorkflowsInternalDecorator

TEAM = os.environ.get("TEAM", "nobody")


class UnderArgo(ArgoWorkflowsInternalDecorator):
    """Metaflow's own decorator, without the files that Argo reads when a task has finished."""

    def task_finished(self, *arguments):
        pass


def perhaps_under_argo(function):
    if "ARGO_WORKFLOW_NAME" in os.environ:
        function.decorators.append(UnderArgo(statically_defined=True))
    return function


class SharedFlow(FlowSpec):
    """code-docstring"""

    given = Parameter("given", default=f"{TEAM}-value-given")
    notes = IncludeFile("notes", default=os.environ.get("TEAM_NOTES"))

    @perhaps_under_argo
    @card(type="blank", id="shown")
    @step
    def start(self):
        """code-docstring"""
        print(f"{TEAM}-log to read")
        print(f"{TEAM}-log to hide")
        print(f"{TEAM}-log the last")
        current.card["shown"].append(Markdown(f"{TEAM}-value-card"))
        current.card["shown"].refresh({"shown": f"{TEAM}-value-card-data"})
        self.table = [{"column": f"{TEAM}-value-table", "number": 1}, {"column": f"{TEAM}-value-table", "number": 2}]
        self.secret = f"{TEAM}-value-secret"
        setattr(self, f"{TEAM}_named", f"{TEAM}-value-named")
        self.items = [f"{TEAM}-value-item-{number}" for number in range(2)]
        self.next(self.body, foreach="items")

    @catch(var="caught", print_exception=False)
    @step
    def body(self):
        self.item = self.input
        if self.index:
            raise ValueError(f"{TEAM}-value-exception")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs, include=["given", "secret", "table"])
        if os.environ.get("TEAM_FAILS"):
            raise ValueError(f"{TEAM}-value-failure")
        self.next(self.end)

    @step
    def end(self):
        print(f"{TEAM}-log at the end")


if __name__ == "__main__":
    SharedFlow()
