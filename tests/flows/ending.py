"""Steps that end neither well nor by an ordinary exception."""

import os
import signal
import sys
import threading
import time

from metaflow import FlowSpec, Parameter, step


class EndingFlow(FlowSpec):
    how = Parameter("how", default="sleep")
    seconds = Parameter("seconds", default=2, help="How long it sleeps.")

    @step
    def start(self):
        self.next(self.ends)

    @step
    def ends(self):
        print("about to end by", self.how)
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.how == "exit":
            sys.exit(3)
        elif self.how == "unpicklable":
            self.lock = threading.Lock()
        elif self.how == "fail":
            raise RuntimeError("the last step but one fails")
        elif self.how == "sleep":
            time.sleep(self.seconds)
        self.next(self.end)

    @step
    def end(self):
        if self.how == "fail_at_end":
            raise RuntimeError("the end step fails")


if __name__ == "__main__":
    EndingFlow()
