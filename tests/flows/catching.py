"""Failures that @catch catches: of a step on the way, or of the last one."""

import os
import signal

from metaflow import FlowSpec, Parameter, catch, retry, step


class CatchFlow(FlowSpec):
    fails = Parameter("fails", default="middle")
    by = Parameter("by", default="exception", help="exception, or kill: of the process.")

    @step
    def start(self):
        self.next(self.middle)

    @catch(var="failure")
    @retry(times=1, minutes_between_retries=0)
    @step
    def middle(self):
        if self.fails == "middle":
            if self.by == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise LookupError("the middle step fails")
        self.next(self.end)

    @catch(var="failure", print_exception=False)
    @step
    def end(self):
        if self.fails == "end":
            raise LookupError("the last step fails")


if __name__ == "__main__":
    CatchFlow()
