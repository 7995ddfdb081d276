"""Neighbours made by hand, with verbs a story needs.

They pass the same contracts as the real ones.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from lookup.citizen_id import CardNumber, CitizenId, Identifier
from lookup.deadline import Deadline
from lookup.errors import (
    AuditUnavailableError,
    DeadlineExceededError,
    SourceUnavailableError,
)
from lookup.ports import AuditEntry, Clock
from lookup.record import (
    CoverageRecord,
    Facet,
    Finding,
    HealthRecord,
    Record,
    Withheld,
)
from lookup.request import Claim


class FakeSource:
    """A ``RecordSource`` that knows what it was told."""

    def __init__(self, clock: Clock) -> None:
        self.loads: Counter[Facet] = Counter()
        """How often it was asked, by facet."""

        self.asked = asyncio.Event()
        """Set with the first question."""

        self._clock = clock
        self._known: dict[tuple[Identifier, Facet], tuple[Record, int, float]] = {}
        self._errors: dict[Facet, Exception] = {}
        self.claims: list[Claim | None] = []
        """What was claimed, in order."""

        self._is_stale = False
        self._withheld: dict[Facet, Withheld] = {}
        self._open = asyncio.Event()
        self._open.set()

    def know(
        self,
        record: Record,
        *,
        version: int = 1,
        age_s: float = 0.0,
        also: Iterable[Identifier] = (),
    ) -> None:
        """Know a record by its citizen ID, its cards and the numbers in ``also``."""
        for identifier in (*_numbers(record), *also):
            self._known[identifier, facet_of(record)] = record, version, age_s

    def forget_all(self) -> None:
        """Know nobody any more."""
        self._known.clear()

    def withhold(self, code: Withheld, *facets: Facet) -> None:
        """Judge every claim so, and show no record of some facets or of all."""
        self._withheld.update(dict.fromkeys(facets or Facet, code))

    def unplug(self, *facets: Facet) -> None:
        """Be unavailable, for some facets or for all."""
        for facet in facets or Facet:
            self._errors[facet] = SourceUnavailableError("unplugged")

    def fail(self, error: Exception, facet: Facet) -> None:
        """Have a defect."""
        self._errors[facet] = error

    def plug(self) -> None:
        """Be well again."""
        self._errors.clear()
        self._withheld.clear()

    def hold(self) -> None:
        """Keep all who ask waiting."""
        self._open.clear()

    def release(self) -> None:
        """Answer all who wait."""
        self._open.set()

    def grow_stale(self) -> None:
        """Mark what is answered as stale, like a cache before an unplugged source."""
        self._is_stale = True

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        left_s = deadline.left_s()
        self.loads[facet] += 1
        self.claims.append(claim)
        self.asked.set()
        finding = self._answer(identifier, facet)
        try:
            async with asyncio.timeout(left_s):
                await self._open.wait()
        except TimeoutError:
            raise DeadlineExceededError("held") from None
        if facet in self._errors:
            raise self._errors[facet]
        return finding

    def _answer(self, identifier: Identifier, facet: Facet) -> Finding:
        """What is known when the question arrives; a held answer is as old."""
        record, version, age_s = self._known.get((identifier, facet), (None, 0, 0.0))
        if facet in self._withheld:
            record, version = None, 0
        return Finding(
            record=record,
            as_of=self._clock.now() - timedelta(seconds=age_s),
            version=version,
            source="population",
            is_stale=self._is_stale,
            withheld=self._withheld.get(facet),
        )


class FakeCache:
    """A ``RecordCache`` with the settings' default times, without any jitter."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._living: dict[tuple[Identifier, Facet], Identifier] = {}
        self._held: dict[tuple[Identifier, Facet], Finding] = {}
        self._near: dict[tuple[Identifier, Facet], tuple[Finding, Finding]] = {}
        self._floors: Counter[tuple[Identifier, Facet]] = Counter()

    def near(self, identifier: Identifier, facet: Facet) -> Finding | None:
        held = self._held.get((identifier, facet))
        if held is None:
            return None
        young_s = 300 if held.record else 30
        age_s = (self._clock.now() - held.as_of).total_seconds()
        if not 0 <= age_s < young_s:
            return None
        near = self._near.get((identifier, facet))
        if near is None or near[0] is not held:
            near = held, msgspec.structs.replace(held, source="memory")
            self._near[identifier, facet] = near
        return near[1]

    async def get(self, identifier: Identifier, facet: Facet) -> Finding | None:
        living = self._living.get((identifier, facet), identifier)
        held = self._held.get((living, facet))
        if held is None:
            return None
        fresh_s, usable_s = (600, 86_400) if held.record else (60, 600)
        age_s = (self._clock.now() - held.as_of).total_seconds()
        if age_s >= usable_s:
            return None
        return msgspec.structs.replace(held, source="memory", is_stale=age_s >= fresh_s)

    async def put(self, identifier: Identifier, facet: Facet, finding: Finding) -> None:
        living = identifier
        if finding.record is not None:
            living = _numbers(finding.record)[0]
        place = living, facet
        held = self._held.get(place)
        if finding.version < self._floors[place]:
            return
        if held is not None and _is_older(finding, held):
            return
        self._held[place] = finding
        self._living[identifier, facet] = living

    async def forget(self, citizen_id: Identifier, facet: Facet, version: int) -> None:
        place = citizen_id, facet
        self._floors[place] = max(version, self._floors[place])
        held = self._held.get(place)
        if held is not None and held.version < version:
            del self._held[place]
        self._living.pop(place, None)


class FakeAudit:
    """An ``AuditLog`` that keeps its entries."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self._is_broken = False

    def break_(self) -> None:
        """Take no entry any more."""
        self._is_broken = True

    async def record(self, entry: AuditEntry) -> None:
        if self._is_broken:
            raise AuditUnavailableError("broken")
        self.entries.append(entry)


class FakeAssertionLog:
    """An ``AssertionLog`` in memory."""

    def __init__(self) -> None:
        self.uses: dict[tuple[str, str], datetime] = {}
        self._is_unplugged = False

    def unplug(self) -> None:
        """Know nothing any more."""
        self._is_unplugged = True

    async def use(self, client_id: str, jti: str, *, until: datetime) -> bool:
        if self._is_unplugged:
            raise SourceUnavailableError("unplugged")
        is_first = (client_id, jti) not in self.uses
        self.uses[client_id, jti] = until
        return is_first


def _is_older(one: Finding, other: Finding) -> bool:
    if one.version and other.version and one.version != other.version:
        return one.version < other.version
    return one.as_of < other.as_of


def facet_of(record: Record) -> Facet:
    """The facet a record is of."""
    is_coverage = isinstance(record, CoverageRecord)
    return Facet.COVERAGE if is_coverage else Facet.HEALTH


def _numbers(record: Record) -> tuple[Identifier, ...]:
    """Whom the record is about, the living number first."""
    if isinstance(record, HealthRecord):
        return (CitizenId(record.citizen_id),)
    cards = (CardNumber(card.card_number) for card in record.cards)
    return (CitizenId(record.person.citizen_id), *cards)
