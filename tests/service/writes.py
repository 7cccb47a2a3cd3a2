"""The routes that Metaflow's client writes by while a run executes."""

from aiohttp import web

from .asked import Asked
from .replies import Refused, broken, reply
from .store import HEARTBEAT_SECONDS


async def flow(asked: Asked) -> web.Response:
    asked.store.add_flow(asked.flow)
    return _made(asked, "flow_view", "flow_id", asked.flow)


async def run(asked: Asked) -> web.Response:
    body = await asked.fields()
    key = asked.store.add_run(asked.flow, _name(body.get("run_number")), body)
    return _made(asked, "run_view", "run_key", key)


async def step(asked: Asked) -> web.Response:
    body = await asked.fields()
    key = _run(asked)
    asked.store.add_step(key, asked.step, body)
    return _made(asked, "step_view", "run_key = ? AND step_name", key, asked.step)


async def task(asked: Asked) -> web.Response:
    body = await asked.fields()
    key = asked.store.add_task(_run(asked), asked.step, _name(body.get("task_id")), body)
    return _made(asked, "task_view", "task_key", key)


async def metadata(asked: Asked) -> web.Response:
    body = await asked.body()
    asked.store.add_metadata(_task(asked), body)
    return asked.answer({"metadata_created": len(body)}, versioned=False)


async def artifacts(asked: Asked) -> web.Response:
    body = await asked.body()
    asked.store.add_artifacts(_task(asked), body)
    return asked.answer({"artifacts_created": len(body)}, versioned=False)


async def heartbeat_of_run(asked: Asked) -> web.Response:
    return _beaten(asked, asked.store.beat("runs", "run_key", asked.run_key))


async def heartbeat_of_task(asked: Asked) -> web.Response:
    return _beaten(asked, asked.store.beat("tasks", "task_key", asked.task_key))


def _beaten(asked: Asked, counted: bool) -> web.Response:
    # JSON within JSON; one that came too early is answered as if there were no run, which the client does not mind.
    body = f'{{"wait_time_in_seconds": {HEARTBEAT_SECONDS}}}'
    return reply(body, asked.version, 200 if counted else 404)


def _made(asked: Asked, view: str, where: str, *keys: object) -> web.Response:
    found = asked.store.row(f"SELECT * FROM {view} WHERE {where} = ?", *keys)
    assert found is not None
    sent = asked.told(found)
    # What is told of a run that has just been made is no more than what was written.
    sent.pop("user", None)
    return asked.answer(sent)


def _run(asked: Asked) -> int:
    if (key := asked.run_key) is None:
        raise broken("Could not find the run")
    return key


def _task(asked: Asked) -> int:
    if (key := asked.task_key) is None:
        raise Refused(400, {"message": "need to register run_id and task_id first"})
    return key


def _name(given: object) -> str | None:
    """A name, where one was given; numbers are the service's to give."""
    if given is None:
        return None
    if str(given).isnumeric():
        raise broken("provided run_id may not be a numeric")
    return str(given)
