"""Debian's Chromium without a window, driven over its DevTools protocol."""

import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

PROGRAM = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",  # it refuses its sandbox to root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # No internet; every name of other sites is one of this machine.
    "--host-resolver-rules=MAP *.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--window-size=1400,900",
    "--remote-debugging-port=0",
)


_NAVIGATED = "Inspected target navigated or closed"


class Navigated(Exception):
    """What was asked about is gone: another page is there."""


class Page:
    """A tab of the browser, and what it asked for and complained of since it was opened."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.sent = 0
        self.requests: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Network", "Runtime", "Log", "Page"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """The browser's answer; the events that come before it are kept."""
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(timeout=30))
            if message.get("id") == self.sent:
                if _NAVIGATED in str(message.get("error")):
                    raise Navigated(message)
                assert "error" not in message, message
                return message["result"]
            self._keep(message.get("method"), message.get("params"))

    def _keep(self, event: str, params: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event == "Network.webSocketCreated":
            self.requests.append(params["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(params["exceptionDetails"]["exception"]["description"])
        elif event == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.complaints.append(str([argument.get("value") for argument in params["args"]]))
        elif event == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"]["text"])

    def evaluate(self, expression: str) -> Any:
        """As if the user had just clicked: a window may be opened. What is promised is awaited."""
        asked = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        return self.call("Runtime.evaluate", expression=expression, **asked)["result"].get("value")

    def wait_until(self, expression: str, seconds: float = 30) -> None:
        """Until the JavaScript expression holds, else an AssertionError that shows the page's text."""
        end = time.monotonic() + seconds
        while not self._holds(expression):
            assert time.monotonic() < end, (expression, self.complaints, self.evaluate("document.body.innerText"))
            time.sleep(0.1)

    def _holds(self, expression: str) -> bool:
        try:
            return self.evaluate(f"Boolean({expression})")
        except Navigated:  # of the page that was there before
            return False

    def press(self, key: str) -> None:
        """A key, such as Enter."""
        code = {"Enter": 13, "Escape": 27}[key]
        text = {"Enter": "\r"}.get(key, "")
        for event in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=event, key=key, code=key, windowsVirtualKeyCode=code, text=text)

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextlib.contextmanager
def new_page() -> Generator[Page]:
    """An empty page of a browser of its own, which ends with it."""
    assert PROGRAM
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [PROGRAM, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as browser:
            try:
                with connect(_address_of_page(Path(profile, "DevToolsActivePort")), max_size=None) as socket:
                    yield Page(socket)
            finally:
                browser.terminate()


def _address_of_page(port_file: Path, seconds: float = 30) -> str:
    end = time.monotonic() + seconds
    while not (port_file.exists() and port_file.read_text()):
        assert time.monotonic() < end, f"Chromium did not start in {seconds} s"
        time.sleep(0.05)
    port = port_file.read_text().splitlines()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as response:
        return next(target["webSocketDebuggerUrl"] for target in json.load(response) if target["type"] == "page")
