"""Pages of other sites in a real browser: what they try against a gateway that the user reaches, and what that does."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

import chromium
from metaflow_graphql.resolvers.context import Gateway
from metaflow_graphql.server.app import application
from metaflow_graphql.server.browsers.hosts import Hosts
from serving import error, served

# Each way to ask from a page tells its name in the query; `gateway` is its address.
ATTEMPTS = """
const gateway = new URLSearchParams(location.search).get("gateway");
const query = (by) => `{greeting(by: "${by}")}`;
const url = (by) => `${gateway}/graphql?query=${encodeURIComponent(query(by))}`;
const mutation = (by) => JSON.stringify({query: `mutation {touch(by: "${by}")}`});
const json = {"content-type": "application/json"};
const read = async (answer) => `${answer.status} ${(await answer.text())}`;
const loaded = (element, attributes) => new Promise((done, failed) => {
  element.onload = () => done("loaded");
  element.onerror = () => failed(new Error("not loaded"));
  document.body.append(Object.assign(element, attributes));
});
const framed = async (attributes) => {
  const frame = document.createElement("iframe");
  await loaded(frame, attributes);
  return frame.contentDocument === null ? "not readable" : "readable";
};
const attempts = {
  get: async (by) => read(await fetch(url(by))),
  getBlindly: async (by) => (await fetch(url(by), {mode: "no-cors"})).type,
  post: async (by) => read(await fetch(`${gateway}/graphql`, {method: "POST", headers: json, body: mutation(by)})),
  postAsText: async (by) => read(await fetch(`${gateway}/graphql`, {method: "POST", body: mutation(by)})),
  postBlindly: async (by) =>
    (await fetch(`${gateway}/graphql`, {method: "POST", mode: "no-cors", body: mutation(by)})).type,
  image: (by) => loaded(new Image(), {src: url(by)}),
  script: (by) => loaded(document.createElement("script"), {src: url(by)}),
  frame: (by) => framed({src: url(by)}),
  form: async (by) => {
    const target = await framed({name: "target"});
    const form = document.createElement("form");
    Object.assign(form, {method: "post", enctype: "text/plain", target: "target", action: `${gateway}/graphql`});
    const [name, value] = mutation(by).split("touch");
    form.append(Object.assign(document.createElement("input"), {name: `${name}touch`, value}));
    const frame = document.querySelector("iframe[name=target]");
    const sent = new Promise((done) => frame.onload = () => done("sent"));
    document.body.append(form);
    form.submit();
    return sent;
  },
  beacon: async (by) => {
    navigator.sendBeacon(`${gateway}/graphql`, new Blob([mutation(by)], {type: "application/json"}));
    navigator.sendBeacon(`${gateway}/graphql`, mutation(by));
  },
  events: (by) => new Promise((done, failed) => {
    const events = new EventSource(url(by));
    events.onerror = () => { events.close(); failed(new Error("no events")) };
    events.onopen = () => done("open");
  }),
  socket: () => new Promise((done, failed) => {
    const socket = new WebSocket(`${gateway.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    socket.onerror = () => failed(new Error("no socket"));
    socket.onopen = () => done("open");
  }),
  window: async (by) => {
    const opened = window.open(url(by));
    for (let waited = 0; !opened.closed && waited < 100; waited++) await new Promise((done) => setTimeout(done, 50));
    return opened.closed ? "out of hand" : `held, ${opened.length} frames`;
  },
};
const attempted = async () => {
  const found = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    try { found[name] = await attempt(name) } catch (error) { found[name] = "refused" }
  }
  return JSON.stringify(found);
};
"""


class Sites(NamedTuple):
    """A gateway, and what was asked of it; `port`: of the page, at any name that ends with `.example`."""

    gateway: str
    port: int
    asked: list[str]


@contextmanager
def sites(*names: str, hosts: Hosts | None = None) -> Generator[Sites]:
    """`names`: of the sites that are let in."""
    asked: list[str] = []

    @strawberry.type
    class Query:
        @strawberry.field
        def greeting(self, by: str) -> str:
            asked.append(by)
            return f"Hello {by}"

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        def touch(self, by: str) -> bool:
            asked.append(by)
            return True

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(
            f"<!doctype html><title>elsewhere</title><link rel=icon href=data:,><body><script>{ATTEMPTS}</script>"
        )

    with served(Starlette(routes=[Route("/", page)])) as elsewhere:
        port = elsewhere.base_url.port or 80
        origins = [f"http://{name}:{port}" for name in names]
        app = application(strawberry.Schema(Query, Mutation), Gateway({}, "default"), origins, hosts=hosts)
        with served(app) as client:
            yield Sites(str(client.base_url).rstrip("/"), port, asked)


def opened(page: chromium.Page, found: Sites, name: str) -> None:
    """The page of the site of that name."""
    url = httpx.URL(f"http://{name}:{found.port}/", params={"gateway": found.gateway})
    page.call("Page.navigate", url=str(url))
    page.wait_until(
        "document.title === 'elsewhere' && window.attempts === undefined && typeof attempted === 'function'"
    )


def came_to(page: chromium.Page) -> dict[str, Any]:
    return json.loads(page.evaluate("attempted()"))


NO_JSON = error("UNSUPPORTED_MEDIA_TYPE", "The body must be of the media type application/json, in UTF-8.")
UNHEARD = {
    "get": "refused",
    "getBlindly": "refused",
    "post": "refused",
    "postAsText": "refused",
    "postBlindly": "refused",
    "image": "refused",
    "script": "refused",
    "frame": "not readable",
    "form": "sent",
    "events": "refused",
    "socket": "refused",
    "window": "out of hand",
}


def test_a_page_that_is_not_let_in_has_nothing_done_and_reads_nothing(page: chromium.Page) -> None:
    with sites("listed.example") as found:
        opened(page, found, "other.example")
        assert (came_to(page), found.asked) == (UNHEARD, [])


def test_a_page_that_is_let_in_reads_what_it_asks_for(page: chromium.Page) -> None:
    with sites("listed.example") as found:
        opened(page, found, "listed.example")
        read = {
            "get": '200 {"data":{"greeting":"Hello get"}}',
            "post": '200 {"data":{"touch":true}}',
            "postAsText": f"415 {json.dumps({'errors': [NO_JSON]}, separators=(',', ':'))}",
            "postBlindly": "opaque",
        }
        assert came_to(page) == UNHEARD | read
        assert found.asked == ["get", "post"]


def called_otherwise(found: Sites) -> Sites:
    """By a name that is not this machine's, for the browser: over plain http it tells such a one of no sites."""
    return found._replace(gateway=f"http://gateway.example:{httpx.URL(found.gateway).port}")


def test_over_plain_http_a_page_that_is_not_let_in_reads_nothing_and_changes_nothing(page: chromium.Page) -> None:
    with sites("listed.example") as found:
        opened(page, called_otherwise(found), "other.example")
        page.evaluate("delete attempts.window")  # browsers heed Cross-Origin-Opener-Policy over https alone
        assert came_to(page) == {name: end for name, end in UNHEARD.items() if name != "window"}
        assert found.asked == ["getBlindly", "image", "script"]


# What a page does whose own name has come to lead to the gateway: the browser takes it for the gateway's own.
REBOUND = """(async () => {
  const answer = await fetch("/graphql?query=" + encodeURIComponent('{greeting(by: "rebound")}'));
  return `${answer.status} ${await answer.text()}`;
})()"""


def rebound(page: chromium.Page, found: Sites) -> str:
    page.call("Page.setBypassCSP", enabled=True)  # the page came from elsewhere, without a policy of the gateway's
    page.call("Page.navigate", url=f"http://rebound.example:{httpx.URL(found.gateway).port}/healthz")
    page.wait_until("location.hostname === 'rebound.example' && document.readyState === 'complete'")
    return page.evaluate(REBOUND)


def test_a_name_that_comes_to_lead_to_the_gateway_opens_nothing(page: chromium.Page) -> None:
    with sites(hosts=Hosts(None, anywhere=False)) as found:
        message = "The gateway is not called 'rebound.example:{}': if it should be, start it with --public-url."
        refusal = error("FORBIDDEN", message.format(httpx.URL(found.gateway).port))
        assert rebound(page, found) == f"421 {json.dumps({'errors': [refusal]}, separators=(',', ':'))}"
        assert found.asked == []


def test_were_names_not_looked_at_it_would_read_all(page: chromium.Page) -> None:
    with sites() as found:
        assert rebound(page, found) == '200 {"data":{"greeting":"Hello rebound"}}'


def test_over_plain_http_the_gateways_own_page_asks(page: chromium.Page) -> None:
    with sites() as found:
        gateway = called_otherwise(found).gateway
        page.call("Page.navigate", url=f"{gateway}/graphql?query=%7Bgreeting(by%3A%22graphiql%22)%7D")
        page.wait_until("window.GraphiQL && document.querySelector('.graphiql-execute-button')")
        page.evaluate("document.querySelector('.graphiql-execute-button').click()")
        page.wait_until("document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue().includes('Hello')")
        assert found.asked == ["graphiql"]


def test_a_link_of_another_site_opens_graphiql_which_runs_nothing(page: chromium.Page) -> None:
    with sites() as found:
        opened(page, found, "other.example")
        page.evaluate("location.href = url('link')")
        page.wait_until("window.GraphiQL && document.querySelector('.graphiql-execute-button')")
        assert (page.evaluate("window.opener"), found.asked) == (None, [])
        page.evaluate("document.querySelector('.graphiql-execute-button').click()")
        page.wait_until("document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue().includes('link')")
        assert (found.asked, page.complaints) == (["link"], [])
