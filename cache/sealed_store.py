"""Entries in Redis: sealed on the way in, opened and checked on the way out."""

from typing import Literal

from cache.entry import Entry, Label, UnreadableError, decode
from cache.redis_reads import Nothing
from cache.redis_store import RedisStore
from cache.seal import Seal
from lookup.events import Events


class SealedStore:
    """What ``RedisStore`` stores, as entries."""

    def __init__(self, redis: RedisStore, seal: Seal, *, events: Events) -> None:
        self._redis = redis
        self._seal = seal
        self._events = events

    async def get(self, key: bytes) -> Entry | Nothing | Literal["unreadable"]:
        """The entry, or why there is none. Never raises."""
        sealed = await self._redis.get(key)
        if not isinstance(sealed, bytes):
            return sealed
        try:
            label, plain = self._seal.open(key, sealed)
            return Entry(decode(plain), label, len(plain))
        except UnreadableError:
            self._events.cache_unreadable("redis")
            return "unreadable"

    def put(self, key: bytes, label: Label, plain: bytes) -> None:
        """Have an encoded content stored."""
        sealed = self._seal.seal(key, label, plain)
        self._redis.set(key, sealed, not_after_s=label.not_after_s)

    async def drop(self, key: bytes) -> None:
        """Have nothing stored under this key any more."""
        await self._redis.delete(key)
