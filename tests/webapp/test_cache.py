"""Our cache behaves as Django's own, on a Redis started by the test."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from contextlib import suppress

import pytest
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache as DjangosCache
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

from tests.load.stack import free_port, program
from tests.patience import PATIENCE
from webapp.lib.cache import Pooled, RedisCache, count_and_get, store
from webapp.subjects.keys import VISITOR_COOKIE, visitor_make


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    if not (server := program("redis-server")):
        if os.environ.get("CI"):
            pytest.fail("CI is set, where nothing may skip, and redis-server is not installed.")
        pytest.skip("not installed: redis-server")
    port, folder = free_port(), str(tmp_path_factory.mktemp("redis"))
    command = [server, "--port", str(port), "--save", "", "--dir", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(PATIENCE)


@pytest.fixture
def made(address):
    """Makes caches of a kind, and closes their connections at the end."""
    caches = []

    def make(kind):
        caches.append(kind(address, {}))
        return caches[-1]

    yield make
    for cache in caches:
        client = cache._cache.get_client()
        client.close()
        client.connection_pool.disconnect()


@pytest.mark.parametrize("kind", [DjangosCache, RedisCache])
def test_counts_and_keeps_as_djangos_does(made, kind):
    cache = made(kind)
    cache.clear()
    with pytest.raises(ValueError, match="not found"):
        cache.incr("requests")
    assert cache.add("requests", 1, 120) and not cache.add("requests", 1, 120)
    assert [cache.incr("requests"), cache.incr("requests", 5), cache.get("requests")] == [2, 7, 7]
    cache.set_many({"a": (1, "x"), "b": b"bytes"}, 60)
    assert cache.get_many(["a", "b", "c"]) == {"a": (1, "x"), "b": b"bytes"}
    assert made(kind).get("a") == (1, "x")


@pytest.fixture(params=[DjangosCache, RedisCache])
def cache(made, request, monkeypatch):
    """The site's cache, emptied."""
    cache = made(request.param)
    cache.clear()
    monkeypatch.setattr("webapp.lib.cache.caches", {"default": cache})
    monkeypatch.setattr("webapp.lib.cache.cache", cache)
    return cache


def test_counts_and_gets_at_once_as_one_by_one(cache):
    cache.set("a", (1, "x"), 60)

    first = count_and_get(["mine", "ours"], ["a", "b"], 60)
    again = count_and_get(["ours"], ["a"], 60)
    only = count_and_get(["ours"], [], 60), count_and_get([], ["a"], 60)

    assert first == ([1, 1], {"a": (1, "x")})
    assert again == ([2], {"a": (1, "x")})
    assert only == (([3], {}), ([], {"a": (1, "x")}))
    assert 0 < cache._cache.get_client().ttl(cache.make_key("ours")) <= 60


def test_counts_by_any_amount(cache):
    assert count_and_get(["events"], [], 60, 7) == ([7], {})
    assert count_and_get(["events", "more"], [], 60, 5) == ([12, 5], {})
    assert 0 < cache._cache.get_client().ttl(cache.make_key("events")) <= 60


def test_keeps_what_was_made_under_an_agreement_and_nothing_under_another(cache):
    first = store({"a": (("x", b"1"), 60)}, {"name": ("n", 60)}, {"agreed": (32, 60)})
    again = store({"a": (("y", b"2"), 60)}, {"name": ("m", 60)}, {"agreed": (32, 60)})
    other = store({"a": (("z", b"3"), 60)}, {"more": ("k", 60)}, {"agreed": (1, 60)})

    assert first == {"agreed": 32, "name": "n"}
    assert again == {"agreed": 32, "name": "n"}
    assert other["agreed"] == 32
    expected = {"a": ("y", b"2"), "agreed": 32, "name": "n"}
    assert cache.get_many(["a", "agreed", "name", "more"]) == expected
    assert 0 < cache._cache.get_client().ttl(cache.make_key("name")) <= 60


def test_a_pool_holds_the_latest_of_its_entries_and_touches_no_others(made):
    cache = made(RedisCache)
    cache.clear()
    cache.set("of another", 1, 60)
    for i in range(60):
        pair = {f"a{i}": (i, 60), f"b{i}": (i, 60)}
        cache.store({f"more{i}": (i, 60)}, {}, {}, Pooled("pool", 20, pair))

    names = [f"{letter}{i}" for i in range(60) for letter in "ab"]
    found = cache.get_many(names)
    assert len(found) == 20 and {"a59", "b59"} <= set(found)
    client = cache._cache.get_client()
    assert client.zcard(cache.make_key("pool")) == 20
    assert client.dbsize() == 20 + 60 + 2  # the pool's own name, and the other
    assert 0 < client.ttl(cache.make_key("pool")) <= 60


@given(
    steps=st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30),
    most=st.integers(1, 6),
)
@examples(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_pool_never_holds_more_than_it_may_and_always_the_last(made, steps, most):
    """steps: the name that is given next, and whether an agreement stands against it."""
    cache = made(RedisCache)
    cache.clear()
    cache.set("agreed", "theirs", 60)
    last = None
    for i, (name, is_against) in enumerate(steps):
        agreed = {"agreed": ("ours", 60)} if is_against else {}
        cache.store({}, {}, agreed, Pooled("pool", most, {f"p{name}": (i, 60)}))
        last = last if is_against else (f"p{name}", i)
    found = cache.get_many([f"p{n}" for n in range(10)])
    assert len(found) == min(most, len({n for n, is_against in steps if not is_against}))
    assert last is None or cache.get(last[0]) == last[1] or (most < 10 and len(found) == most)


@pytest.mark.django_db(transaction=True)
def test_asking_for_every_language_and_list_of_variants_does_not_fill_redis(
    address, page, settings
):
    backend = {"BACKEND": "webapp.lib.cache.RedisCache", "LOCATION": address}
    settings.CACHES = {"default": backend}
    settings.UIENGINE_ANSWERS = 4
    site = caches["default"]
    site.clear()

    def ask(visitors: int) -> int:
        """Returns the bytes of answers in Redis after these visitors asked for all there is."""
        for _ in range(visitors):
            client = Client()
            client.cookies[VISITOR_COOKIE] = visitor_make()[1]
            for language in ("en", "de"):
                for variants in (1, 2, 8):
                    query = f"surface=course-home&variants={variants}"
                    client.get(f"/api/layout?{query}", headers={"Accept-Language": language})
        redis = site._cache.get_client()
        names = redis.keys("*answer:*")
        assert len(names) <= 2 * 4 + 2  # an eighth of them for lists
        return sum(redis.memory_usage(name) for name in names)

    few, many = ask(3), ask(3)

    assert 0 < many < 1.2 * few
    site.clear()


def test_a_warm_read_is_one_command(made):
    """Redis itself counts the commands."""
    cache = made(RedisCache)
    cache.set_many({"a": 1, "b": 2}, 60)
    cache.count_and_get(["mine"], ["a", "b"], 60)  # the server has the script from now on
    asked = cache._cache.get_client().info("commandstats")

    cache.count_and_get(["mine"], ["a", "b"], 60)

    told = cache._cache.get_client().info("commandstats")
    sent = {"cmdstat_evalsha": 1, "cmdstat_info": 1}
    before = {name: asked.get(name, {"calls": 0})["calls"] for name in told}
    more = {name: told[name]["calls"] - before[name] for name in told}
    within = ("cmdstat_incrby", "cmdstat_expire", "cmdstat_mget")  # called by the script
    assert {n: c for n, c in more.items() if c and n not in within} == sent


def test_a_server_that_forgot_the_scripts_is_given_them_again(made):
    cache = made(RedisCache)
    cache.clear()
    cache.count_and_get(["mine"], ["a"], 60)
    cache._cache.get_client().script_flush()

    assert cache.count_and_get(["mine"], ["a"], 60) == ([2], {})


def test_one_client_is_kept(made):
    cache = made(RedisCache)
    assert cache._cache.get_client("a") is cache._cache.get_client("b", write=True)


@pytest.mark.parametrize("reply", [b"", b"$100\r\nhalf of it"])
def test_a_server_that_stops_answering_is_not_waited_for(reply):
    """The server accepts connections and sends nothing, or only the start of an answer."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=_say, args=(silent, reply, heard), daemon=True).start()
        options = {"socket_timeout": 0.2, "retry": Retry(NoBackoff(), 1)}
        options |= {"protocol": 2, "driver_info": None}  # no handshake before the command
        port = silent.getsockname()[1]
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", {"OPTIONS": options})
        started = time.monotonic()
        with pytest.raises((ConnectionError, TimeoutError)):
            cache.count_and_get(["requests"], ["a"], 60)
        assert time.monotonic() - started < PATIENCE / 2
        cache._cache._get_connection_pool(True).disconnect()
        for connection in heard:
            connection.close()


def _say(server, reply, heard):
    with suppress(OSError):  # closed by the test
        while True:
            heard.append(server.accept()[0])
            heard[-1].sendall(reply)
