"""What the gateway answers over a metadata service and S3 is what Metaflow's own client says of the same runs.

The client was asked where they ran, with their data in a folder. Moved to S3 is what Metaflow stored there, and what
its records say of where that is.
"""

import json
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import s3
from differences import DIFFERENCES_OVER_SERVICE
from gateways import Gateway, serving
from oracle_answers import client_answers
from parity import compare
from running import Runs
from service_runs import STORE, ServiceRuns, served


@pytest.fixture(scope="module")
def over_s3(service: ServiceRuns, tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway]:
    """A gateway over a copy of the service's store, and S3."""
    runs, folder = service.runs, tmp_path_factory.mktemp("moved")
    stored = str(runs.datastore)
    with s3.serving() as server:
        server.upload(runs.datastore, s3.ROOT.removeprefix(f"s3://{s3.BUCKET}/"))
        shutil.copy2(runs.root / STORE, folder / STORE)
        with closing(sqlite3.connect(folder / STORE)) as database, database:
            database.execute(
                "UPDATE artifacts SET ds_type = 's3', location = replace(location, ?, ?)", (stored, s3.ROOT)
            )
            database.execute("UPDATE metadata SET value = replace(value, ?, ?)", (stored, s3.ROOT))
            database.execute("UPDATE metadata SET value = 's3' WHERE field_name = 'ds-type'")
        with (
            served(folder / STORE) as moved_to,
            serving(runs.root, metadata=f"service@{moved_to.url}", settings=server.environment) as gateway,
        ):
            yield gateway


def moved(oracle: dict[str, Any], runs: Runs) -> dict[str, Any]:
    """The client's answers, as they are of data that are in S3."""
    text = json.dumps(oracle).replace(str(runs.datastore), s3.ROOT)
    text = text.replace('"ds-type": "local"', '"ds-type": "s3"')
    return json.loads(text.replace('"name": "ds-type", "value": "local"', '"name": "ds-type", "value": "s3"'))


def test_a_value_costs_one_request_to_the_service_and_one_to_s3(service: ServiceRuns, over_s3: Gateway) -> None:
    of_run = over_s3.data(f'{{ run(pathspec: "{service.runs["linear"].pathspec}") {{ endTask {{ pathspec }} }} }}')
    query = f'{{ artifact(pathspec: "{of_run["run"]["endTask"]["pathspec"]}/x") {{ data }} }}'
    assert over_s3.usage(query)["requests"] == {"artifact": 1, "s3 GetObject": 1}


def test_every_attribute_is_the_clients_over_a_service_and_s3(
    service: ServiceRuns, over_s3: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    oracle = moved(client_answers(service.runs, tmp_path), service.runs)
    compare(over_s3, oracle, DIFFERENCES_OVER_SERVICE, capsys)
