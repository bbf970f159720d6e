"""Our cache against Django's own, on a Redis of the test's."""

from __future__ import annotations

import os
import socket
import subprocess
import time

import pytest
from django.core.cache.backends.redis import RedisCache as DjangosCache

from tests.load.stack import free_port, program
from webapp.cache import RedisCache


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    if not (server := program("redis-server")):
        if os.environ.get("CI"):
            pytest.fail("CI is set, where nothing may skip, and redis-server is not installed.")
        pytest.skip("not installed: redis-server")
    port, folder = free_port(), str(tmp_path_factory.mktemp("redis"))
    command = [server, "--port", str(port), "--save", "", "--dir", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(30)


@pytest.mark.parametrize("kind", [DjangosCache, RedisCache])
def test_counts_and_keeps_as_djangos_does(address, kind):
    cache = kind(address, {})
    cache.clear()
    with pytest.raises(ValueError, match="not found"):
        cache.incr("requests")
    assert cache.add("requests", 1, 120) and not cache.add("requests", 1, 120)
    assert [cache.incr("requests"), cache.incr("requests", 5), cache.get("requests")] == [2, 7, 7]
    cache.set_many({"a": (1, "x"), "b": b"bytes"}, 60)
    assert cache.get_many(["a", "b", "c"]) == {"a": (1, "x"), "b": b"bytes"}
    assert kind(address, {}).get("a") == (1, "x")


def test_one_client_is_kept(address):
    cache = RedisCache(address, {})
    assert cache._cache.get_client("a") is cache._cache.get_client("b", write=True)
