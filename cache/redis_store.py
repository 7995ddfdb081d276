"""Sealed values in Redis, shared by all workers; whatever fails there is a miss.

Written to the Redis 7.0 subset: MGET, SET with PXAT, DEL; no scripts.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from cache.pause import Pause
from cache.redis_reads import READERS, Nothing, RedisReads
from cache.redis_writes import RedisWrites
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.ports import Clock


class RedisStore:
    """Reads what this worker wrote, even while the write is on its way."""

    def __init__(self, reads: RedisReads, writes: RedisWrites) -> None:
        self._reads = reads
        self._writes = writes

    async def get(self, key: bytes) -> bytes | Nothing:
        """The value, or why there is none. Never raises."""
        write = self._writes.waiting(key)
        if write is None:
            return await self._reads.get(key)
        return "miss" if write.value is None else write.value

    def set(self, key: bytes, value: bytes, *, not_after_s: float) -> None:
        """Have a value stored until a POSIX time; costs no waiting, may be dropped."""
        self._writes.set(key, value, not_after_s)

    async def delete(self, key: bytes) -> None:
        """Have the key deleted, as soon as Redis can be reached."""
        await self._writes.delete(key)

    async def aclose(self) -> None:
        """Make the writes that wait, once, and stop reading."""
        await self._reads.aclose()
        await self._writes.aclose()


@asynccontextmanager
async def open_redis(
    url: str, *, timeout_s: float, clock: Clock, metrics: Metrics, events: Events
) -> AsyncIterator[RedisStore]:
    """Redis for as long as the block lasts; it need not be there yet.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``.
        timeout_s: Longest wait for one batch of reads or of writes, with connecting.
        clock: For the pause after a failure.
        metrics: Counts writes and shows the pause.
        events: Tells when Redis is lost and found.
    """
    client = Redis.from_url(
        url,
        # Our own limit spans connecting and asking; these two stand behind it, because
        # redis-py may lose a cancellation while it connects.
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        # The library's own retries make a minute of one hung read.
        retry=Retry(NoBackoff(), 0),
        # Under RESP3 the pool takes a connection for clean that still holds a reply.
        protocol=2,
        driver_info=None,
        max_connections=READERS + 1,
    )
    pause = Pause(clock, metrics=metrics, events=events)
    store = RedisStore(
        RedisReads(client, timeout_s=timeout_s, pause=pause),
        RedisWrites(client, timeout_s=timeout_s, pause=pause, metrics=metrics),
    )
    try:
        yield store
    finally:
        await store.aclose()
        await client.aclose()
