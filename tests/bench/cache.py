"""Measures the cache command of a warm read, with redis-py's parser in C and in Python.

python -m tests.bench.cache
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import partial
from typing import Any

from tests.bench.measure import line, processor_milliseconds
from tests.load.stack import free_port, program, wait_for

PARSERS = {"hiredis": "redis._parsers._HiredisParser", "Python": "redis._parsers._RESP2Parser"}
ROUNDS, COMMANDS = 15, 600
BODY = 20_000
"""Size in bytes of a cached answer with 20 blocks at 5 breakpoints."""


def run() -> None:
    if not (server := program("redis-server")):
        print("left out: the cache needs redis-server on this machine.")
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [server, "--port", str(port), "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            caches = {name: _cache(port, parser) for name, parser in PARSERS.items()}
            _measure(caches)
        finally:
            process.terminate()
            process.wait(60)


def _measure(caches: dict[str, Any]) -> None:
    """Alternates between the parsers, so that load on the machine affects both; takes the
    minimum."""
    kept = {"answer": os.urandom(BODY), "state": os.urandom(600), "generation": "x"}
    taken: dict[str, list[float]] = {name: [] for name in caches}
    for _ in range(ROUNDS):
        for name, cache in caches.items():
            cache.set_many(kept, 600)
            ask = partial(cache.count_and_get, ["count"], list(kept), 60)
            taken[name].append(processor_milliseconds(ask, COMMANDS))
    mine, other = (min(taken[name]) for name in PARSERS)
    line("cache command of a warm read, processor time", mine, "ms", "parsed in Python", other)


def _cache(port: int, parser: str) -> Any:
    from webapp.lib.cache import RedisCache

    cache = RedisCache(f"redis://127.0.0.1:{port}/0", {"OPTIONS": {"parser_class": parser}})
    wait_for(lambda: _answers(cache), "Redis answered")
    return cache


def _answers(cache: Any) -> bool:
    from redis.exceptions import ConnectionError as Away

    try:
        return bool(cache._cache.get_client().ping())
    except Away:
        return False


if __name__ == "__main__":
    run()
