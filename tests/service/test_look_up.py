import asyncio
from datetime import UTC, date, datetime

import msgspec
import pytest

from lookup.citizen_id import CitizenId
from lookup.deadline import Deadline
from lookup.errors import (
    AuditUnavailableError,
    InvalidRequestError,
    NotAllowedError,
    SourceUnavailableError,
)
from lookup.metrics import Metrics
from lookup.record import BirthDate, Facet
from lookup.request import Claim, LookupRequest, Purpose
from lookup.scopes import Scope
from lookup.service import Asker, LookupService
from tests.support.builders import a_card, a_coverage, a_health, a_person
from tests.support.clock import HandClock
from tests.support.fakes import FakeAudit, FakeSource

LAN = a_person(
    citizen_id="068180000001",
    full_name="Nguyễn Thị Lan",
    birth_date=BirthDate(year=1980, month=3, day=5),
)
CARD = a_card(valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31))
EVERYTHING = frozenset(Scope)


class Desk:
    """A service over fakes, asked in few words."""

    def __init__(self):
        self.clock = HandClock(datetime(2026, 11, 25, 2, tzinfo=UTC))
        self.source = FakeSource(self.clock)
        self.audit = FakeAudit()
        self.metrics = Metrics.in_memory()
        self.service = LookupService(
            self.source, self.audit, self.clock, self.metrics, deadline_s=1.0
        )

    async def ask(self, name="Nguyễn Thị Lan", *, scopes=EVERYTHING, health=False):
        facets = {Facet.COVERAGE} | ({Facet.HEALTH} if health else set())
        request = LookupRequest(
            identifier=CitizenId("068180000001"),
            claim=Claim(full_name=name, birth_date=None),
            on=self.clock.today(),
            facets=frozenset(facets),
            purpose=Purpose.RECEPTION,
            operator="Cô Hoa",
        )
        asker = Asker("benh-vien", scopes, "api", "r-1")
        deadline = Deadline(self.clock.monotonic() + 1, self.clock.monotonic)
        return await self.service.look_up(request, asker, deadline)

    def counted(self, outcome, source="population"):
        return self.metrics.read("tracuu_lookups_total", outcome, source, "api")


@pytest.fixture
def desk():
    desk = Desk()
    desk.source.know(a_coverage(person=LAN, cards=(CARD,)))
    desk.source.know(a_health(citizen_id=LAN.citizen_id))
    return desk


async def test_a_person_with_a_card_is_answered_and_counted(desk):
    result = await desk.ask()

    assert result.told.code == "000"
    assert result.person == LAN
    assert result.health is None
    assert desk.counted("active") == 1


async def test_health_comes_beside_coverage_when_asked_for(desk):
    result = await desk.ask(health=True)

    assert result.health.citizen_id == LAN.citizen_id
    assert not result.health_is_missing


async def test_health_that_cannot_be_read_leaves_the_insurance_answer(desk):
    desk.source.unplug(Facet.HEALTH)

    result = await desk.ask(health=True)

    assert (result.told.code, result.health) == ("000", None)
    assert result.health_is_missing


async def test_health_of_somebody_else_is_never_shown(desk):
    other = a_health(citizen_id="068180000002")
    desk.source.know(other, also=[CitizenId(LAN.citizen_id)])

    result = await desk.ask(health=True)

    assert (result.told.code, result.health) == ("000", None)
    assert result.health_is_missing


async def test_coverage_that_cannot_be_read_is_no_answer(desk):
    desk.source.unplug(Facet.COVERAGE)

    with pytest.raises(SourceUnavailableError):
        await desk.ask(health=True)


@pytest.mark.parametrize("health", [False, True])
async def test_a_defect_is_not_taken_for_a_missing_record(desk, health):
    desk.source.fail(ZeroDivisionError(), Facet.HEALTH if health else Facet.COVERAGE)

    with pytest.raises(ZeroDivisionError):
        await desk.ask(health=health)


async def test_a_mismatch_shows_nothing_and_is_counted_as_what_it_is(desk):
    result = await desk.ask("Phạm Quốc Bảo", health=True)

    assert (result.told.code, result.person, result.health) == ("060", None, None)
    assert desk.counted("mismatch") == 1


async def test_without_the_scope_a_mismatch_looks_like_nobody(desk):
    scopes = EVERYTHING - {Scope.MISMATCH_DETAIL}
    mismatch = await desk.ask("Phạm Quốc Bảo", scopes=scopes)
    desk.source.forget_all()

    nobody = await desk.ask("Phạm Quốc Bảo", scopes=scopes)

    assert mismatch == nobody
    assert mismatch.told.code == "050"
    assert mismatch.freshness is None


@pytest.mark.parametrize(
    ("coverage", "health", "is_near"),
    [
        ({"source": "memory"}, {"source": "memory"}, True),
        ({"source": "memory"}, {"source": "redis"}, False),
        ({"source": "redis"}, {"source": "memory"}, False),
        ({"source": "memory", "is_stale": True}, {"source": "memory"}, False),
    ],
)
async def test_only_what_comes_fresh_from_memory_is_expected_again(
    desk, monkeypatch, coverage, health, is_near
):
    found, asked = {Facet.COVERAGE: coverage, Facet.HEALTH: health}, desk.source.fetch

    async def fetch(identifier, facet, deadline, *, claim=None):
        finding = await asked(identifier, facet, deadline, claim=claim)
        return msgspec.structs.replace(finding, **found[facet])

    monkeypatch.setattr(desk.source, "fetch", fetch)

    assert (await desk.ask(health=True)).is_near is is_near


async def test_the_audit_knows_what_the_caller_is_not_told(desk):
    await desk.ask("Phạm Quốc Bảo", scopes=frozenset({Scope.LOOKUP}))

    (entry,) = desk.audit.entries
    assert (entry.code, entry.outcome) == ("060", "mismatch")
    assert (entry.citizen_id, entry.disclosed) == (LAN.citizen_id, False)
    assert (entry.client_id, entry.operator) == ("benh-vien", "Cô Hoa")


async def test_no_audit_no_answer(desk):
    desk.audit.break_()

    with pytest.raises(AuditUnavailableError):
        await desk.ask()

    assert desk.counted("active") == 0


@pytest.mark.parametrize(
    ("scopes", "health", "wanted"),
    [
        (set(), False, Scope.LOOKUP),
        ({Scope.LOOKUP}, True, Scope.HEALTH),
    ],
)
async def test_a_key_reaches_no_further_than_its_scopes(desk, scopes, health, wanted):
    with pytest.raises(NotAllowedError) as refused:
        await desk.ask(scopes=frozenset(scopes), health=health)

    assert refused.value.scope == wanted
    assert desk.source.loads == {}


async def test_a_number_alone_is_not_enough_for_everyone(desk):
    with pytest.raises(InvalidRequestError, match="/full_name"):
        await desk.ask(None, scopes=frozenset({Scope.LOOKUP}))

    assert (await desk.ask(None)).told.code == "000"


async def test_a_stale_record_answers_and_says_so(desk):
    desk.source.grow_stale()

    result = await desk.ask()

    assert result.freshness.is_stale
    assert desk.metrics.read("tracuu_stale_answers_total", "api") == 1


async def test_age_is_that_of_the_older_facet(desk):
    desk.source.know(a_coverage(person=LAN, cards=(CARD,)), age_s=5)
    desk.source.know(a_health(citizen_id=LAN.citizen_id), age_s=90)

    result = await desk.ask(health=True)

    assert result.freshness.age_s == 90


async def test_many_lookups_at_once_do_not_mix(desk):
    results = await asyncio.gather(
        *(desk.ask("Phạm Quốc Bảo" if n % 2 else "Nguyễn Thị Lan") for n in range(50))
    )

    assert [r.told.code for r in results] == ["000", "060"] * 25
