"""Django's cache in Redis, with a client that is kept.

Django 5.2 makes a new client for every command, and redis-py's takes longer to make than the
command takes to run: the commands of a warm read cost more than all the rest of it.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends import redis

INCREASE = """
if redis.call('exists', KEYS[1]) == 1 then
    return redis.call('incrby', KEYS[1], ARGV[1])
end
"""


class Client(redis.RedisCacheClient):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._kept: dict[Any, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
        if pool not in self._kept:
            self._kept[pool] = super().get_client(key, write=write)
        return self._kept[pool]

    def incr(self, key: Any, delta: Any) -> Any:
        """Raises ValueError where there is no such key, as Django's does, which asks twice."""
        value = self.get_client(key, write=True).eval(INCREASE, 1, key, delta)
        if value is None:
            raise ValueError(f"Key '{key}' not found.")
        return value


class RedisCache(redis.RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = Client
