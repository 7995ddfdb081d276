"""A TCP wire to PostgreSQL's unix socket, which a test can cut without a word."""

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit


class Wire:
    """Carries bytes until it is held; then both sides wait for the other."""

    def __init__(self, database_url):
        parts = urlsplit(database_url)
        self._socket = parse_qs(parts.query)["host"][0] + "/.s.PGSQL.5432"
        self._name = parts.path
        self._carries = asyncio.Event()
        self._carries.set()
        self._tasks = set()
        self.url = None

    def hold(self):
        """Carry nothing any more, as a pulled cable would."""
        self._carries.clear()

    def release(self):
        """Carry again, also what was held."""
        self._carries.set()

    @asynccontextmanager
    async def laid(self):
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}{self._name}?sslmode=disable"
        try:
            yield self
        finally:
            self.release()
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        far_reader, far_writer = await asyncio.open_unix_connection(self._socket)
        try:
            await asyncio.gather(
                self._pipe(reader, far_writer), self._pipe(far_reader, writer)
            )
        except ConnectionError:
            pass
        finally:
            writer.close()
            far_writer.close()

    async def _pipe(self, reader, writer):
        while data := await reader.read(65536):
            await self._carries.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
