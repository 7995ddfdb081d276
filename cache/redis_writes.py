"""Writes to Redis, in one line behind the lookups, which never wait for them.

Only the last write of each key matters, so a later one takes the place of an earlier
one that still waits. A deletion waits until Redis has done it, however long Redis is
away; meanwhile ``waiting`` tells this worker that there is nothing. Other workers
hear of the change themselves and keep their own deletion waiting.
"""

import asyncio
from dataclasses import dataclass
from itertools import islice
from typing import Any

from redis.asyncio import Redis

from cache.key import redis_name
from cache.pause import Pause
from cache.redis_reads import FAILURES
from lookup.metrics import Metrics

BATCH_MAX = 256
"""Writes in one round trip."""

WAITING_MAX = 20_000
"""Writes that may wait, some 20 MB. Further values are dropped; further deletions wait
for room, but a mass change with Redis away pushes out the oldest, and those values then
stand until their time is over."""


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """What a key shall hold; None: nothing."""

    value: bytes | None
    not_after_s: float = 0.0
    """POSIX time at which Redis drops it."""

    def command(self, key: bytes) -> tuple[str | bytes | int, ...]:
        """The write as Redis is told it."""
        if self.value is None:
            return "DEL", redis_name(key)
        not_after_ms = int(self.not_after_s * 1000)
        return "SET", redis_name(key), self.value, "PXAT", not_after_ms


class RedisWrites:
    """Takes writes at once and makes them soon, in their order for each key."""

    def __init__(
        self, client: Redis, *, timeout_s: float, pause: Pause, metrics: Metrics
    ) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._pause = pause
        self._metrics = metrics
        self._waiting: dict[bytes, Write] = {}
        self._writer: asyncio.Task[None] | None = None
        self._may_have_room = asyncio.Event()

    def waiting(self, key: bytes) -> Write | None:
        """The write of this key that Redis has not confirmed yet."""
        return self._waiting.get(key)

    def set(self, key: bytes, value: bytes, not_after_s: float) -> None:
        """Store a value; it is dropped and counted when that cannot be soon."""
        is_full = len(self._waiting) >= WAITING_MAX and key not in self._waiting
        if is_full or self._pause.is_on:
            self._metrics.cache_written("redis", "dropped")
            return
        self._add(key, Write(value, not_after_s))

    async def delete(self, key: bytes) -> None:
        """Store nothing under this key any more; waits only for a line that moves."""
        while len(self._waiting) >= WAITING_MAX and not self._pause.is_on:
            self._may_have_room.clear()
            await self._may_have_room.wait()
        if len(self._waiting) >= WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
            self._metrics.cache_written("redis", "dropped")
        self._add(key, Write(None))

    async def aclose(self) -> None:
        """Make the writes that wait, if Redis takes them now, and stop."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        while self._waiting and self._pause.admits():
            await self._write_round()

    def _add(self, key: bytes, write: Write) -> None:
        self._waiting[key] = write
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())

    async def _write_all(self) -> None:
        while self._waiting:
            is_admitted = self._pause.admits()
            if is_admitted:
                await self._write_round()
            self._may_have_room.set()
            if not is_admitted:
                await asyncio.sleep(self._pause.left_s)

    async def _write_round(self) -> None:
        batch = dict(islice(self._waiting.items(), BATCH_MAX))
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._timeout_s):
                results = await self._send(batch)
        except FAILURES as error:
            failure = error
            results = [error] * len(batch)
        for (key, write), result in zip(batch.items(), results, strict=True):
            if write.value is None and isinstance(result, Exception):
                failure = result  # and the deletion goes on waiting
            else:
                self._end(key, write, is_stored=not isinstance(result, Exception))
        if failure is None:
            self._pause.succeeded()
        else:
            self._pause.failed(failure)

    async def _send(self, batch: dict[bytes, Write]) -> list[Any]:
        """One result per write; an exception where Redis refused that one."""
        async with self._client.pipeline(transaction=False) as pipeline:
            for key, write in batch.items():
                pipeline.execute_command(*write.command(key))
            return await pipeline.execute(raise_on_error=False)

    def _end(self, key: bytes, write: Write, *, is_stored: bool) -> None:
        """The write waits no longer, unless another took its place meanwhile."""
        if write.value is not None:
            self._metrics.cache_written("redis", "stored" if is_stored else "error")
        if self._waiting.get(key) is write:
            del self._waiting[key]
