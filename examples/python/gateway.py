"""One request to the gateway at METAFLOW_GRAPHQL_URL."""

import json
import os
import sys
import urllib.request
from typing import Any

URL = os.environ.get("METAFLOW_GRAPHQL_URL", "http://127.0.0.1:8080/graphql")


def ask(query: str, **variables: object) -> Any:
    """The answer's data. A field that could not be answered is null in it and is told on stderr; the others stand."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    with urllib.request.urlopen(urllib.request.Request(URL, body, {"Content-Type": "application/json"})) as response:
        answer = json.load(response)
    for error in answer.get("errors", []):
        path = ".".join(map(str, error.get("path", [])))
        print(f"{error['extensions']['code']} {path}: {error['message']}", file=sys.stderr)
    if answer.get("data") is None:
        sys.exit(f"{URL} answered without data")
    return answer["data"]
