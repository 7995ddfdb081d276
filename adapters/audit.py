"""The audit log in the population database, written in batches behind the lookups.

An entry is safe once it is in the bounded queue, unless the process is killed: an
orderly end writes the queue out. An entry may be written twice if the connection
breaks while it is committed, never less than once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import islice
from typing import Any

import asyncpg
import orjson

from adapters.postgres import Database, RawConnection, close, pause_s
from lookup.errors import AuditUnavailableError
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.ports import AuditEntry, Clock

QUEUE_MAX = 10_000
"""Entries that may wait while the database is away, per worker; then none is taken."""

BATCH_MAX = 2_000
"""Entries in one transaction."""

GATHER_S = 0.02
"""Pause between transactions, in which entries gather."""

FLUSH_S = 5.0
"""Longest wait at the end for what is still queued."""

WORKLIST_OUTCOMES = frozenset({"not_found", "mismatch"})
"""What the office that corrects records has to look at."""

_INSERT = """
INSERT INTO audit_log (
    at, request_id, client_id, channel, operator, purpose, facets, asked_kind,
    asked_number, citizen_id, code, outcome, source, disclosed
)
SELECT
    at, request_id, client_id, channel, operator, purpose, facets, asked_kind,
    asked_number, citizen_id, code, outcome, source, disclosed
FROM json_to_recordset($1::json) AS entry (
    at timestamptz, request_id text, client_id text, channel text, operator text,
    purpose text, facets text[], asked_kind text, asked_number text, citizen_id text,
    code text, outcome text, source text, disclosed boolean
)
"""
"""PostgreSQL reads the entries; by COPY, the worker would spend four times as long (8.3
in place of 1.8 µs for each) to write them."""

_WORKLIST = """
INSERT INTO worklist AS known
    (asked_kind, asked_number, code, client_id, first_at, last_at)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (asked_kind, asked_number, code, client_id) DO UPDATE SET
    last_at = greatest(known.last_at, excluded.last_at),
    times = known.times + 1,
    done_at = NULL
"""

UNWRITABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What PostgreSQL says of a row it will never take, however often it is asked."""


class PostgresAuditLog:
    """An ``AuditLog`` whose entries are written soon."""

    def __init__(
        self, database: Database, clock: Clock, *, metrics: Metrics, events: Events
    ) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._events = events
        self._queue: deque[AuditEntry] = deque()
        self._filled = asyncio.Event()
        self._is_closing = False
        self._connection: RawConnection | None = None

    async def record(self, entry: AuditEntry) -> None:
        """Take the entry, as ``AuditLog`` promises."""
        if self._is_closing or len(self._queue) >= QUEUE_MAX:
            raise AuditUnavailableError("the audit takes no more entries")
        self._queue.append(entry)
        self._filled.set()

    async def run(self) -> None:
        """Write what is queued, until closed and empty."""
        failures = 0
        while self._queue or not self._is_closing:
            await self._filled.wait()
            try:
                await self._write_next()
            except Exception as error:  # noqa: BLE001 - this task must go on
                failures += 1
                self._events.audit_failed(len(self._queue), error)
                await self._hang_up()
                await asyncio.sleep(pause_s(failures))
            else:
                failures = 0
                is_late = self._is_closing or len(self._queue) >= BATCH_MAX
                await asyncio.sleep(0 if is_late else GATHER_S)

    async def aclose(self, writer: asyncio.Task[None]) -> None:
        """Take no more entries, and have ``run`` write the rest in a bounded time."""
        self._is_closing = True
        self._filled.set()
        await asyncio.wait({writer}, timeout=FLUSH_S)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        await self._hang_up()
        self._metrics.audit_lost(len(self._queue))

    async def _write_next(self) -> None:
        batch = list(islice(self._queue, BATCH_MAX))
        if batch:
            await self._write(batch)
        if not self._queue and not self._is_closing:
            self._filled.clear()
        self._metrics.audit_queued(entries=len(self._queue))

    async def _write(self, batch: list[AuditEntry]) -> None:
        """Write a batch and take it off the queue.

        Raises:
            FAILURES: The database failed; the batch stays.
        """
        started_s = self._clock.monotonic()
        connection = await self._connected()
        try:
            await _insert(connection, batch)
        except UNWRITABLE as error:
            if len(batch) > 1:
                # One entry spoils the batch; find it.
                for entry in batch:
                    await self._write([entry])
                return
            self._metrics.audit_lost(1)
            self._events.audit_failed(1, error)
        else:
            duration_s = self._clock.monotonic() - started_s
            self._metrics.audit_written(entries=len(batch), duration_s=duration_s)
            self._metrics.query_timed("audit", duration_s)
        for _ in batch:
            self._queue.popleft()

    async def _connected(self) -> RawConnection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.connect("tracuu-audit")
        return self._connection

    async def _hang_up(self) -> None:
        if self._connection is not None:
            await close(self._connection)
        self._connection = None


@asynccontextmanager
async def open_audit_log(
    database: Database, clock: Clock, *, metrics: Metrics, events: Events
) -> AsyncIterator[PostgresAuditLog]:
    """An audit log that is written until the block ends, and written out then."""
    log = PostgresAuditLog(database, clock, metrics=metrics, events=events)
    writer = asyncio.create_task(log.run())
    try:
        yield log
    finally:
        await log.aclose(writer)


async def _insert(connection: RawConnection, batch: list[AuditEntry]) -> None:
    entries = orjson.dumps([_row(entry) for entry in batch]).decode()
    # In one order, so that two workers never wait for each other.
    worklist = sorted(_worklist_rows(batch))
    async with connection.transaction():
        await connection.execute(_INSERT, entries)
        if worklist:
            await connection.executemany(_WORKLIST, worklist)


def _row(entry: AuditEntry) -> dict[str, Any]:
    asked = entry.identifier
    return {
        "at": entry.at,
        "request_id": entry.request_id,
        "client_id": entry.client_id,
        "channel": entry.channel,
        "operator": _storable(entry.operator),
        "purpose": entry.purpose,
        "facets": entry.facets,
        "asked_kind": asked.kind if asked else None,
        "asked_number": asked.digits if asked else None,
        "citizen_id": entry.citizen_id,
        "code": entry.code,
        "outcome": entry.outcome,
        "source": entry.source,
        "disclosed": entry.disclosed,
    }


def _worklist_rows(
    batch: list[AuditEntry],
) -> Iterator[tuple[str, str, str, str, datetime]]:
    for entry in batch:
        asked = entry.identifier
        if asked and entry.outcome in WORKLIST_OUTCOMES:
            yield asked.kind, asked.digits, entry.code, entry.client_id, entry.at


def _storable(text: str | None) -> str | None:
    """What a person typed, without what PostgreSQL cannot hold."""
    if text is None:
        return None
    return text.replace("\0", "�").encode(errors="replace").decode()
