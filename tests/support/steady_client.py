"""A client that asks at a steady rate, whatever comes, and never tries again."""

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager

from tests.support.raw_http import read_answer, request

CONNECTIONS_MAX = 800
"""At once; when all of them wait, nothing more is sent."""

PATIENCE_S = 60.0
"""Longer than anything takes; who waits so long has failed."""


class SteadyClient:
    """Asks one question on connections that it keeps, and on new ones by turns."""

    def __init__(self, port, question, *, rate_per_s):
        """Keep ready what is sent; ``question`` gives the keywords of a request."""
        self.outcomes = Counter()
        """By status, or by what went wrong."""

        self.slowest_s = 0.0
        self._heard = asyncio.Event()
        self._ended = asyncio.Event()
        self._port = port
        self._kept = request(**question)
        self._once = request(**question, Connection="close")
        self._rate_per_s = rate_per_s
        self._idle = []
        self._free = asyncio.Semaphore(CONNECTIONS_MAX)

    @asynccontextmanager
    async def asking(self):
        """Ask for as long as the block."""
        self._schedule = asyncio.create_task(self._ask_all())
        try:
            yield self
        finally:
            self._schedule.cancel()
            await asyncio.gather(self._schedule, return_exceptions=True)
            for _, writer in self._idle:
                writer.close()

    async def end(self):
        """Ask no more, and wait for the last answers."""
        self._ended.set()
        await self._schedule

    async def more(self, count):
        """Wait for so many further outcomes."""
        wanted = self.outcomes.total() + count
        while self.outcomes.total() < wanted:
            self._heard.clear()
            await self._heard.wait()

    async def _ask_all(self):
        start_s, number = time.perf_counter(), 0
        async with asyncio.TaskGroup() as group:
            while not self._ended.is_set():
                due_s = start_s + number / self._rate_per_s
                await asyncio.sleep(due_s - time.perf_counter())
                await self._free.acquire()
                group.create_task(self._ask(due_s, keeps=number % 2 == 0))
                number += 1

    async def _ask(self, due_s, *, keeps):
        try:
            async with asyncio.timeout(PATIENCE_S):
                outcome = await self._answered(keeps=keeps)
        except (OSError, EOFError) as error:
            outcome = type(error).__name__
        self._free.release()
        self._heard.set()
        self.outcomes[outcome] += 1
        self.slowest_s = max(self.slowest_s, time.perf_counter() - due_s)

    async def _answered(self, *, keeps):
        reader, writer = await self._connection(keeps=keeps)
        stays = False
        try:
            writer.write(self._kept if keeps else self._once)
            answer = await read_answer(reader)
            stays = keeps and answer.header("Connection") != "close"
            return answer.status
        finally:
            if stays:
                self._idle.append((reader, writer))
            else:
                writer.close()

    async def _connection(self, *, keeps):
        """One that is kept and that the other side has not closed, or a new one."""
        while keeps and self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)
