"""The values of all answers under way take so much memory together, and those of one who asks half of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from made_logs import TASK, line, made_in
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.errors import Busy, LimitExceeded
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.providers.room import Room
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server import limits, operations
from metaflow_graphql.server.errors import Faults
from metaflow_graphql.server.operations import Operation, Operations


def test_nobody_has_more_than_half_and_all_no_more_than_there_is() -> None:
    room = Room(100)
    alice, alices, bob = room.share("alice"), room.share("alice"), room.share("bob")
    alice.take(49)
    assert not alices.is_full
    alices.take(1)
    assert (alice.is_full, alices.is_full, bob.is_full) == (True, True, False)
    bob.take(70)
    assert room.share("carol").is_full
    alice.let_go()
    alices.let_go()
    assert (alice.is_full, bob.is_full, room.share("carol").is_full) == (False, True, False)
    bob.let_go()
    assert not room.taken


def test_those_who_are_not_known_share_all_of_it() -> None:
    room = Room(100)
    first, second = room.share(None), room.share(None)
    first.take(99)
    assert not second.is_full
    second.take(1)
    assert (first.is_full, room.share("alice").is_full) == (True, True)


def test_what_comes_after_its_operation_takes_nothing() -> None:
    room = Room(100)
    late = room.share("alice")
    late.let_go()
    late.take(1_000)
    late.let_go()
    assert not room.taken


def test_a_value_without_room_says_whether_to_ask_again() -> None:
    room = Room(100)
    other = room.share("alice")
    other.take(100)
    with pytest.raises(Busy) as busy:
        usage.Usage(share=room.share("bob")).spend(1)
    assert (busy.value.code, busy.value.retryable) == ("RATE_LIMITED", True)
    with pytest.raises(LimitExceeded):
        usage.Usage(values_left=0, share=room.share("bob")).spend(1)


def test_room_is_taken_until_the_answer_is_no_longer_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(size: float) -> Room:
        assert size == 4 * limits.VALUES_BYTES.value
        return Room(1_000)

    monkeypatch.setattr(operations, "Room", small)
    with made_in(tmp_path) as made:
        made.starts()
        made.log("0.task_stdout.log", line(1, "x" * 2_000))
        query = f'{{ task(pathspec: "{TASK}") {{ stdout }} }}'

        async def asked() -> list[dict[str, Any]]:
            gateway = Gateway({"default": LocalProvider("default", made.root)}, "default")
            answering = Operations(schema, gateway)
            one, other = Operation(query, None, asker="one"), Operation(query, None, asker="other")
            async with answering.answering(one, Faults()) as held:
                meanwhile = await asyncio.create_task(answering.answer(other, Faults()))
            afterwards = await asyncio.create_task(answering.answer(other, Faults()))
            await gateway.close()
            return [held, meanwhile, afterwards]

        held, meanwhile, afterwards = asyncio.run(asked())
    assert held == afterwards == {"data": {"task": {"stdout": "x" * 2_000 + "\n"}}}
    (error,) = meanwhile["errors"]
    assert (error["path"], error["extensions"]) == (["task", "stdout"], {"code": "RATE_LIMITED", "retryable": True})
