"""GraphQL over HTTP, as npm's graphql-http audits it."""

from pathlib import Path

from auditing import LEAST, audits


def test_the_server_passes_all_audits(gateway_url: str, tmp_path: Path) -> None:
    found = audits(gateway_url, tmp_path)
    assert [audit for audit in found if audit["status"] != "ok"] == []
    assert len(found) >= LEAST
