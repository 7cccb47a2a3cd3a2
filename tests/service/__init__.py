"""A metadata service of our own, for tests and `make demo-service` only: never for anybody's real runs.

It answers as Metaflow's metadata service does at its newest, or at an older release, over a store in SQLite:

    with serving(Store(), delay=0.01) as service:
        ... service.url, service.requests["GET /flows/{flow}/runs"], service.options.release = "2.3.0"

It is held to recorded traffic of the real one (`recorded/`), and to Metaflow's own client.
"""

from .history import fill
from .options import Fault, Options
from .serving import Served, serving
from .store import Store, now

__all__ = ["Fault", "Options", "Served", "Store", "fill", "now", "serving"]
