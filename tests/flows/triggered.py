"""A run that says, as under Argo, which events triggered it: they are read from the environment."""

from metaflow import FlowSpec, step
from metaflow.plugins.argo.argo_workflows_decorator import ArgoWorkflowsInternalDecorator


class UnderArgo(ArgoWorkflowsInternalDecorator):
    """Metaflow's own decorator, without the files that Argo reads when a task has finished."""

    def task_finished(self, *arguments):
        pass


def under_argo(function):
    function.decorators.append(UnderArgo(statically_defined=True))
    return function


class TriggeredFlow(FlowSpec):
    @under_argo
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    TriggeredFlow()
