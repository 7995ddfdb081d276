"""How PostgreSQL is reached: bounded in time, and with a few connections that stay.

Neither queries nor values leave this module in an exception: a text of PostgreSQL may
repeat a row, so only the class of what went wrong is told.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from lookup.errors import SourceUnavailableError
from lookup.events import Events
from lookup.metrics import Metrics

RawConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

FAILURES = (
    OSError,
    EOFError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""Whatever asyncpg raises when PostgreSQL is gone, slow or unwilling."""

CONNECT_TIMEOUT_S = 2.0
"""Longest wait for a new connection; made in the background, so no lookup waits."""

CLOSE_TIMEOUT_S = 1.0

RECONNECT_FIRST_S = 0.1
RECONNECT_MAX_S = 5.0

BACKGROUND_TIMEOUT_S = 5.0
"""Longest wait for a query that no lookup waits for."""

SERVER_MARGIN = 1.5
"""The server gives up this much later than we do, so that nothing runs on unseen."""

LOOKUP_SETTINGS = {
    "default_transaction_read_only": "on",
    "jit": "off",
    # Planning costs more than the query: plan once per connection.
    "plan_cache_mode": "force_generic_plan",
    # A generic plan knows no sizes, and right after a migration there are no
    # statistics. A lookup goes by index, row by row, whatever the planner guesses.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
}
"""How the server treats the connections for lookups."""


@dataclass(frozen=True, slots=True, repr=False)
class Database:
    """Where PostgreSQL is, and how long one answer of it may take."""

    url: str
    """As asyncpg reads it, with ``?host=`` for a unix socket; holds the password."""

    timeout_s: float
    """Longest wait for one query."""

    async def connect(
        self, name: str = "tracuu", *, settings: dict[str, str] | None = None
    ) -> RawConnection:
        """Open a connection that cannot hang; the caller closes it.

        Args:
            name: What ``pg_stat_activity`` calls it.
            settings: Further settings of the session.

        Raises:
            FAILURES: It cannot be opened.
        """
        connection: RawConnection = await asyncpg.connect(
            self.url,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=self.timeout_s,
            server_settings={
                "application_name": name,
                "statement_timeout": str(round(self.timeout_s * SERVER_MARGIN * 1000)),
                **(settings or {}),
            },
        )
        _notice_dead_peers(connection)
        return connection


@dataclass(frozen=True, slots=True)
class PreparedConnection:
    """One connection with its prepared statements."""

    raw: RawConnection
    statements: dict[str, "PreparedStatement[asyncpg.Record]"]
    closed: asyncio.Event

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Run one of the statements known when the connection was opened.

        Raises:
            FAILURES: It failed or took too long.
        """
        return await self.statements[sql].fetch(*arguments)


class Connections:
    """A few connections that stay; a broken one is opened again in the background."""

    def __init__(
        self,
        database: Database,
        statements: Sequence[str],
        *,
        metrics: Metrics,
        events: Events,
    ) -> None:
        self._database = database
        self._statements = statements
        self._metrics = metrics
        self._events = events
        self._idle: asyncio.LifoQueue[PreparedConnection] = asyncio.LifoQueue()
        self._alive = 0
        self._waiting = 0
        self._is_down = False
        self.tried = asyncio.Event()
        """Set once the first attempt to connect has come to an end."""

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[PreparedConnection]:
        """Lend an idle connection; one that fails meanwhile is thrown away.

        Raises:
            SourceUnavailableError: None is open, none became idle in time, or what
                was done with it failed.
        """
        connection = await self._take()
        self._tell()
        try:
            yield connection
        except FAILURES as error:
            connection.raw.terminate()
            reason = f"PostgreSQL failed: {type(error).__name__}"
            raise SourceUnavailableError(reason) from None
        except BaseException:
            connection.raw.terminate()
            raise
        self._idle.put_nowait(connection)
        self._tell()

    async def keep_one(self) -> None:
        """Keep one connection open until cancelled."""
        failures = 0
        while True:
            try:
                connection = await self._open()
            except Exception as error:  # noqa: BLE001 - this task must go on
                failures += 1
                self._failed(error)
                await asyncio.sleep(pause_s(failures))
                continue
            failures = 0
            try:
                self._opened(connection)
                await connection.closed.wait()
            finally:
                self._alive -= 1
                await close(connection.raw)
            await asyncio.sleep(RECONNECT_FIRST_S)

    async def _take(self) -> PreparedConnection:
        self._waiting += 1
        try:
            async with asyncio.timeout(self._database.timeout_s):
                while self._alive:
                    connection = await self._idle.get()
                    if not connection.raw.is_closed():
                        return connection
        except TimeoutError:
            reason = "every connection to PostgreSQL is busy"
            raise SourceUnavailableError(reason) from None
        finally:
            self._waiting -= 1
        raise SourceUnavailableError("no connection to PostgreSQL")

    async def _open(self) -> PreparedConnection:
        raw = await self._database.connect(settings=LOOKUP_SETTINGS)
        try:
            statements = {sql: await raw.prepare(sql) for sql in self._statements}
            # asyncpg prepares without a Sync, which leaves a transaction open: it would
            # lock the tables against migrations, and statement_timeout would run on
            # while the connection is idle and end its first lookup.
            await raw.execute("SELECT 1")
        except BaseException:
            raw.terminate()
            raise
        closed = asyncio.Event()
        raw.add_termination_listener(lambda _: closed.set())
        return PreparedConnection(raw, statements, closed)

    def _opened(self, connection: PreparedConnection) -> None:
        self._alive += 1
        self._idle.put_nowait(connection)
        if self._is_down:
            self._is_down = False
            self._events.source_recovered("population")
        self._tell()
        self.tried.set()

    def _failed(self, error: Exception) -> None:
        if not self._alive:
            self._is_down = True
        self._events.source_unavailable("population", error)
        self.tried.set()

    def _tell(self) -> None:
        idle = self._idle.qsize()
        self._metrics.pool_sized(
            in_use=max(0, self._alive - idle), idle=idle, waiting=self._waiting
        )


@asynccontextmanager
async def open_connections(
    database: Database,
    statements: Sequence[str],
    *,
    count: int,
    metrics: Metrics,
    events: Events,
) -> AsyncIterator[Connections]:
    """Open connections for lookups and keep them open until the block ends.

    The block starts even if PostgreSQL is down: what is cached can be answered.
    """
    connections = Connections(database, statements, metrics=metrics, events=events)
    keepers = [asyncio.create_task(connections.keep_one()) for _ in range(count)]
    try:
        await connections.tried.wait()
        yield connections
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)


async def close(connection: RawConnection) -> None:
    """Take leave if the server listens, else hang up."""
    try:
        await connection.close(timeout=CLOSE_TIMEOUT_S)
    except FAILURES:
        connection.terminate()


def pause_s(failures: int) -> float:
    """How long to wait before connecting again, after so many failures in a row."""
    return min(RECONNECT_MAX_S, RECONNECT_FIRST_S * (1 << min(failures, 10)))


def _notice_dead_peers(connection: RawConnection) -> None:
    """Have the kernel find out within half a minute that the other side is gone.

    asyncpg sets none of this: a connection cut without a word would stay for 15
    minutes.
    """
    transport = connection._transport  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
    peer = transport.get_extra_info("socket")
    if peer.family == socket.AF_UNIX:
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 25_000)
