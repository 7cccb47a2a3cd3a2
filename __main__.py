"""The command line as `python -m metaflow_graphql`."""

import sys

from .server.cli import main

if __name__ == "__main__":
    sys.exit(main())
