"""The demo over a metadata service and S3: python examples/demo_service.py [--once].

Both run on this machine, and are those of the tests: the service of tests/service, and moto's S3. They begin empty,
the sample flows run through them, and all of it is gone in the end. For one answer some of the runs are enough.
"""

import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import run_flows
from demo import arguments, demonstrate, free_port, gateway, wait_for

TESTS = Path(__file__).parent.parent / "tests"
BUCKET = "metaflow-demo"
# What moto takes for credentials; the flows' and the gateway's.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def service() -> Generator[str]:
    """The URL of a metadata service, which is stopped in the end."""
    url = f"http://127.0.0.1:{(port := free_port(8081))}"
    with _running([sys.executable, "-m", "service", "--port", str(port)], f"{url}/ping"):
        yield url


@contextmanager
def s3() -> Generator[str]:
    """The URL of an S3 with an empty bucket, which is stopped in the end."""
    url = f"http://127.0.0.1:{(port := free_port(8082))}"
    moto = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with _running(moto, f"{url}/moto-api/"):
        urllib.request.urlopen(urllib.request.Request(f"{url}/{BUCKET}", method="PUT")).close()
        yield url


def settings(service_url: str, s3_url: str) -> dict[str, str]:
    """Metaflow's, as a team would set them for both; the gateway reads the same."""
    return CREDENTIALS | {
        "METAFLOW_DEFAULT_METADATA": "service",
        "METAFLOW_SERVICE_URL": service_url,
        "METAFLOW_DEFAULT_DATASTORE": "s3",
        "METAFLOW_DATASTORE_SYSROOT_S3": f"s3://{BUCKET}/metaflow",
        "METAFLOW_S3_ENDPOINT_URL": s3_url,
        # As many processes as there are cores on a large machine take longer to start than the data to be sent.
        "METAFLOW_S3_WORKER_COUNT": "2",
    }


@contextmanager
def _running(command: list[str], answers_at: str) -> Generator[None]:
    with subprocess.Popen(
        command, cwd=TESTS, process_group=0, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as one:
        try:
            wait_for(answers_at, one)
            yield
        finally:
            one.terminate()


def main() -> None:
    given = arguments(__doc__, of_a_folder=False)
    with TemporaryDirectory() as folder, service() as service_url, s3() as s3_url:
        configured = settings(service_url, s3_url)
        run_flows.main(Path(folder), configured, run_flows.SOME if given.once else run_flows.RUNS)
        with gateway(f"service@{service_url}", configured) as url:
            demonstrate(url, once=given.once)


if __name__ == "__main__":
    main()
