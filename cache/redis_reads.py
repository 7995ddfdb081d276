"""Reads from Redis, joined: all of one tick of the event loop travel in one MGET."""

import asyncio
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cache.key import redis_name
from cache.pause import Pause

BATCH_MAX = 256
"""Keys in one MGET, so that the first does not wait long for the last."""

READERS = 2
"""MGETs under way at once; who asks meanwhile travels in the next one."""

FAILURES = (RedisError, OSError, RuntimeError)
"""Whatever redis-py raises when Redis is gone, slow or unwilling. The last one comes
from uvloop, for writing to a connection that was closed a moment ago."""

Nothing = Literal["miss", "error", "skipped"]
"""Why there is no value. skipped: Redis was not asked, because of the pause."""


class _Question(msgspec.Struct, frozen=True):
    key: bytes
    answer: asyncio.Future[bytes | Nothing]

    def settle(self, answer: bytes | Nothing) -> None:
        """Answer, unless the asker has gone."""
        if not self.answer.done():
            self.answer.set_result(answer)


class RedisReads:
    """Asks Redis for values; each question costs at most the timeout, once."""

    def __init__(self, client: Redis, *, timeout_s: float, pause: Pause) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._pause = pause
        self._waiting: deque[_Question] = deque()
        self._readers: set[asyncio.Task[None]] = set()
        self._is_reader_due = False

    async def get(self, key: bytes) -> bytes | Nothing:
        """Ask with whoever else asks now; cancelling it leaves the others alone."""
        if self._pause.is_on:
            return "skipped"
        question = _Question(key, asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        self._call_reader()
        return await question.answer

    async def aclose(self) -> None:
        """Stop asking; who still waits is told that nothing was asked."""
        readers = tuple(self._readers)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        for question in self._waiting:
            question.settle("skipped")

    def _call_reader(self) -> None:
        """Have the waiting questions asked on the next tick, if a reader is free."""
        if self._is_reader_due or not self._waiting or len(self._readers) == READERS:
            return
        self._is_reader_due = True
        reader = asyncio.create_task(self._read())
        self._readers.add(reader)
        reader.add_done_callback(self._reader_left)

    def _reader_left(self, reader: asyncio.Task[None]) -> None:
        self._readers.discard(reader)
        if not reader.cancelled():
            self._call_reader()

    async def _read(self) -> None:
        batch = list(islice(self._waiting_still(), BATCH_MAX))
        self._is_reader_due = False
        self._call_reader()
        answers: dict[bytes, bytes | Nothing] = {}
        try:
            if batch and self._pause.admits():
                answers = await self._ask({question.key for question in batch})
        finally:
            for question in batch:
                question.settle(answers.get(question.key, "skipped"))

    async def _ask(self, keys: set[bytes]) -> dict[bytes, bytes | Nothing]:
        names = [redis_name(key) for key in keys]
        try:
            async with asyncio.timeout(self._timeout_s):
                values = await self._client.mget(names)
        except FAILURES as error:
            self._pause.failed(error)
            return dict.fromkeys(keys, "error")
        self._pause.succeeded()
        return {
            key: value if isinstance(value, bytes) else "miss"
            for key, value in zip(keys, values, strict=True)
        }

    def _waiting_still(self) -> Iterator[_Question]:
        while self._waiting:
            question = self._waiting.popleft()
            if not question.answer.done():
                yield question
