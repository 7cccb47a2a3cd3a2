"""What the gateway answers over local metadata is what Metaflow's own client does."""

from typing import Any

import pytest

from differences import DIFFERENCES
from gateways import Gateway
from parity import compare


def test_every_attribute_is_the_clients(
    gateway: Gateway, oracle: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    compare(gateway, oracle, DIFFERENCES, capsys)
