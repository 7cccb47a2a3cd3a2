"""The soak, in short: `soak.py` is it for minutes."""

from soak import soak


def test_a_gateway_neither_leaks_nor_errs_while_its_service_stalls_and_recovers() -> None:
    soaked = soak(20, 50, runs=800)
    assert soaked.faults == []
    # Of each kind something has come.
    assert soaked.outcomes.keys() == {"right", "with errors", "left", "changes", "changes with errors"}
