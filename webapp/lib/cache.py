"""Django's cache in Redis, with a client that is kept, and several things asked for at once.

Django 5.2 makes a new client for every command, and redis-py takes longer to make one, to take a
connection from a pool and to put it back than Redis takes to answer. What a warm read needs comes
in one round trip; with any other cache (embedded: local memory) in several calls.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from django.core.cache import cache, caches
from django.core.cache.backends import redis
from django.core.exceptions import ImproperlyConfigured

INCREASE = """
if redis.call('exists', KEYS[1]) == 1 then
    return redis.call('incrby', KEYS[1], ARGV[1])
end
"""
COUNT_AND_GET = """
local counts, found = {}, {}
for i = 1, tonumber(ARGV[1]) do
    counts[i] = redis.call('incr', KEYS[i])
    if counts[i] == 1 then redis.call('expire', KEYS[i], ARGV[2]) end
end
if #KEYS > #counts then found = redis.call('mget', unpack(KEYS, #counts + 1)) end
return {counts, found}
"""
"""ARGV: how many of the keys are counts, their lifetime in seconds."""


STORE = """
local agreed, once, standing, agree = tonumber(ARGV[1]), tonumber(ARGV[2]), {}, true
for i = 1, agreed + once do
    standing[i] = redis.call('get', KEYS[i])
    if i <= agreed and standing[i] and standing[i] ~= ARGV[2 * i + 1] then agree = false end
end
if agree then
    for i = 1, #KEYS do
        if not standing[i] then
            redis.call('set', KEYS[i], ARGV[2 * i + 1], 'EX', ARGV[2 * i + 2])
        end
    end
end
return standing
"""
"""ARGV: how many of the keys are to be agreed on, and how many more are set only where there is
nothing; then of each key a value and its lifetime in seconds."""
PICKLED = b"\x80"
"""What a pickle begins with, of protocol 2 or later."""
Entries = Mapping[str, tuple[Any, int]]
"""Values by name, each with its lifetime in seconds."""
NOTHING: Entries = MappingProxyType({})


def count_and_get(
    counts: Sequence[str], names: Sequence[str], lifetime: int
) -> tuple[list[int], dict[str, Any]]:
    """Adds one to each count, which lives for so many seconds from its first; what there is under
    the names. Raises whatever the cache does."""
    backend = caches["default"]
    if isinstance(backend, RedisCache):
        return backend.count_and_get(counts, names, lifetime)
    return [_increased(name, lifetime) for name in counts], cache.get_many(names) if names else {}


def store(entries: Entries, once: Entries, agreed: Entries = NOTHING) -> dict[str, Any]:
    """Keeps the entries, and those of `once` where nothing stands under their names; but nothing at
    all where one of `agreed`, under which they were made, is known otherwise.

    Gives what stands under the names of `agreed` and `once` then. Raises whatever the cache does.
    """
    backend = caches["default"]
    if isinstance(backend, RedisCache):
        return backend.store(entries, once, agreed)
    own = {name: value for name, (value, _) in agreed.items()}
    standing = {name: _first(name, *entry) for name, entry in agreed.items()}
    if standing == own:
        standing |= {name: _first(name, *entry) for name, entry in once.items()}
        for name, (value, lifetime) in entries.items():
            cache.set(name, value, lifetime)
    return standing


def _first(name: str, value: object, lifetime: int) -> object:
    return value if cache.add(name, value, lifetime) else cache.get(name, value)


def _increased(name: str, lifetime: int) -> int:
    try:
        return int(cache.incr(name))
    except ValueError:  # the first, or one of the first
        return 1 if cache.add(name, 1, lifetime) else int(cache.incr(name))


class Serializer(redis.RedisSerializer):
    """Django's tries whether a value is a number first, and has Python put all of one that is not
    into an error's text."""

    def loads(self, data: Any) -> Any:
        return pickle.loads(data) if data.startswith(PICKLED) else super().loads(data)


class Client(redis.RedisCacheClient):
    """Of one thread, as Django's caches are: so it may hold a connection of its own."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        from webapp.lib.redis_connection import Connection, one_retry

        options.setdefault("serializer", Serializer)
        options.setdefault("retry", one_retry())
        if all(server.startswith("redis://") for server in servers):
            options.setdefault("connection_class", Connection)
        super().__init__(servers, **options)
        self._kept: dict[tuple[Any, int], Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
        kept = (pool, os.getpid())  # a connection does not survive the fork of a server
        if kept not in self._kept:
            self._kept[kept] = self._client(  # type: ignore[attr-defined]
                connection_pool=pool, single_connection_client=True
            )
        return self._kept[kept]

    def incr(self, key: Any, delta: Any) -> Any:
        """Raises ValueError where there is no such key, as Django's does, which asks twice."""
        value = self.get_client(key, write=True).eval(INCREASE, 1, key, delta)
        if value is None:
            raise ValueError(f"Key '{key}' not found.")
        return value

    def count_and_get(
        self, counts: Iterable[str], names: Iterable[str], lifetime: int
    ) -> tuple[list[int], list[Any]]:
        """Keys in, counts and values out; None where there is no value."""
        counted = list(counts)
        keys = [*counted, *names]
        sent = (COUNT_AND_GET, len(keys), *keys, len(counted), lifetime)
        numbers, found = self._evaluated(*sent)
        loads = self._serializer.loads  # type: ignore[attr-defined]
        return numbers, [None if value is None else loads(value) for value in found]

    def store(self, entries: Entries, once: Entries, agreed: Entries) -> list[Any]:
        """By key. What stood under those of `agreed` and `once`; None where nothing did."""
        dumps, loads = self._serializer.dumps, self._serializer.loads  # type: ignore[attr-defined]
        sent = {**agreed, **once, **entries}
        values = [part for value, lifetime in sent.values() for part in (dumps(value), lifetime)]
        counts = (len(agreed), len(once))
        found = self._evaluated(STORE, len(sent), *sent, *counts, *values)
        return [None if value is None else loads(value) for value in found]

    def _evaluated(self, *command: Any) -> Any:
        """What a script gives. By the connection itself: what redis-py does around every command
        (figures of its own, callbacks, a lock) takes as long as the command."""
        connection = self.get_client(write=True).connection

        def ask() -> Any:
            connection.send_command("EVAL", *command)
            return connection.read_response()

        return connection.retry.call_with_retry(ask, lambda _: connection.disconnect())


class RedisCache(redis.RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        if find_spec("redis") is None:
            raise ImproperlyConfigured(
                "webapp.lib.cache.RedisCache needs the package redis: pip install 'uiengine[redis]'"
            )
        super().__init__(server, params)
        self._class = Client

    def validate_key(self, key: str) -> None:
        """Redis takes any; Django looks at every character for what memcached would not take."""

    def count_and_get(
        self, counts: Sequence[str], names: Sequence[str], lifetime: int
    ) -> tuple[list[int], dict[str, Any]]:
        key = self.make_and_validate_key
        client: Any = self._cache
        numbers, values = client.count_and_get(map(key, counts), map(key, names), lifetime)
        pairs = zip(names, values, strict=True)
        return numbers, {name: value for name, value in pairs if value is not None}

    def store(self, entries: Entries, once: Entries, agreed: Entries) -> dict[str, Any]:
        client: Any = self._cache
        keyed = (
            {self.make_and_validate_key(name): entry for name, entry in some.items()}
            for some in (entries, once, agreed)
        )
        stood = client.store(*keyed)
        pairs = zip([*agreed.items(), *once.items()], stood, strict=True)
        return {name: own if value is None else value for (name, (own, _)), value in pairs}
