"""Forecasts tomorrow's temperature from a sensor that answers only when it is asked twice."""

import statistics

from metaflow import FlowSpec, Parameter, catch, current, retry, step


class ForecastFlow(FlowSpec):
    """What a retry and a caught failure look like."""

    days = Parameter("days", default=5, help="How many days to look back.")

    @step
    def start(self):
        self.next(self.measure)

    @retry(times=2, minutes_between_retries=0)
    @step
    def measure(self):
        """Asks the sensor, which is asleep at first."""
        if current.retry_count == 0:
            raise TimeoutError("the sensor did not answer")
        self.temperatures = [12.0 + 1.5 * ((day * 7) % 5) for day in range(self.days)]
        self.next(self.advise)

    @catch(var="no_advice", print_exception=False)
    @step
    def advise(self):
        """Advice is welcome, but the forecast goes on without."""
        self.forecast = statistics.fmean(self.temperatures)
        self.advice = {15: "take a jacket", 18: "no jacket today"}[round(self.forecast)]
        self.next(self.end)

    @step
    def end(self):
        print("advice:", "none" if self.no_advice else self.advice)


if __name__ == "__main__":
    ForecastFlow()
