"""When a service that failed is asked again."""

from metaflow_graphql.providers.service.breaker import Breaker


class Clock:
    """Seconds, as a test turns them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.end(trial=breaker.begin(), succeeded=False)


def succeed(breaker: Breaker) -> None:
    breaker.end(trial=breaker.begin(), succeeded=True)


def seconds_open(breaker: Breaker, clock: Clock) -> float:
    """How long it stays open from now on; so much later it is."""
    start = clock.now
    while breaker.open:
        clock.now += 0.25
    return clock.now - start


def test_it_opens_after_five_failures_in_a_row() -> None:
    breaker = Breaker()
    fail(breaker, 4)
    succeed(breaker)
    fail(breaker, 4)
    assert not breaker.open
    fail(breaker)
    assert breaker.open


def test_it_stays_closed_while_more_are_under_way_than_failed() -> None:
    breaker = Breaker()
    trials = [breaker.begin() for _ in range(20)]
    for trial in trials[:9]:
        breaker.end(trial=trial, succeeded=False)
    assert not breaker.open
    breaker.end(trial=trials[9], succeeded=False)
    assert breaker.open


def test_what_tells_nothing_of_the_service_is_not_counted() -> None:
    breaker = Breaker()
    fail(breaker, 4)
    breaker.end(trial=breaker.begin(), succeeded=None)
    assert not breaker.open
    fail(breaker)
    assert breaker.open


def test_each_trial_that_fails_keeps_it_open_for_twice_as_long() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    fail(breaker, 5)
    pauses = [seconds_open(breaker, clock)]
    for _ in range(6):
        fail(breaker)
        pauses.append(seconds_open(breaker, clock))
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    succeed(breaker)
    fail(breaker, 5)
    assert seconds_open(breaker, clock) == 1


def test_one_trial_is_made_at_a_time() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    fail(breaker, 5)
    clock.now += 1
    trial = breaker.begin()
    assert (trial, breaker.open) == (True, True)
    breaker.end(trial=trial, succeeded=None)  # it was cancelled: the next one may try
    assert not breaker.open
    succeed(breaker)
    assert (breaker.open, breaker.begin()) == (False, False)


def test_what_was_sent_before_it_opened_changes_nothing() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    early = [breaker.begin() for _ in range(3)]
    fail(breaker, 5)
    breaker.end(trial=early[0], succeeded=True)
    assert breaker.open
    clock.now += 1
    breaker.end(trial=early[1], succeeded=False)
    assert not breaker.open
    trial = breaker.begin()
    breaker.end(trial=early[2], succeeded=False)
    breaker.end(trial=trial, succeeded=True)
    assert not breaker.open


def test_it_stays_open_as_long_as_the_service_asks_for() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    breaker.stay_open(20)
    assert seconds_open(breaker, clock) == 20
    assert breaker.begin()
