"""A metadata service whose certificate is signed by an authority of one's own."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from metaflow_graphql.providers.errors import ProviderUnavailable
from metaflow_graphql.providers.service import rows
from metaflow_graphql.server.settings.metaflow_config import SettingsError
from metaflow_graphql.server.settings.settings import Options, settings
from metaflow_graphql.server.settings.tls import trusted
from upstreams import client_of, in_a_loop, said

FLOW = '{"flow_id": "Flow", "ts_epoch": 1}'


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """The certificate of 127.0.0.1 that signs itself; beside it is its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "service")])
    began = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    unprotected = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(pem, *unprotected))
    (tmp_path / "authority.pem").write_bytes(certificate.public_bytes(pem))
    return tmp_path / "authority.pem"


@asynccontextmanager
async def secured(authority: Path) -> AsyncGenerator[str]:
    """The URL of a server with that certificate."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return said(FLOW)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority, authority.with_name("key.pem"))
    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@in_a_loop
async def test_who_is_named_is_trusted_as_by_metaflows_client(authority: Path, name: str) -> None:
    async with secured(authority) as url, client_of(url, tls=trusted({name: str(authority)})) as client:
        found = await client.get(("flows", "Flow"), rows.FLOW)
        assert found is not None
        assert found.content == rows.FlowRow("Flow", 1)


@in_a_loop
async def test_others_are_not(authority: Path) -> None:
    async with secured(authority) as url, client_of(url, tls=trusted({})) as client:
        with pytest.raises(ProviderUnavailable, match=r"^team can't be reached; try again\.$"):
            await client.get(("flows", "Flow"), rows.FLOW)


def test_what_is_no_certificate_is_named_at_the_start(tmp_path: Path) -> None:
    options = Options(metadata=["default=service@https://metadata.example.org"])
    for path in (tmp_path / "none.pem", Path(__file__)):
        with pytest.raises(SettingsError, match=rf"^REQUESTS_CA_BUNDLE: {path} can't be read as certificates\.$"):
            settings(options, {"REQUESTS_CA_BUNDLE": str(path)}, tmp_path)
