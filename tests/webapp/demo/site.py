"""A small site that serves the client's files and answers its requests as the API would."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from webapp.layouts.html import element

FILES = Path(element.__file__).parents[1] / "static/uiengine"
SCRIPT = "/adaptive-layout.js"
BLOCKS = ("a", "b", "c")
LOADED = f'<script type="module" src="{SCRIPT}"></script>'


def payload(order: tuple[str, ...] = BLOCKS, **more: Any) -> dict[str, Any]:
    """A layout of one column from 0 px and two from 500 px, its decision named after the order."""
    fixed = {"minW": 1, "minH": 1, "static": False, "locked": False}
    one = [{"id": b, "i": b, "x": 0, "y": y, "w": 1, "h": 1, **fixed} for y, b in enumerate(order)]
    two = [{**item, "x": y % 2, "y": y // 2} for y, item in enumerate(one)]
    return {
        "surface": "home",
        "status": "adapted",
        "breakpoints": {"narrow": 0, "wide": 500},
        "cols": {"narrow": 1, "wide": 2},
        "row_height": 40,
        "layouts": {"narrow": one, "wide": two},
        "order": list(order),
        "elements": {b: {"title": b.upper(), "kind": "card"} for b in order},
        "pins": [],
        "stability": {"moved": [], "budget": 3},
        "why": {},
        "undo": "wish",
        "decision": "-".join(order),
        "whose": "",
        **more,
    }


def markup(attributes: str = "controls", grid: bool = True, boot: Any = None, **blocks: str) -> str:
    """The element as the template tag writes it, with or without the div around its blocks."""
    inner = "".join(
        f'<section data-block="{b}"><h2>{b}</h2><a href="#x">{b}</a>{blocks.get(b, "")}</section>'
        for b in BLOCKS
    )
    script = f'<script type="application/json">{json.dumps({"payload": boot})}</script>'
    return (
        f'<adaptive-layout surface="home" {attributes}>'
        + (f"<div data-grid>{inner}</div>" if grid else inner)
        + (script if boot else "")
        + "</adaptive-layout>"
    )


@dataclass
class Site:
    """pages: HTML by path. events, wishes: bodies as they came. Answers may be replaced.

    csrf: the tokens of /api/csrf, one after the other; the last is given again.
    """

    address: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    layout: dict[str, Any] = field(default_factory=payload)
    asked: int = 0
    csrf: list[str] = field(default_factory=lambda: ["by-address"])
    events: list[dict[str, Any]] = field(default_factory=list)
    wishes: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    on_events: Callable[[dict[str, Any]], int] = lambda batch: 202
    on_wish: Callable[[dict[str, Any]], int | None] = lambda wish: None
    files: dict[str, Path] = field(default_factory=dict)

    def noted(self, kind: str) -> list[str]:
        """The blocks of the events of a kind, in the order in which they came."""
        return [
            event.get("block", "")
            for batch in list(self.events)
            for event in batch["events"]
            if event["type"] == kind
        ]


@contextmanager
def serve() -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    server.daemon_threads = True
    site.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/api/layout"):
                site.asked += 1
                self._answer(json.dumps(site.layout), "application/json")
            elif path == "/api/csrf":
                token = site.csrf.pop(0) if site.csrf[1:] else site.csrf[0]
                csrf = {"cookie": "", "header": "X-CSRFToken", "token": token}
                self._answer(json.dumps(csrf), "application/json")
            elif path.endswith(".js"):
                file = site.files.get(path, FILES / "adaptive-layout.js")
                self._answer(file.read_text(), "text/javascript")
            elif path in site.pages:
                self._answer(site.pages[path], "text/html; charset=utf-8")
            else:
                self._answer("", "text/plain", 404)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/feedback"):
                with lock:
                    site.wishes.append(body)
                    site.headers.append(dict(self.headers))
                status = site.on_wish(body) or 200
                return self._answer(json.dumps(site.layout), "application/json", status)
            with lock:
                site.at_once += 1
                site.most_at_once = max(site.most_at_once, site.at_once)
            try:
                status = site.on_events(body)
                if status == 202:
                    site.events.append(body)
            finally:
                with lock:
                    site.at_once -= 1
            self._answer("{}", "application/json", status)

        def _answer(self, text: str, kind: str, status: int = 200) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())
            except OSError:
                self.close_connection = True  # the browser no longer waits

        def log_message(self, format: str, *args: object) -> None:
            """Tests read what came from `site`."""

    return Handler


def hang(seconds: float = 30.0) -> None:
    time.sleep(seconds)
