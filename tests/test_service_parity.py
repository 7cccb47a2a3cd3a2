"""What the gateway answers over a metadata service is what Metaflow's own client does, over the same service."""

from pathlib import Path

import pytest

from differences import DIFFERENCES_OVER_SERVICE
from gateways import serving
from oracle_answers import client_answers
from parity import compare
from service_runs import ServiceRuns


def test_every_attribute_is_the_clients_over_a_service(
    service: ServiceRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    oracle = client_answers(service.runs, tmp_path)
    with serving(service.runs.root, metadata=f"service@{service.url}") as gateway:
        compare(gateway, oracle, DIFFERENCES_OVER_SERVICE, capsys)
