"""Cards are strangers' pages: shown as they are, and kept away from the gateway's origin."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import chromium
import metaflow_graphql
from metaflow_graphql.providers.local.provider import LocalProvider
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.schema import schema
from metaflow_graphql.server.app import application
from running import Runs
from serving import post, served

ROOT = Path(metaflow_graphql.__path__[0])
CARDS = "query($task: String!) { task(pathspec: $task) { cards { type cardId url } } }"

# Tries all that a page of the gateway's own could do, and says what it came to.
HOSTILE = """<!doctype html><title>trying</title><p>A card.</p><script>
const asked = {query: "{ flows { nodes { name } } }"};
const body = JSON.stringify(asked), headers = {"content-type": "application/json"};
const attempts = {
  origin: () => self.origin,
  read: async () => (await (await fetch("/graphql", {method: "POST", headers, body})).json()).data,
  readWithoutPreflight: async () => (await (await fetch("/graphql?query={flows{nodes{name}}}")).json()).data,
  readByRequest: () => new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.onload = () => done(request.responseText);
    request.onerror = () => failed(new Error("no answer"));
    request.open("GET", "/graphql?query={flows{nodes{name}}}");
    request.send();
  }),
  cookie: () => document.cookie,
  storage: () => localStorage.length,
  opener: () => String(window.open("/graphql")),
  worker: async () => String(await navigator.serviceWorker.register("/graphql")),
  frame: () => new Promise((done, failed) => {
    const frame = document.createElement("iframe");
    frame.onload = () => {
      try { done(frame.contentWindow.document.title) } catch (error) { failed(error) }
    };
    frame.src = "/healthz";
    document.body.append(frame);
  }),
};
(async () => {
  const found = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    try { found[name] = await attempt() } catch (error) { found[name] = "refused" }
  }
  window.found = JSON.stringify(found);
})();
</script>"""


def with_hostile_card(runs: Runs, root: Path) -> Gateway:
    copied = runs.copy(root, "CardFlow")
    (page,) = copied.datastore.glob("mf.cards/CardFlow/runs/*/steps/start/tasks/*/cards/default-first-*.html")
    page.write_text(HOSTILE)
    return Gateway({"default": LocalProvider("default", root)}, "default")


def came_to(page: chromium.Page, app: ASGIApp, task: str) -> dict[str, Any]:
    """What the hostile card says that its attempts came to."""
    with served(app) as client:
        cards = post(client, CARDS, variables={"task": task}).json()["data"]["task"]["cards"]
        url = next(card["url"] for card in cards if card["cardId"] == "first")
        page.call("Page.navigate", url=url)
        page.wait_until("window.found")
        return json.loads(page.evaluate("window.found"))


def test_a_hostile_card_reads_nothing_of_the_gateway(page: chromium.Page, runs: Runs, tmp_path: Path) -> None:
    gateway = with_hostile_card(runs, tmp_path)
    assert came_to(page, application(schema, gateway), f"{runs['cards'].pathspec}/start/1") == {
        "origin": "null",
        "read": "refused",
        "readWithoutPreflight": "refused",
        "readByRequest": "refused",
        "cookie": "refused",
        "storage": "refused",
        "opener": "null",
        "worker": "refused",
        "frame": "refused",
    }


def test_without_its_policy_it_would(page: chromium.Page, runs: Runs, tmp_path: Path) -> None:
    gateway = with_hostile_card(runs, tmp_path)
    found = came_to(page, without_policy(application(schema, gateway)), f"{runs['cards'].pathspec}/start/1")
    flows = {"flows": {"nodes": [{"name": "CardFlow"}]}}
    assert (found["read"], found["readWithoutPreflight"]) == (flows, flows)
    assert found["storage"] == 0


def without_policy(app: ASGIApp) -> ASGIApp:
    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        async def stripped(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [header for header in message["headers"] if header[0] != b"content-security-policy"]
                message = {**message, "headers": kept}
            await send(message)

        await app(scope, receive, stripped)

    return bare


@pytest.mark.parametrize(("site", "status"), [("listed.example", 200), ("other.example", 403)])
def test_a_card_stands_in_frames_of_sites_that_are_let_in(
    page: chromium.Page, runs: Runs, tmp_path: Path, site: str, status: int
) -> None:
    told: list[int] = []
    gateway = with_hostile_card(runs, tmp_path)
    task = f"{runs['cards'].pathspec}/start/1"
    with served(Starlette(routes=[Route("/", framing)])) as elsewhere:
        port = elsewhere.base_url.port
        with served(noting(told, application(schema, gateway, [f"http://listed.example:{port}"]))) as client:
            url = post(client, CARDS, variables={"task": task}).json()["data"]["task"]["cards"][0]["url"]
            told.clear()
            page.call("Page.navigate", url=f"http://{site}:{port}/?{url}")
            page.wait_until("window.done")
            assert told == [status]


async def framing(request: Request) -> HTMLResponse:
    """A page with another one in a frame."""
    return HTMLResponse(f'<!doctype html><iframe src="{request.url.query}" onload="window.done = true"></iframe>')


def noting(told: list[int], app: ASGIApp) -> ASGIApp:
    """The application; the status of each answer is told."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])
            await send(message)

        await app(scope, receive, sent)

    return noted


@pytest.mark.parametrize(("card_id", "text"), [("first", "A heading"), ("second", "value")])
def test_a_card_of_metaflow_shows_itself(
    page: chromium.Page, runs: Runs, gateway: Any, card_id: str, text: str
) -> None:
    cards = gateway.data(CARDS, task=f"{runs['cards'].pathspec}/start/1")["task"]["cards"]
    url = next(card["url"] for card in cards if card["cardId"] == card_id)
    page.call("Page.navigate", url=url)
    page.wait_until(f"document.body.innerText.includes({json.dumps(text)})")
    page.screenshot(ROOT / f"build/screenshots/card-{card_id}.png")
