"""Carries a chain of the audit from its files into the population database.

How far it got stands in the database and moves in one transaction with the entries,
so nothing is carried twice and nothing is left out, whoever is killed when.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from adapters.audit_chain import (
    Place,
    event_in,
    is_checkpoint,
    read_checkpoint,
)
from adapters.audit_files import Folder
from adapters.audit_keys import AuditKeys
from adapters.audit_reader import AuditCutError, Reader
from adapters.postgres import FAILURES, Database, RawConnection, close, pause_s
from adapters.vss_contract import Watch

GATHER_S = 0.2
"""Pause between transactions, in which entries gather."""

FLUSH_S = 5.0
"""Longest wait at the end for what is not yet in the database."""

_INSERT = """
INSERT INTO audit_log (
    chain, n, at, request_id, client_id, channel, facility, operator, purpose, facets,
    released, asked_kind, asked_hash, citizen_hash, number_sealed, code, outcome,
    source, age_s, disclosed
)
SELECT $1, n, at, request_id, client_id, channel, facility, operator, purpose, facets,
    released, asked_kind, decode(asked_hash, 'hex'), decode(citizen_hash, 'hex'),
    number_sealed, code, outcome, source, age_s, disclosed
FROM json_to_recordset($2::json) AS event (
    at timestamptz, request_id text, client_id text, channel text, facility text,
    operator text, purpose text, facets text[], released text[], asked_kind text,
    asked_hash text, citizen_hash text, number_sealed text, code text, outcome text,
    source text, age_s double precision, disclosed boolean, n bigint
)
"""
"""Takes the events as they stand in the file: PostgreSQL reads them, not the worker."""

_MOVE = """
INSERT INTO audit_chains AS known (chain, count, head) VALUES ($1, $2, $3)
ON CONFLICT (chain) DO UPDATE SET count = excluded.count, head = excluded.head
WHERE known.count = $4
RETURNING true
"""

_CHECKPOINT = """
INSERT INTO audit_checkpoints (chain, count, head, event) VALUES ($1, $2, $3, $4)
"""

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


class Growth:
    """How far a chain is on disk and in the database; one writes, another carries."""

    def __init__(self, count: int) -> None:
        self.count = count
        """Lines on disk."""

        self.carried: int | None = None
        """Lines in the database; None where there is none to carry them to."""

        self.moved = asyncio.Event()
        """Set when lines were added."""

    def reach(self, count: int) -> None:
        """So many lines are on disk now."""
        self.count = count
        self.moved.set()


class Shipper:
    """Carries one chain."""

    def __init__(
        self, folder: Folder, database: Database, keys: AuditKeys, *, watch: Watch
    ) -> None:
        self._folder = folder
        self._database = database
        self._keys = keys
        self._watch = watch
        self._connection: RawConnection | None = None
        self._reader: Reader | None = None

    async def ship(self, count: int | None = None) -> int:
        """Carry all lines up to this one, or all there are.

        Returns:
            How many are in the database then.

        Raises:
            FAILURES: The database failed; what is there stays there.
            AuditCutError: The files do not hold what the database knows, or what
                no worker writes.
            OSError: The files cannot be read.
        """
        try:
            return await self._ship(count)
        except (ValueError, KeyError) as error:
            raise AuditCutError("a line is damaged") from error

    async def hang_up(self) -> None:
        """Close the connection, until something is to be carried."""
        if self._connection is not None:
            await close(self._connection)
        self._connection = None

    async def _ship(self, count: int | None) -> int:
        reader = self._reader
        if reader is None:
            reader = await self._positioned()
        if not reader.chain:
            return 0
        self._reader = reader
        try:
            while lines := await asyncio.to_thread(reader.read, count):
                await self._carry(reader, lines)
        except BaseException:
            # Where the database stands now is for the database to say, on another
            # connection: this one may be left in the midst of a transaction.
            self._reader = None
            if self._connection is not None:
                self._connection.terminate()
            raise
        return reader.place.lines

    async def _positioned(self) -> Reader:
        connection = await self._connected()
        reader = await asyncio.to_thread(Reader, self._folder, self._keys)
        known = await connection.fetchrow(
            "SELECT count, head FROM audit_chains WHERE chain = $1", reader.chain
        )
        if known is not None:
            await asyncio.to_thread(reader.go_to, Place(known["count"], known["head"]))
        return reader

    async def _carry(self, reader: Reader, lines: Sequence[bytes]) -> None:
        """Carry lines and move on behind them."""
        started_s = self._watch.clock.monotonic()
        try:
            await self._insert(reader, lines)
        except UNWRITABLE as error:
            if len(lines) > 1:
                # One entry spoils the batch; find it.
                for line in lines:
                    await self._carry(reader, [line])
                return
            # It stays in the file. What comes after it must not wait for it.
            await self._insert(reader, lines, without_entries=True)
            self._watch.metrics.audit_lost(1)
            self._watch.events.audit_unshipped(error)
        duration_s = self._watch.clock.monotonic() - started_s
        self._watch.metrics.query_timed("audit", duration_s)
        reader.passed(lines)

    async def _insert(
        self, reader: Reader, lines: Sequence[bytes], *, without_entries: bool = False
    ) -> None:
        connection = await self._connected()
        events = [event_in(line) for line in lines]
        entries = [e for e in events if not is_checkpoint(e) and not without_entries]
        before, after = reader.place, reader.behind(lines)
        async with connection.transaction():
            moved = await connection.fetchval(_MOVE, reader.chain, *after, before.lines)
            if not moved:
                raise AuditCutError("another process carries this chain")
            if entries:
                told = b"[%b]" % b",".join(entries)
                await connection.execute(_INSERT, reader.chain, told.decode())
            await connection.executemany(_CHECKPOINT, list(_checkpoints(events)))
            # In one order, so that two workers never wait for each other.
            tasks = sorted(_tasks(reader, lines)) if entries else []
            await connection.executemany(_WORKLIST, tasks)

    async def _connected(self) -> RawConnection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.connect("tracuu-audit")
        return self._connection


@asynccontextmanager
async def shipped(
    shipper: Shipper, growth: Growth, watch: Watch
) -> AsyncIterator[None]:
    """Carry a chain beside the block, and what is left of it afterwards."""
    growth.carried = 0
    shipping = asyncio.create_task(_keep_shipping(shipper, growth, watch))
    try:
        yield
    finally:
        shipping.cancel()
        await asyncio.gather(shipping, return_exceptions=True)
        try:
            async with asyncio.timeout(FLUSH_S):
                await shipper.ship()
        except (*FAILURES, AuditCutError, TimeoutError) as error:
            # What cannot be carried now is carried at the next start.
            watch.events.audit_unshipped(error)
        await shipper.hang_up()


async def _keep_shipping(shipper: Shipper, growth: Growth, watch: Watch) -> None:
    failures = 0
    while True:
        growth.moved.clear()
        try:
            growth.carried = await shipper.ship(growth.count)
            failures = 0
        except Exception as error:  # noqa: BLE001 - this task must go on
            failures += 1
            watch.events.audit_unshipped(error)
            await shipper.hang_up()
        watch.metrics.audit_queued(entries=growth.count - (growth.carried or 0))
        if failures:
            await asyncio.sleep(pause_s(failures))
        else:
            await growth.moved.wait()
            await asyncio.sleep(GATHER_S)


def _checkpoints(events: Sequence[bytes]) -> Iterator[tuple[str, int, bytes, str]]:
    for event in filter(is_checkpoint, events):
        said, _ = read_checkpoint(event)
        yield said.chain, said.count, bytes.fromhex(said.head), event.decode()


def _tasks(
    reader: Reader, lines: Sequence[bytes]
) -> Iterator[tuple[str, str, str, str, datetime]]:
    """What the office that corrects records has to look at."""
    for event, number in reader.for_worklist(lines):
        at = datetime.fromisoformat(event["at"])
        yield event["asked_kind"], number, event["code"], event["client_id"], at
