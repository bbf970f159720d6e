"""Django's Redis cache with a kept client, and several values read in one command.

Django 5.2 makes a new client for every command; making it, taking a connection from a pool and
returning it takes longer than Redis takes to answer. A warm read is one round trip to Redis. Any
other cache (embedded: local memory) takes several calls.
"""

from __future__ import annotations

import os
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
    counts[i] = redis.call('incrby', KEYS[i], ARGV[3])
    if counts[i] == tonumber(ARGV[3]) then redis.call('expire', KEYS[i], ARGV[2]) end
end
if #KEYS > #counts then found = redis.call('mget', unpack(KEYS, #counts + 1)) end
return {counts, found}
"""
"""ARGV: the number of keys that are counts, their lifetime in seconds, and what to add."""

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
"""ARGV: the numbers of `agreed` keys and of `once` keys; then value and lifetime (s) per key."""
Entries = Mapping[str, tuple[Any, int]]
"""Values by name, each with its lifetime in seconds."""
NOTHING: Entries = MappingProxyType({})


def count_and_get(
    counts: Sequence[str], names: Sequence[str], lifetime: int, by: int = 1
) -> tuple[list[int], dict[str, Any]]:
    """Adds `by` to each count and reads the values of the names.

    lifetime: seconds that a count lives after its creation. Raises any error of the cache.
    """
    backend = caches["default"]
    if isinstance(backend, RedisCache):
        return backend.count_and_get(counts, names, lifetime, by)
    numbers = [_increased(name, lifetime, by) for name in counts]
    return numbers, cache.get_many(names) if names else {}


def store(entries: Entries, once: Entries, agreed: Entries = NOTHING) -> dict[str, Any]:
    """Stores the entries, unless one of `agreed` already has another value.

    Entries of `once` and `agreed` are stored only if their names have no value yet. Returns the
    values of `agreed` and `once` afterwards, by name. Raises any error of the cache.
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


def _increased(name: str, lifetime: int, by: int) -> int:
    try:
        return int(cache.incr(name, by))
    except ValueError:  # no count yet; another request may add it at this moment
        return by if cache.add(name, by, lifetime) else int(cache.incr(name, by))


class Client(redis.RedisCacheClient):
    """Keeps one connection per pool, which is safe as Django gives every thread its own client."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        from redis.backoff import NoBackoff  # from the extra `redis`
        from redis.retry import Retry

        # One immediate retry if a kept connection broke; redis-py's default waits for seconds.
        options.setdefault("retry", Retry(NoBackoff(), 1))
        super().__init__(servers, **options)
        self._kept: dict[tuple[Any, int], Any] = {}
        self._scripts: dict[str, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
        kept = (pool, os.getpid())  # a connection does not survive the fork of a server
        if kept not in self._kept:
            self._kept[kept] = self._client(  # type: ignore[attr-defined]
                connection_pool=pool, single_connection_client=True
            )
        return self._kept[kept]

    def incr(self, key: Any, delta: Any) -> Any:
        """Raises ValueError if the key does not exist, as Django's does, but in one round trip."""
        value = self._run(INCREASE, [key], [delta])
        if value is None:
            raise ValueError(f"Key '{key}' not found.")
        return value

    def count_and_get(
        self, counts: Iterable[str], names: Iterable[str], lifetime: int, by: int
    ) -> tuple[list[int], list[Any]]:
        """Takes keys; returns counts and values, None for a missing value."""
        counted = list(counts)
        keys, arguments = [*counted, *names], [len(counted), lifetime, by]
        numbers, found = self._run(COUNT_AND_GET, keys, arguments)
        return numbers, [self._loaded(value) for value in found]

    def store(self, entries: Entries, once: Entries, agreed: Entries) -> list[Any]:
        """Takes entries by key; returns the former values of `agreed` and `once`, None if
        missing."""
        dumps = self._serializer.dumps  # type: ignore[attr-defined]
        sent = {**agreed, **once, **entries}
        values = [part for value, lifetime in sent.values() for part in (dumps(value), lifetime)]
        found = self._run(STORE, list(sent), [len(agreed), len(once), *values])
        return [self._loaded(value) for value in found]

    def _run(self, script: str, keys: Sequence[Any], arguments: Sequence[Any]) -> Any:
        """Runs a script by its hash, and sends it again if the server has restarted."""
        client = self.get_client(write=True)
        if script not in self._scripts:
            self._scripts[script] = client.register_script(script)
        return self._scripts[script](keys, arguments, client)

    def _loaded(self, value: Any) -> Any:
        return None if value is None else self._serializer.loads(value)  # type: ignore[attr-defined]


class RedisCache(redis.RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        if find_spec("redis") is None:
            raise ImproperlyConfigured(
                "webapp.lib.cache.RedisCache needs the package redis: pip install 'uiengine[redis]'"
            )
        super().__init__(server, params)
        self._class = Client

    def validate_key(self, key: str) -> None:
        """Accepts any key, because Django's check of every character is for memcached."""

    def count_and_get(
        self, counts: Sequence[str], names: Sequence[str], lifetime: int, by: int = 1
    ) -> tuple[list[int], dict[str, Any]]:
        key = self.make_and_validate_key
        client: Any = self._cache
        numbers, values = client.count_and_get(map(key, counts), map(key, names), lifetime, by)
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
