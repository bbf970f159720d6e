"""The ASGI application with a watch over its event loop: what runs there, and for how long."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from webapp.asgi import application as watched

ROOT = Path(__file__).parents[3]
OURS = tuple(f"{ROOT}/{name}/" for name in ("webapp", "uiengine", "tests"))
entered: set[str] = set()
"""Files of ours with a function that was entered in the loop's thread."""
longest = {"processor_ms": 0.0, "lag_ms": 0.0}
"""Of a callback; and of a task that only sleeps, which waits for the machine's other work too."""
run_callback = asyncio.events.Handle._run
tasks: list[asyncio.Task[None]] = []


def run_timed(handle: asyncio.events.Handle) -> None:
    began = time.thread_time()
    run_callback(handle)
    spent = 1000 * (time.thread_time() - began)
    longest["processor_ms"] = max(longest["processor_ms"], spent)


def note(frame: FrameType, event: str, _: object) -> None:
    name = frame.f_code.co_filename
    if event == "call" and name.startswith(OURS):
        entered.add(name.removeprefix(f"{ROOT}/"))


async def sleep_often() -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        lag = 1000 * (time.perf_counter() - began) - 1
        longest["lag_ms"] = max(longest["lag_ms"], lag)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if not tasks:
        asyncio.events.Handle._run = run_timed  # type: ignore[method-assign]
        sys.setprofile(note)
        tasks.append(asyncio.create_task(sleep_often()))
    if scope["path"] != "/watched":
        return await watched(scope, receive, send)
    body = json.dumps({"entered": sorted(entered), **longest}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
