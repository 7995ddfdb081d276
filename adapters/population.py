"""The population database as a source of records: one round trip per facet.

Questions of one tick of the event loop, and those that come while every connection is
busy, travel together in one statement.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import islice

import asyncpg
import msgspec

from adapters import population_sql
from adapters.postgres import (
    Connections,
    Database,
    PreparedConnection,
    open_connections,
)
from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.errors import (
    DeadlineExceededError,
    SourceUnavailableError,
    TracuuError,
)
from lookup.events import Events
from lookup.metrics import FetchResult, Metrics
from lookup.ports import Clock
from lookup.record import CoverageRecord, Facet, Finding, HealthRecord, Private
from lookup.request import Claim

SQL = {
    Facet.COVERAGE: population_sql.COVERAGE,
    Facet.HEALTH: population_sql.HEALTH,
}

BATCH_MAX = 128
"""Questions in one statement; more would make the first of them wait for the last."""

_DECODERS: dict[
    Facet, msgspec.json.Decoder[CoverageRecord] | msgspec.json.Decoder[HealthRecord]
] = {
    Facet.COVERAGE: msgspec.json.Decoder(CoverageRecord),
    Facet.HEALTH: msgspec.json.Decoder(HealthRecord),
}


class _Question(Private, frozen=True):
    identifier: Identifier
    answer: asyncio.Future[Finding]

    def settle(self, outcome: Finding | TracuuError) -> None:
        """Answer, unless the asker has gone."""
        if self.answer.done():
            return
        if isinstance(outcome, Finding):
            self.answer.set_result(outcome)
        else:
            self.answer.set_exception(outcome)

    def give_up(self) -> None:
        """Wait no longer."""
        self.settle(DeadlineExceededError("the population said nothing in time"))


class Population:
    """A ``RecordSource`` over the population database."""

    def __init__(
        self, connections: Connections, clock: Clock, *, metrics: Metrics
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._batches = {
            facet: _Batches(facet, connections, clock=clock, metrics=metrics)
            for facet in Facet
        }

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        """Say what is known, as ``RecordSource`` promises."""
        del claim  # whoever decides will judge it
        left_s = deadline.left_s()
        started_s = self._clock.monotonic()
        try:
            finding = await self._batches[facet].ask(identifier, left_s)
        except DeadlineExceededError:
            self._asked(facet, "late", started_s)
            raise
        except SourceUnavailableError:
            self._asked(facet, "unavailable", started_s)
            raise
        self._asked(facet, "found" if finding.record else "nobody", started_s)
        return finding

    async def aclose(self) -> None:
        """Give up whatever is still being asked."""
        for batches in self._batches.values():
            await batches.aclose()

    def _asked(
        self,
        facet: Facet,
        result: FetchResult,
        started_s: float,
    ) -> None:
        self._metrics.source_asked(
            source="population",
            facet=facet,
            result=result,
            duration_s=self._clock.monotonic() - started_s,
        )


class _Batches:
    """Joins the questions about one facet into statements."""

    def __init__(
        self, facet: Facet, connections: Connections, *, clock: Clock, metrics: Metrics
    ) -> None:
        self._facet = facet
        self._connections = connections
        self._clock = clock
        self._metrics = metrics
        self._waiting: deque[_Question] = deque()
        self._senders: set[asyncio.Task[None]] = set()
        self._is_sender_due = False

    async def ask(self, identifier: Identifier, left_s: float) -> Finding:
        """Ask with whoever else asks now, and wait for so many seconds at most.

        Cancelling it leaves the others' question alone.

        Raises:
            SourceUnavailableError: The statement failed, or this person's row is
                unreadable.
            DeadlineExceededError: There is no answer yet.
        """
        loop = asyncio.get_running_loop()
        question = _Question(identifier, loop.create_future())
        self._waiting.append(question)
        self._call_sender()
        # asyncio.timeout does more than is needed here, for every lookup that misses.
        timer = loop.call_later(left_s, question.give_up)
        try:
            return await question.answer
        finally:
            timer.cancel()

    async def aclose(self) -> None:
        """Stop asking."""
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)

    def _call_sender(self) -> None:
        """Have the waiting questions sent as soon as a connection is free."""
        if self._is_sender_due or not self._waiting:
            return
        self._is_sender_due = True
        sender = asyncio.create_task(self._send())
        self._senders.add(sender)
        sender.add_done_callback(self._senders.discard)

    async def _send(self) -> None:
        questions: list[_Question] = []
        try:
            async with self._connections.lend() as connection:
                questions += self._next_batch()
                as_of = self._clock.now()
                rows = await self._query(connection, questions)
        except SourceUnavailableError as error:
            for question in questions or self._next_batch():
                question.settle(SourceUnavailableError(str(error)))
            return
        for place, question in enumerate(questions, start=1):
            question.settle(self._finding(rows.get(place), as_of))

    def _next_batch(self) -> list[_Question]:
        """Take the questions that still matter, and leave the rest to another."""
        batch = list(islice(self._waiting_still(), BATCH_MAX))
        self._is_sender_due = False
        self._call_sender()
        return batch

    def _waiting_still(self) -> Iterator[_Question]:
        while self._waiting:
            question = self._waiting.popleft()
            if not question.answer.done():
                yield question

    async def _query(
        self, connection: PreparedConnection, questions: list[_Question]
    ) -> dict[int, asyncpg.Record]:
        """The rows, by the place of their question."""
        if not questions:
            return {}
        started_s = self._clock.monotonic()
        rows = await connection.fetch(
            SQL[self._facet],
            [question.identifier.kind for question in questions],
            [question.identifier.digits for question in questions],
        )
        duration_s = self._clock.monotonic() - started_s
        self._metrics.query_timed(self._facet, duration_s)
        return {row["place"]: row for row in rows}

    def _finding(
        self, row: asyncpg.Record | None, as_of: datetime
    ) -> Finding | SourceUnavailableError:
        if row is None:
            return Finding(record=None, as_of=as_of, version=0, source="population")
        try:
            record = _DECODERS[self._facet].decode(row["record"])
        except msgspec.DecodeError:
            return SourceUnavailableError("a record of the population is unreadable")
        return Finding(
            record=record, as_of=as_of, version=row["version"], source="population"
        )


@asynccontextmanager
async def open_population(
    database: Database,
    clock: Clock,
    *,
    count: int,
    metrics: Metrics,
    events: Events,
) -> AsyncIterator[Population]:
    """The population over ``count`` connections that live as long as the block."""
    async with open_connections(
        database, tuple(SQL.values()), count=count, metrics=metrics, events=events
    ) as connections:
        population = Population(connections, clock, metrics=metrics)
        try:
            yield population
        finally:
            await population.aclose()
