"""Hears of changes in the population and of clients, and reads what was missed.

A notice only rings; what changed is read from the table ``changes``, by transaction:
numbers of changes are given out before they are committed, so the highest number seen
says nothing about what is still to come.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg

from adapters.postgres import Database, RawConnection, close, pause_s
from lookup.citizen_id import CitizenId
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.ports import Clock
from lookup.record import Facet

HEARTBEAT_S = 5.0
"""Longest silence before the table is read anyway: a notice may be lost, and a
connection that does not answer is broken."""

PAGE = 1000
"""Changes read at once."""

_POSITION = "SELECT pg_snapshot_xmin(pg_current_snapshot())"
"""The oldest transaction that may still commit a change not yet seen."""

_SINCE_POSITION = """
SELECT change_id, citizen_id, facet, transaction_id, changed_at FROM changes
WHERE transaction_id >= $1 AND change_id > $2 ORDER BY change_id LIMIT $3
"""

_SINCE_TIME = """
SELECT change_id, citizen_id, facet, transaction_id, changed_at FROM changes
WHERE changed_at >= now() - $1::interval AND change_id > $2
ORDER BY change_id LIMIT $3
"""

_PRUNE = """
DELETE FROM changes WHERE change_id IN (
    SELECT change_id FROM changes WHERE changed_at < now() - $1::interval LIMIT $2)
"""

OnChange = Callable[[CitizenId, Facet, int], Awaitable[None]]
"""Told the citizen, the facet and its new version; must not raise."""


@dataclass(slots=True, kw_only=True, eq=False)
class ChangeFeed:
    """Tells of every change, at least once, in no particular order."""

    database: Database
    on_change: OnChange
    on_clients_changed: Callable[[], None]
    replay_for: timedelta
    """How far back changes are told at the start.

    At least as long as the oldest thing that ``on_change`` could have to forget.
    """

    clock: Clock
    metrics: Metrics
    events: Events
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once everything missed before the start was told."""

    _rung: asyncio.Event = field(default_factory=asyncio.Event)
    _position: int | None = None
    _told: dict[int, int] = field(default_factory=dict)
    """Transaction of each change told that the next reading gives again."""

    _failures: int = 0

    async def run(self) -> None:
        """Listen until cancelled; a broken connection is replaced and read up."""
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - this task must go on
                self._failures += 1
                self.events.listener_lost(error)
            finally:
                self.metrics.listener_connected(connected=False)
            await asyncio.sleep(pause_s(self._failures))

    async def prune(self, older_than: timedelta) -> int:
        """Delete changes nobody will need again; give how many.

        Raises:
            FAILURES: The database failed; nothing is lost by trying later.
        """
        connection = await self.database.connect("tracuu-prune")
        pruned = 0
        try:
            while True:
                status = await connection.execute(_PRUNE, older_than, PAGE)
                deleted = int(status.removeprefix("DELETE "))
                pruned += deleted
                if deleted < PAGE:
                    return pruned
        finally:
            await close(connection)

    async def _listen(self) -> None:
        connection = await self.database.connect("tracuu-changes")
        try:
            # Listen first: a change between reading and listening would go unheard.
            await connection.add_listener("tracuu_changes", self._ring)
            await connection.add_listener("tracuu_clients", self._ring_for_clients)
            connection.add_termination_listener(self._ring)
            await self._catch_up(connection)
            while True:
                await self._wait_for_a_ring()
                await self._read(connection)
        finally:
            await close(connection)

    async def _catch_up(self, connection: RawConnection) -> None:
        told = await self._read(connection)
        self.on_clients_changed()
        if told:
            self.events.changes_replayed(told)
        if self._failures:
            self.events.listener_restored()
        self._failures = 0
        self.metrics.listener_connected(connected=True)
        self.caught_up.set()

    async def _wait_for_a_ring(self) -> None:
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._rung.wait()
        except TimeoutError:
            pass
        self._rung.clear()

    def _ring(self, *_: object) -> None:
        self._rung.set()

    def _ring_for_clients(self, *_: object) -> None:
        self.on_clients_changed()

    async def _read(self, connection: RawConnection) -> int:
        """Tell whatever is new; give how much that was."""
        position: int = await connection.fetchval(_POSITION)
        if self._position is not None and position < self._position:
            # Transactions count up: this is another database, restored from a backup.
            self._position = None
            self._told.clear()
        told = 0
        async for page in self._pages(connection):
            new = [row for row in page if row["change_id"] not in self._told]
            await asyncio.gather(*map(self._tell, new))
            self._told |= {
                row["change_id"]: row["transaction_id"]
                for row in new
                if row["transaction_id"] >= position
            }
            told += len(new)
        self._told = {
            change_id: transaction_id
            for change_id, transaction_id in self._told.items()
            if transaction_id >= position
        }
        self._position = position
        return told

    async def _pages(
        self, connection: RawConnection
    ) -> AsyncIterator[list[asyncpg.Record]]:
        last = 0
        while True:
            if self._position is None:
                page = await connection.fetch(_SINCE_TIME, self.replay_for, last, PAGE)
            else:
                page = await connection.fetch(
                    _SINCE_POSITION, self._position, last, PAGE
                )
            yield page
            if len(page) < PAGE:
                return
            last = page[-1]["change_id"]

    async def _tell(self, row: asyncpg.Record) -> None:
        facet = Facet(row["facet"])
        await self.on_change(CitizenId(row["citizen_id"]), facet, row["change_id"])
        if self._position is not None:
            lag = self.clock.now() - row["changed_at"]
            self.metrics.change_applied(facet, lag_s=max(0.0, lag.total_seconds()))
