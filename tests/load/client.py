"""A minimal HTTP/1.1 client; it shares the machine with the server, so it does little itself.

A request whose connection broke is sent once more, and counted.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 30.0
"""Seconds to wait for an answer."""


class Broken(Exception):
    """The connection broke, and so did the second one."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """One persistent connection. retries: requests that were sent a second time."""

    def __init__(self, port: int) -> None:
        self.port, self.retries = port, 0
        self._socket: socket.socket | None = None

    def get(self, path: str, token: str = "", **headers: str) -> Answer:
        return self._ask(_request("GET", path, token, headers, b""))

    def post(self, path: str, token: str, data: Any, **headers: str) -> Answer:
        body = json.dumps(data).encode()
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        return self._ask(_request("POST", path, token, headers, body))

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    def _ask(self, request: bytes) -> Answer:
        try:
            return self._once(request)
        except OSError:
            self.close()
            self.retries += 1
        time.sleep(0.05)
        try:
            return self._once(request)
        except OSError as error:
            self.close()
            raise Broken(str(error)) from error

    def _once(self, request: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._received()
        lines = data[:end].decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in lines[1:])
        headers = {name.lower(): value for name, value in pairs}
        body, length = data[end + 4 :], int(headers.get("content-length", 0))
        status = int(lines[0].split(" ", 2)[1])
        while status != 304 and len(body) < length:
            body += self._received()
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body)

    def _received(self) -> bytes:
        assert self._socket is not None
        if not (data := self._socket.recv(65_536)):
            raise ConnectionResetError("closed by the server")
        return data


def _request(method: str, path: str, token: str, headers: dict[str, str], body: bytes) -> bytes:
    head = {"Host": "localhost", "X-Forwarded-Proto": "https", **headers}
    if token:
        head["Authorization"] = f"Bearer {token}"
    lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in head.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass
class Measured:
    """seconds: of each answer, from the time it was due, so that a late start counts as waiting."""

    seconds: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    retries: int = 0

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.elapsed if self.elapsed else 0.0

    def quantile(self, share: float) -> float:
        """Returns a quantile in ms."""
        ordered = sorted(self.seconds)
        return 1e3 * ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


Act = Callable[[Caller], object]


def closed_loop(port: int, act: Act, *, seconds: float, callers: int) -> Measured:
    """Lets each caller send the next request as soon as it has an answer."""

    def due() -> Iterator[float]:
        until = time.perf_counter() + seconds
        while (now := time.perf_counter()) < until:
            yield now

    return _measured(port, act, [due] * callers)


def open_loop(port: int, act: Act, *, seconds: float, callers: int, rate: float) -> Measured:
    """Sends requests at a fixed rate, independent of answers; lateness counts as waiting."""

    def schedule(first: int) -> Callable[[], Iterator[float]]:
        def due() -> Iterator[float]:
            start = time.perf_counter()
            for n in range(first, int(seconds * rate), callers):
                at = start + n / rate
                time.sleep(max(at - time.perf_counter(), 0))
                yield at

        return due

    return _measured(port, act, [schedule(i) for i in range(callers)])


def _measured(port: int, act: Act, schedules: list[Callable[[], Iterator[float]]]) -> Measured:
    found, failures = Measured(), []

    def work(due: Callable[[], Iterator[float]]) -> None:
        caller, mine = Caller(port), []
        try:
            for at in due():
                act(caller)
                mine.append(time.perf_counter() - at)
        except Exception as error:
            failures.append(error)
        found.seconds += mine
        found.retries += caller.retries
        caller.close()

    threads = [threading.Thread(target=work, args=(due,)) for due in schedules]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.elapsed = time.perf_counter() - start
    if failures:
        raise failures[0]
    return found
