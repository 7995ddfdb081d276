"""An app behind the real ``serve``, and the wire to it as bytes."""

import asyncio
import os
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from lookup.listeners import open_listeners
from lookup.metrics import Metrics
from lookup.metrics_store import memory_store
from lookup.web.serving import Inherited, serve
from tests.support.dummy_service import free_port

FIRST_BYTES = len(b"HTTP/1.1 200")


class WatchedMetrics(Metrics):
    """Says when the worker takes no more connections."""

    def __init__(self):
        super().__init__(memory_store().slices[0])
        self.taking, self.left = asyncio.Event(), asyncio.Event()

    def worker_serving(self, *, serving):
        (self.taking if serving else self.left).set()


@dataclass
class Served:
    """An app behind ``serve``, and the parent's end of its pipe."""

    port: int
    metrics: WatchedMetrics
    held_fd: int

    async def end(self):
        """Let the parent be gone, until the worker has seen it."""
        os.close(self.held_fd)
        await self.metrics.left.wait()

    async def ask(self, *parts, connection=None):
        """Send the parts one by one; the first bytes of the answer, b"" for none."""
        reader, writer = connection or await self.connect()
        try:
            for part in parts:
                writer.write(part)
                await asyncio.sleep(0.02)
            with suppress(ConnectionError):
                return await reader.read(FIRST_BYTES)
            return b""
        finally:
            writer.close()

    async def connect(self):
        return await asyncio.open_connection("127.0.0.1", self.port)


@asynccontextmanager
async def served(app):
    """The app as a worker serves it, ended in order after the block."""
    parent_fd, held_fd = os.pipe()
    here = Served(free_port(), WatchedMetrics(), held_fd)
    with open_listeners("127.0.0.1", here.port, count=1, variable="-") as (listener,):
        task = asyncio.create_task(
            serve(
                app,
                Inherited(os.dup(listener.fileno()), parent_fd),
                deadline_s=0.1,
                metrics=here.metrics,
            )
        )
        await here.metrics.taking.wait()
        try:
            yield here
        finally:
            if not here.metrics.left.is_set():
                await here.end()
            await task
    os.close(parent_fd)
