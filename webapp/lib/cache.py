"""Django's Redis cache with a kept client, and several values read in one command.

Django 5.2 makes a new client for every command; making it, taking a connection from a pool and
returning it takes longer than Redis takes to answer. A warm read is one round trip to Redis. Any
other cache (embedded: local memory) takes several calls.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, NamedTuple

from django.core.cache import cache, caches
from django.core.cache.backends import dummy, locmem, redis
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
local agreed, once, pooled = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local last, standing, agree = #KEYS - 1, {}, true
for i = 1, agreed + once do
    standing[i] = redis.call('get', KEYS[i])
    if i <= agreed and standing[i] and standing[i] ~= ARGV[2 * i + 3] then agree = false end
end
if not agree then return standing end
for i = 1, last do
    if not standing[i] then
        redis.call('set', KEYS[i], ARGV[2 * i + 3], 'EX', ARGV[2 * i + 4])
    end
end
if pooled > 0 then
    local pool, lifetime, time = KEYS[last + 1], ARGV[2 * last + 4], redis.call('time')
    local now = time[1] + time[2] / 1000000
    for i = last - pooled + 1, last do redis.call('zadd', pool, now, KEYS[i]) end
    redis.call('expire', pool, lifetime)
    redis.call('zremrangebyscore', pool, '-inf', now - lifetime)
    local over = redis.call('zcard', pool) - tonumber(ARGV[4])
    local oldest = over > 0 and redis.call('zpopmin', pool, over) or {}
    for i = 1, #oldest, 2 do redis.call('unlink', oldest[i]) end
end
return standing
"""
"""KEYS: of `agreed`, `once`, other and pooled entries; the pool's own. ARGV: the numbers of
`agreed`, `once` and pooled keys, the most that the pool holds; value and lifetime (s) per key."""
Entries = Mapping[str, tuple[Any, int]]
"""Values by name, each with its lifetime in seconds."""
NOTHING: Entries = MappingProxyType({})


class Pooled(NamedTuple):
    """Entries of one lifetime in a pool, which holds the latest `most` of all that it was given."""

    pool: str = ""
    most: int = 0
    entries: Entries = NOTHING


NOT_POOLED = Pooled()


def is_shared() -> bool:
    """Returns True if other processes see what this one stores."""
    return not isinstance(caches["default"], locmem.LocMemCache | dummy.DummyCache)


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


def store(
    entries: Entries, once: Entries, agreed: Entries = NOTHING, pooled: Pooled = NOT_POOLED
) -> dict[str, Any]:
    """Stores the entries, unless one of `agreed` already has another value.

    Entries of `once` and `agreed` are stored only if their names have no value yet. Returns the
    values of `agreed` and `once` afterwards, by name. Raises any error of the cache. Caches other
    than Redis have a bound of their own and no pools.
    """
    backend = caches["default"]
    if isinstance(backend, RedisCache):
        return backend.store(entries, once, agreed, pooled)
    own = {name: value for name, (value, _) in agreed.items()}
    standing = {name: _first(name, *entry) for name, entry in agreed.items()}
    if standing == own:
        standing |= {name: _first(name, *entry) for name, entry in once.items()}
        for name, (value, lifetime) in {**entries, **pooled.entries}.items():
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

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
        kept = (pool, os.getpid())  # a connection does not survive the fork of a server
        if kept not in self._kept:
            self._kept[kept] = self._client(  # type: ignore[attr-defined]
                connection_pool=pool, single_connection_client=True
            )
        return self._kept[kept]

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        """As Django's, in fewer steps of redis-py, where the value expires."""
        if not timeout:
            super().set(key, value, timeout)
            return
        sent = self._serializer.dumps(value)  # type: ignore[attr-defined]
        self.get_client(key, write=True).execute_command("SET", key, sent, "EX", timeout)

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

    def store(self, entries: Entries, once: Entries, agreed: Entries, pooled: Pooled) -> list[Any]:
        """Takes entries by key; returns the former values of `agreed` and `once`, None if
        missing."""
        dumps = self._serializer.dumps  # type: ignore[attr-defined]
        sent = {**agreed, **once, **entries, **pooled.entries}
        values = [part for value, lifetime in sent.values() for part in (dumps(value), lifetime)]
        numbers = [len(agreed), len(once), len(pooled.entries), pooled.most]
        found = self._run(STORE, [*sent, pooled.pool], [*numbers, *values])
        return [self._loaded(value) for value in found]

    def _run(self, script: str, keys: Sequence[Any], arguments: Sequence[Any]) -> Any:
        """Runs a script by its hash, and sends it again if the server has restarted."""
        client, sha = self.get_client(write=True), _sha(script)
        asked = (len(keys), *keys, *arguments)
        try:
            return client.execute_command("EVALSHA", sha, *asked)
        except _unknown_script():
            client.script_load(script)
            return client.execute_command("EVALSHA", sha, *asked)

    def _loaded(self, value: Any) -> Any:
        return None if value is None else self._serializer.loads(value)  # type: ignore[attr-defined]


@lru_cache(maxsize=8)
def _sha(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def _unknown_script() -> type[Exception]:
    from redis.exceptions import NoScriptError  # from the extra `redis`

    return NoScriptError


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

    def store(
        self, entries: Entries, once: Entries, agreed: Entries, pooled: Pooled = NOT_POOLED
    ) -> dict[str, Any]:
        client: Any = self._cache
        *keyed, of_pool = (
            {self.make_and_validate_key(name): entry for name, entry in some.items()}
            for some in (entries, once, agreed, pooled.entries)
        )
        pool = Pooled(self.make_and_validate_key(pooled.pool), pooled.most, of_pool)
        stood = client.store(*keyed, pool)
        pairs = zip([*agreed.items(), *once.items()], stood, strict=True)
        return {name: own if value is None else value for (name, (own, _)), value in pairs}
