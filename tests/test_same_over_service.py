"""Tests of other modules again, over the same scenarios run through a metadata service."""

import inspect
from collections.abc import Generator
from importlib import import_module
from typing import Any

import pytest

from gateways import Gateway, serving
from oracle_answers import client_answers
from running import Runs
from service_runs import ServiceRuns

MODULES = ("cards", "code", "logs", "namespaces", "pathspecs", "statuses", "tables", "triggers", "values")
# Which are about the gateway over the runs and nothing else; others change the runs, or how the gateway is started.
OURS = {"gateway", "over"}
ELSEWHERE = {"tmp_path", "of_alice", "own_runs"}
# They name tasks by the ids that local metadata count in each run, count runs (a service does not), or look at files.
LOCAL_ALONE = {
    "test_cards_come_in_the_order_of_their_making_with_their_pages_and_data",
    "test_a_blank_line_is_a_line",
    "test_lines_are_what_a_task_wrote",
    "test_a_flows_fields_are_in_the_namespace_that_it_was_asked_for_in",
    "test_a_namespace_is_one_whole_tag",
    "test_a_namespace_shows_the_flows_and_runs_that_the_client_shows",
    "test_an_object_of_any_level_is_in_the_namespaces_of_its_run",
    "test_an_object_of_any_level_is_outside_of_others",
    "test_the_runs_of_all_flows_are_those_of_the_namespace",
    "test_what_does_not_exist_is_null_in_any_namespace",
    "test_an_id_that_is_none_of_ours_fails_alone_and_touches_no_file",
    "test_what_is_no_name_fails_alone_and_is_not_looked_for",
    "test_what_is_no_pathspec_fails_alone_and_touches_no_file",
    "test_what_no_name_can_be_is_had_by_no_task",
    "test_a_duration_lasts_from_the_start_to_the_end",
    "test_a_run_starts_when_its_id_says_and_its_tasks_when_they_recorded",
    "test_an_attempt_that_was_tried_again_has_failed",
    "test_runs_that_ended_otherwise_than_well",
    "test_an_array_is_a_table",
    "test_no_number_of_rows_but_those_that_are_given",
    "test_null_asks_for_as_many_rows_as_nothing",
    "test_what_is_no_table_has_none",
    "test_every_value_is_the_view_of_the_real_object",
    "test_the_data_of_a_task_by_name",
    "test_the_data_of_an_attempt_is_its_own",
    "test_the_exception_that_ended_a_task",
    "test_types_are_the_names_of_the_classes",
}


def of_module(module: str) -> dict[str, Any]:
    """Its tests that ask the gateway over all the runs."""
    tests = {name: test for name, test in vars(import_module(f"test_{module}")).items() if name.startswith("test_")}
    asked = {name: set(inspect.signature(test).parameters) for name, test in tests.items()}
    ours = {name for name in tests.keys() - LOCAL_ALONE if asked[name] & OURS and not asked[name] & ELSEWHERE}
    return {f"{name}_in_{module}": tests[name] for name in sorted(ours)}


def test_what_is_left_out_is_there() -> None:
    known = {name for module in MODULES for name in vars(import_module(f"test_{module}"))}
    assert known >= LOCAL_ALONE


for module in MODULES:
    globals().update(of_module(module))


@pytest.fixture(scope="module")
def runs(service: ServiceRuns) -> Runs:
    return service.runs


@pytest.fixture(scope="module")
def oracle(service: ServiceRuns, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return client_answers(service.runs, tmp_path_factory.mktemp("client-cache"))


@pytest.fixture(scope="module")
def gateway(service: ServiceRuns) -> Generator[Gateway]:
    # No retry is due any more, though some tests come within a minute of the runs.
    with serving(service.runs.root, "--stalled-after", "0.001", metadata=f"service@{service.url}") as served:
        yield served


@pytest.fixture(scope="module")
def over(gateway: Gateway) -> Gateway:
    return gateway
