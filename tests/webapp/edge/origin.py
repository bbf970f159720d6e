"""An origin that counts what reaches it: a public page, its book, a token, and a private page."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WORKER = Path(__file__).parents[3] / "webapp/layouts/static/uiengine/book-worker.js"
BOOK = "/api/book/home/0123456789abcdef"
PAGE = """<!doctype html><title>Home</title><link rel="icon" href="data:,">
<script src="/part.js"></script>
<adaptive-layout surface="home" api="/api/" from="book"><p>News</p></adaptive-layout>
<script>navigator.serviceWorker.register('/book-worker.js')</script>"""
ALWAYS = "public, max-age=31536000, immutable"


@dataclass
class Origin:
    """asked: how often each path reached it; fresh: seconds for which the page is; until: when the
    visit ends, seconds since 1970; is_private: the page is somebody's from now on."""

    address: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    fresh: int = 600
    until: float = 0.0
    is_private: bool = False

    def answer(self, path: str) -> tuple[str, str, str]:
        """Content type, Cache-Control and body."""
        page = "private" if self.is_private else f"public, max-age={self.fresh}"
        return {
            "/": ("text/html", page, PAGE),
            "/mine": ("text/html", "private, max-age=600", PAGE),
            "/part.js": ("text/javascript", "public, max-age=600", "window.part = true"),
            "/book-worker.js": ("text/javascript", "no-cache", WORKER.read_text()),
            "/api/token": ("application/json", "no-store", json.dumps({"until": self.until})),
            BOOK: ("application/json", ALWAYS, '{"orders": []}'),
        }[path]


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@contextmanager
def running() -> Iterator[tuple[Origin, _Server]]:
    origin = Origin(until=time.time() + 1800)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            origin.asked[path] += 1
            kind, control, body = origin.answer(path)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", control)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None: ...

    server = _Server(("127.0.0.1", 0), Handler)
    origin.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield origin, server
    finally:
        server.shutdown()
        server.server_close()
