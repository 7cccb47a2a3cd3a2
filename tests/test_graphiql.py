"""GraphiQL in a real browser: it loads without any other host, and its first query answers."""

import os
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import chromium
import metaflow_graphql

ROOT = Path(metaflow_graphql.__path__[0])
ANSWER = "document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()"
RUN = "document.querySelector('.graphiql-execute-button')"


@pytest.fixture
def page() -> Generator[chromium.Page]:
    if not chromium.PROGRAM:
        missing = "GraphiQL was not tested in a browser: Chromium is missing (Debian's package chromium)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with chromium.new_page() as page:
        yield page


def test_the_first_query_answers_without_any_other_host(page: chromium.Page, gateway_url: str) -> None:
    page.call("Page.navigate", url=f"{gateway_url}/graphql")
    page.wait_until(f"{RUN} && document.querySelector('[aria-label=\"Show Documentation Explorer\"]')")
    page.evaluate(f"{RUN}.click()")
    page.wait_until(f"{ANSWER}?.includes('\"artifacts\": [')")
    page.screenshot(ROOT / "build/screenshots/graphiql.png")
    assert '"errors"' not in page.evaluate(ANSWER)
    assert page.complaints == []
    assert {urlsplit(url).netloc for url in page.requests if not url.startswith("data:")} == {
        urlsplit(gateway_url).netloc
    }
