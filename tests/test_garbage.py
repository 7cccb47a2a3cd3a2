"""What operations leave behind for the garbage collector, whose full passes stop everybody."""

import gc
from pathlib import Path

from in_process import opened
from local_trees import EPOCH_MS, put_object, put_run

TASKS = 400
QUERY = """{ runs { nodes { status durationMs steps { status startedAt taskCounts { total }
    tasks(first: 400) { nodes { taskId status createdAt durationMs attempts { attempt } metadataDict } } } } } }"""


def test_an_operation_leaves_nothing_of_what_it_read(tmp_path: Path) -> None:
    put_run(tmp_path, "1")
    put_object(tmp_path, "Made/1/start", EPOCH_MS)
    for number in range(TASKS):
        put_object(tmp_path, f"Made/1/start/{number}", EPOCH_MS + number)
    with opened(tmp_path) as gateway:
        assert len(gateway.answer(QUERY)["data"]["runs"]["nodes"][0]["steps"][0]["tasks"]["nodes"]) == TASKS
        gc.collect()
        gc.disable()
        try:
            gateway.answer(QUERY)
            left = gc.collect()
        finally:
            gc.enable()
    assert left < TASKS
