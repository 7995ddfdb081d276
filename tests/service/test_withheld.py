"""What becomes of a code that a source gave in place of a record."""

import pytest

from lookup.citizen_id import CitizenId
from lookup.deadline import Deadline
from lookup.errors import InvalidRequestError
from lookup.metrics import Metrics
from lookup.record import BirthDate, Facet
from lookup.request import Claim, LookupRequest, Purpose
from lookup.scopes import Scope
from lookup.service import Asker, LookupService
from tests.support.builders import CITIZEN_ID, a_coverage, a_health
from tests.support.clock import HandClock
from tests.support.fakes import FakeAudit, FakeSource

CLAIM = Claim("Nguyễn Thị Lan", BirthDate(year=1980, month=3, day=5))
EVERYTHING = frozenset(Scope)
SIMPLE = frozenset({Scope.LOOKUP})


class Desk:
    """A service before a source that judges claims itself."""

    def __init__(self):
        self.clock = HandClock()
        self.source = FakeSource(self.clock)
        self.audit = FakeAudit()
        self.metrics = Metrics.in_memory()
        self.service = LookupService(
            self.source,
            self.audit,
            self.clock,
            self.metrics,
            deadline_s=1.0,
            needs_whole_claim=True,
        )

    async def ask(self, claim=CLAIM, *, scopes=EVERYTHING, facets=(Facet.COVERAGE,)):
        request = LookupRequest(
            identifier=CitizenId(CITIZEN_ID),
            claim=claim,
            on=self.clock.today(),
            facets=frozenset(facets),
            purpose=Purpose.RECEPTION,
            operator=None,
        )
        asker = Asker("benh-vien", scopes, "api", "r-1")
        deadline = Deadline(self.clock.monotonic() + 1, self.clock.monotonic)
        return await self.service.look_up(request, asker, deadline)


@pytest.fixture
def desk():
    desk = Desk()
    desk.source.know(a_coverage())
    desk.source.know(a_health())
    return desk


@pytest.mark.parametrize("code", ["050", "053", "060", "061", "070", "001", "130"])
async def test_the_code_is_answered_without_a_person_and_written_down(desk, code):
    desk.source.withhold(code)

    result = await desk.ask()

    assert (result.told.code, result.person, result.eligibility) == (code, None, None)
    assert desk.audit.entries[0].code == code
    assert desk.metrics.read("tracuu_results_total", code) == 1


@pytest.mark.parametrize("code", ["060", "061", "070"])
async def test_a_mismatch_looks_like_nobody_without_the_scope_for_it(desk, code):
    desk.source.withhold(code)

    result = await desk.ask(scopes=SIMPLE)

    assert (result.told.code, result.freshness) == ("050", None)
    assert desk.audit.entries[0].code == code


async def test_health_that_is_withheld_is_missing(desk):
    desk.source.withhold("061", Facet.HEALTH)

    result = await desk.ask(facets=Facet)

    assert (result.told.code, result.health) == ("000", None)
    assert result.health_is_missing


async def test_health_that_wants_more_of_a_claim_leaves_the_insurance_answer(desk):
    desk.source.fail(InvalidRequestError(), Facet.HEALTH)

    result = await desk.ask(facets=Facet)

    assert result.told.code == "000"
    assert result.health_is_missing


@pytest.mark.parametrize(
    ("claim", "fields"),
    [
        (Claim(None, CLAIM.birth_date), ["/full_name"]),
        (Claim(CLAIM.full_name, None), ["/birth_date"]),
    ],
)
async def test_a_thin_claim_is_refused_whether_the_number_is_known_or_not(
    desk, claim, fields
):
    for _ in ("known", "unknown"):
        with pytest.raises(InvalidRequestError) as raised:
            await desk.ask(claim, scopes=SIMPLE)
        desk.source.forget_all()

        assert [fault.pointer for fault in raised.value.faults] == fields


async def test_who_may_ask_by_number_alone_may_do_so_here(desk):
    result = await desk.ask(Claim(None, None))

    assert result.told.code == "000"
