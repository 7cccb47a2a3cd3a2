"""What a service provider remembers, how it puts its questions about runs, and how it reads PostgreSQL's lists."""

import asyncio
import base64
import json
import random
from time import monotonic, sleep
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metaflow_graphql.providers.base import Position, RunFilter, RunPageKey, RunsKey
from metaflow_graphql.providers.errors import ProviderUnavailable
from metaflow_graphql.providers.memory import Lately, Memory
from metaflow_graphql.providers.records import RunStatus
from metaflow_graphql.providers.service import foreach_stacks, run_queries
from metaflow_graphql.providers.service.rows import MetadataRow
from service.store import as_text
from upstreams import in_a_loop


class Answers:
    """Answers to questions: the next number each time, after a while."""

    def __init__(self) -> None:
        self.given = 0

    async def next(self) -> int:
        self.given += 1
        answer = self.given
        await asyncio.sleep(0)
        return answer

    async def fail(self) -> int:
        await self.next()
        raise ProviderUnavailable("It did not answer.")


@in_a_loop
async def test_a_question_is_asked_once() -> None:
    memory, answers = Memory(), Answers()
    assert await asyncio.gather(*(memory.once("a", answers.next) for _ in range(3))) == [1, 1, 1]
    assert (await memory.once("a", answers.next), await memory.once("b", answers.next)) == (1, 2)
    assert (memory.asked("a"), memory.asked("c"), answers.given) == (True, False, 2)


@in_a_loop
async def test_an_error_is_an_answer() -> None:
    memory, answers = Memory(), Answers()
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await memory.once("a", answers.fail)
    assert answers.given == 1


@in_a_loop
async def test_who_gives_up_does_not_give_up_for_others() -> None:
    memory, answers = Memory(), Answers()
    first, second = (asyncio.create_task(memory.once("a", answers.next)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


@in_a_loop
async def test_what_came_along_is_known_unless_it_was_asked_for() -> None:
    memory, answers = Memory(), Answers()
    memory.put("a", 10)
    assert await memory.once("a", answers.next) == 10
    assert await memory.once("b", answers.next) == 1
    memory.put("b", 20)
    assert await memory.once("b", answers.next) == 1


def test_what_was_answered_lately_is_kept_for_a_while() -> None:
    kept, gone = Lately(60, 2), Lately(0, 2)
    for lately in (kept, gone):
        lately.put("a", False)
        lately.put("b", [])
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (False, [], None)
    assert (gone.get("a"), gone.get("b")) == (None, None)


def test_the_last_answers_are_kept() -> None:
    lately = Lately(60, 2)
    for number, question in enumerate("abac"):
        lately.put(question, number)
    assert [lately.get(question) for question in "abc"] == [2, None, 3]
    lately.forget("a")
    assert [lately.get(question) for question in "abc"] == [None, None, 3]


def test_what_was_asked_for_before_it_was_to_be_forgotten_is_not_kept() -> None:
    lately, before = Lately(60, 2), monotonic()
    lately.forget("a")
    lately.put("a", 1, before)
    assert lately.get("a") is None
    lately.put("a", 2, monotonic())
    lately.put("a", 3, before)
    assert lately.get("a") == 2


def test_what_is_over_is_let_go_of() -> None:
    lately = Lately(0.01, 10)
    lately.put("a", 1)
    sleep(0.02)
    lately.put("b", 2)
    assert (lately.get("a"), len(lately)) == (None, 1)


def test_what_was_forgotten_long_ago_is_still_not_kept() -> None:
    lately, before = Lately(0.01, 10), monotonic()
    lately.forget("a")
    sleep(0.02)
    lately.put("b", 1)
    lately.put("a", 2, before)
    assert lately.get("a") is None


def test_the_last_answers_are_kept_as_far_as_there_is_room() -> None:
    lately = Lately(60, 10, most_bytes=100)
    for question, size in (("a", 40), ("b", 40), ("c", 10), ("b", 50), ("d", 41)):
        lately.put(question, question, size=size)
    assert [lately.get(question) for question in "abcd"] == [None, "b", None, "d"]
    lately.put("c", "c", size=9)
    assert [lately.get(question) for question in "bcd"] == ["b", "c", "d"]


def test_what_is_too_large_is_not_kept_and_costs_no_other_its_place() -> None:
    lately = Lately(60, 10, most_bytes=100)
    lately.put("a", 1, size=100)
    lately.put("b", 2, size=101)
    assert (lately.get("a"), lately.get("b")) == (1, None)


def stack(value: Any, name: str = "foreach-stack") -> Any:
    return foreach_stacks.value(MetadataRow(1, "Flow", 1, "step", 1, name, 0, value=value))


# Elements that PostgreSQL quotes, and letters.
ELEMENTS = st.text(st.sampled_from('ab{},"\\ \t\nN=:ä') | st.characters(codec="utf-8"), max_size=8)


@given(st.lists(st.none() | ELEMENTS | st.sampled_from(["NULL", "null", "", "items=1"])))
@example(['items="a, b"', "{}", "\\", "NULL", None, ""])
def test_a_list_is_read_as_it_was_written(elements: list[str | None]) -> None:
    assert json.loads(stack(as_text(elements))) == elements


@given(st.lists(ELEMENTS, min_size=1))
def test_any_element_may_be_quoted(elements: list[str]) -> None:
    quoted = (element.replace("\\", "\\\\").replace('"', '\\"') for element in elements)
    assert json.loads(stack("{" + ",".join(f'"{element}"' for element in quoted) + "}")) == elements


@pytest.mark.parametrize(
    "value",
    ["", "{", "}", "{a,}", "{,a}", "{a,,b}", '{"a}', '{"a"b}', "{a}b", "{{a},{b}}", '{a"b"}', "plain", '["a"]', None],
)
def test_what_is_no_list_stays_as_it_is(value: str | None) -> None:
    assert stack(value) == value


def test_only_the_stack_is_a_list() -> None:
    assert (stack("{a,b}"), stack("{a,b}", "other"), stack("{}")) == ('["a","b"]', "{a,b}", "[]")


def test_a_long_literal_is_read_at_once() -> None:
    chance = random.Random(0)
    elements = ["".join(chance.choices('a"\\,{} ', k=9)) for _ in range(50_000)]
    assert json.loads(stack(as_text(elements))) == elements
    # What it breaks off in costs no more.
    assert stack('{"' + "\\" * 500_001) == '{"' + "\\" * 500_001


def page(wanted: RunFilter, namespace: str | None = None, **more: Any) -> RunPageKey:
    return RunPageKey(RunsKey("default", namespace, wanted), 10, **more)


def test_conditions_are_those_that_the_service_can_check() -> None:
    wanted = RunFilter(
        tags=frozenset({"b", "a"}),
        any_tags=frozenset({"y", "x"}),
        users=frozenset({"alice"}),
        run_id_prefix="argo-",
        created_from_ms=10,
        created_before_ms=20,
    )
    assert run_queries.conditions(page(wanted, "user:alice")) == (
        *(("_tags", "a"), ("_tags", "b"), ("_tags", "user:alice"), ("_tags:any", "x,y")),
        *(("ts_epoch:ge", "10"), ("ts_epoch:lt", "20")),
    )
    assert run_queries.conditions(page(RunFilter())) == ()


@pytest.mark.parametrize(
    ("wanted", "conditions"),
    [
        (RunFilter(tags=frozenset({"a,b", "c"})), (("_tags", "c"),)),
        (RunFilter(tags=frozenset({"null"})), ()),
        (RunFilter(any_tags=frozenset({"a", "b,c"})), ()),
        (RunFilter(any_tags=frozenset({"a", "null"})), ()),
    ],
)
def test_what_a_filter_can_not_say_is_left_out(wanted: RunFilter, conditions: run_queries.Query) -> None:
    assert run_queries.conditions(page(wanted)) == conditions


def test_the_later_of_two_bounds_counts() -> None:
    before = Position(15_999, "Flow", "1")
    for began, oldest in ((None, 15), (10, 15), (20, 20)):
        assert run_queries.oldest(page(RunFilter(created_from_ms=began), before=before)) == oldest


def test_a_page_starts_at_the_time_of_the_run_that_it_comes_after() -> None:
    cursor = run_queries.first_cursor(page(RunFilter(), after=Position(15_999, "Flow", "argo-1")))
    assert json.loads(base64.b64decode(cursor or "")) == {"ts_epoch": 15, "run_number": 2**31 - 1}
    assert run_queries.first_cursor(page(RunFilter())) is None


@pytest.mark.parametrize(
    ("statuses", "with_status", "status"),
    [
        (None, False, None),
        (None, True, "completed,failed,running"),
        ({RunStatus.SUCCEEDED}, False, "completed"),
        ({RunStatus.FAILED}, False, "failed,running"),
        ({RunStatus.RUNNING, RunStatus.PENDING}, True, "failed,running"),
        ({RunStatus.SUCCEEDED, RunStatus.FAILED}, False, "completed,failed,running"),
    ],
)
def test_of_the_service_s_status_only_completed_is_trusted(
    statuses: set[RunStatus] | None, with_status: bool, status: str | None
) -> None:
    wanted = None if statuses is None else frozenset(statuses)
    assert run_queries.status(page(RunFilter(), statuses=wanted, with_status=with_status)) == status
