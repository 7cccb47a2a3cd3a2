"""A step that fails in its first attempts."""

import os
import signal

from metaflow import FlowSpec, Parameter, current, retry, step


class RetryFlow(FlowSpec):
    failures = Parameter("failures", default=1, help="How many attempts fail.")
    by = Parameter("by", default="exception", help="exception, or kill: of the process.")

    @step
    def start(self):
        self.next(self.flaky)

    @retry(times=1, minutes_between_retries=0)
    @step
    def flaky(self):
        self.of_attempt = current.retry_count
        print("attempt", current.retry_count)
        if current.retry_count < self.failures:
            if self.by == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise ValueError(f"attempt {current.retry_count} fails")
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    RetryFlow()
