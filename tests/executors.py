"""Which executor the gateways of the tests have: the product's, or with TESTS_EXECUTOR=graphql-core graphql-core's own.

As a program: `metaflow-graphql` on the executor that was chosen.
"""

import os
import sys
from pathlib import Path

from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from metaflow_graphql.schema import schema
from metaflow_graphql.server.cli import main

ON_GRAPHQL_CORE = os.environ.get("TESTS_EXECUTOR") == "graphql-core"
# What starts a gateway in a process of its own.
PROGRAM = [sys.executable, *([str(Path(__file__))] if ON_GRAPHQL_CORE else ["-m", "metaflow_graphql"])]


def choose() -> None:
    """Let the gateways of this process have it."""
    if ON_GRAPHQL_CORE:
        schema.execution_context_class = StrawberryGraphQLCoreExecutionContext


if __name__ == "__main__":
    choose()
    sys.exit(main())
