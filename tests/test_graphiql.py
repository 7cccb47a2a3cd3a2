"""GraphiQL in a real browser: it loads without any other host, its first query answers, and it asks for tokens."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

import chromium
import metaflow_graphql
from serving import error, served, small_application

ROOT = Path(metaflow_graphql.__path__[0])
ANSWER = "document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()"
EDITOR = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
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


def test_all_of_it_shows_itself_under_its_policy(page: chromium.Page) -> None:
    with served(small_application()) as client:
        opened(page, f"{client.base_url}/graphql?query={{greeting}}")
        page.wait_until("document.querySelector('[aria-label=\"Show Documentation Explorer\"]')")
        for name in ("Show Documentation Explorer", "Show History"):
            page.evaluate(f"document.querySelector('[aria-label=\"{name}\"]').click()")
            page.wait_until("document.querySelector('.graphiql-plugin')")
        for name in ("short keys", "settings"):
            page.evaluate(f"document.querySelector('[aria-label=\"Open {name} dialog\"]').click()")
            page.wait_until("document.querySelector('.graphiql-dialog')")
            # What its library makes at run time: without the nonce, it has no rules.
            assert page.evaluate("document.querySelector('style').sheet.cssRules.length") > 0
            page.screenshot(ROOT / f"build/screenshots/{name}.png")
            page.press("Escape")
            page.wait_until("!document.querySelector('.graphiql-dialog')")
        page.evaluate(f"{EDITOR}.execCommand('autocomplete')")
        page.wait_until("document.querySelector('.CodeMirror-hints')")
        assert page.complaints == []


def opened(page: chromium.Page, url: str) -> None:
    page.call("Page.navigate", url=url)
    page.wait_until(RUN)


UNKNOWN = {"errors": [error("UNAUTHENTICATED", "Who asks?")]}


def locked(app: ASGIApp, tokens: list[str | None]) -> ASGIApp:
    """The application, for whom sends the token `s3cret`; `tokens` are those that came."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if (scope["path"], scope["method"]) == ("/graphql", "POST"):
            given = dict(scope["headers"]).get(b"authorization")
            tokens.append(given.decode() if given else None)
            if given != b"Bearer s3cret":
                return await JSONResponse(UNKNOWN, 401, {"www-authenticate": "Bearer"})(scope, receive, send)
        return await app(scope, receive, send)

    return answered


def asked_for(page: chromium.Page) -> str:
    """What stands over the field for a token, once it is there."""
    page.wait_until("document.querySelector('#asking[open]')")
    return page.evaluate("document.querySelector('#wanted').innerText")


KEPT = """JSON.stringify([
  Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, document.documentElement.outerHTML
])"""


def test_a_token_is_asked_for_where_one_is_needed_and_kept_nowhere(page: chromium.Page) -> None:
    tokens: list[str | None] = []
    with served(locked(small_application(), tokens)) as client:
        opened(page, f"{client.base_url}/graphql?query={{greeting}}")
        assert asked_for(page) == "The gateway asks for a token:"
        page.call("Input.insertText", text="wrong")
        page.screenshot(ROOT / "build/screenshots/token.png")
        page.press("Enter")
        page.wait_until("document.querySelector('#wanted').innerText.includes('not take')")
        page.call("Input.insertText", text="s3cret")
        page.press("Enter")
        page.wait_until(f"{EDITOR}.options.hintOptions.schema")
        page.evaluate(f"{RUN}.click()")
        page.wait_until(f"{ANSWER}?.includes('Hello world')")
        assert tokens == [None, "Bearer wrong", "Bearer s3cret", "Bearer s3cret"]
        assert "s3cret" not in page.evaluate(KEPT)
        page.call("Page.reload")
        assert asked_for(page) == "The gateway asks for a token:"


def test_who_has_no_token_sees_what_the_gateway_says(page: chromium.Page) -> None:
    with served(locked(small_application(), [])) as client:
        opened(page, f"{client.base_url}/graphql?query={{greeting}}")
        asked_for(page)
        page.press("Escape")
        page.wait_until(f"{ANSWER}?.includes('UNAUTHENTICATED')")
        assert json.loads(page.evaluate(ANSWER)) == UNKNOWN
        assert page.evaluate("document.querySelector('#asking').open") is False
        page.evaluate(f"{RUN}.click()")
        assert asked_for(page) == "The gateway asks for a token:"
