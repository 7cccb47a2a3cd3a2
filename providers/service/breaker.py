"""Whether a service that failed is asked again yet."""

import time
from collections.abc import Callable


class Breaker:
    """Closed: all may ask. Open, after failures in a row: nobody may for a while; then one may, at a time, as a trial.

    A trial that fails opens it for twice as long, up to `longest` seconds; one that succeeds closes it. As many must
    fail as are under way: of sixteen at once the failures come first, for what fails is the fastest.
    """

    def __init__(
        self,
        failures: int = 5,
        shortest: float = 1.0,
        longest: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = failures
        self._shortest = shortest
        self._longest = longest
        self._clock = clock
        self._failures = 0
        self._under_way = 0
        self._pause = 0.0
        self._open_until = 0.0
        self._on_trial = False

    @property
    def open(self) -> bool:
        """Whether one who would ask now is to be told at once that there is no answer."""
        return self._clock() < self._open_until or self._on_trial

    def begin(self) -> bool:
        """Whether what is sent now is a trial, which `end` is to be told; only where it is not open."""
        self._under_way += 1
        self._on_trial = self._pause > 0
        return self._on_trial

    def end(self, *, trial: bool, succeeded: bool | None) -> None:
        """What came of a request; None: nothing that tells about the service."""
        self._under_way -= 1
        if trial:
            self._on_trial = False
        if succeeded:
            self._close(trial)
        elif succeeded is False:
            self._failures += 1
            if trial or (self._failures >= max(self._allowed, self._under_way) and not self._pause):
                self._pause = min(self._pause * 2 or self._shortest, self._longest)
                self._open_until = max(self._open_until, self._clock() + self._pause)

    def stay_open(self, seconds: float) -> None:
        """Nobody may ask for so long: the service said so."""
        self._pause = self._pause or self._shortest
        self._open_until = max(self._open_until, self._clock() + seconds)

    def _close(self, trial: bool) -> None:
        # What was sent before it opened may still succeed, which says little of now.
        if trial or not self._pause:
            self._failures = 0
            self._pause = 0.0
