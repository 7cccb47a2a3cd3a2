"""GraphiQL in a real browser: it loads without any other host, and its first query answers."""

from pathlib import Path
from urllib.parse import urlsplit

import chromium
import metaflow_graphql

ROOT = Path(metaflow_graphql.__path__[0])
ANSWER = "document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()"
RUN = "document.querySelector('.graphiql-execute-button')"


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
