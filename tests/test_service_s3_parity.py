"""What the gateway answers over a metadata service and S3 is what Metaflow's own client says of the same runs.

The client was asked where they ran, with their data in a folder. Moved to S3 is what Metaflow stored there, and what
its records say of where that is.
"""

import json
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
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


@contextmanager
def gateway_over_s3(runs: Runs, folder: Path) -> Generator[Gateway]:
    """A gateway over a copy of the service's store, and S3; `folder` is where the copy lies."""
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
            served(folder / STORE) as service,
            serving(runs.root, metadata=f"service@{service.url}", settings=server.environment) as gateway,
        ):
            yield gateway


def moved(oracle: dict[str, Any], runs: Runs) -> dict[str, Any]:
    """The client's answers, as they are of data that are in S3."""
    text = json.dumps(oracle).replace(str(runs.datastore), s3.ROOT)
    text = text.replace('"ds-type": "local"', '"ds-type": "s3"')
    return json.loads(text.replace('"name": "ds-type", "value": "local"', '"name": "ds-type", "value": "s3"'))


def test_every_attribute_is_the_clients_over_a_service_and_s3(
    service: ServiceRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    oracle = moved(client_answers(service.runs, tmp_path), service.runs)
    with gateway_over_s3(service.runs, tmp_path) as gateway:
        compare(gateway, oracle, DIFFERENCES_OVER_SERVICE, capsys)
