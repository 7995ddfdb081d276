"""What every ``RecordSource`` promises, as tests."""

from datetime import UTC

import pytest

from lookup.citizen_id import (
    CardNumber,
    CitizenId,
    LegacyId,
    SocialInsuranceNumber,
)
from lookup.clock import SystemClock
from lookup.deadline import Deadline
from lookup.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    SourceUnavailableError,
)
from lookup.record import Facet
from lookup.request import Claim
from tests.support.builders import (
    CARD_NUMBER,
    CITIZEN_ID,
    a_card,
    a_citizen_id,
    a_coverage,
    a_health,
    a_person,
)
from tests.support.population_rows import FORMER_ID, LEGACY_ID

LIVING = CitizenId(CITIZEN_ID)
ALSO = (
    CitizenId(FORMER_ID),
    LegacyId(LEGACY_ID),
    CardNumber(CARD_NUMBER),
    SocialInsuranceNumber("6800000001"),
)
"""Other numbers of the same person."""

SHARED = SocialInsuranceNumber("6800000023")
"""Given to two people by mistake."""

TWINS = tuple(
    a_coverage(
        person=a_person(citizen_id=a_citizen_id(number).digits),
        cards=(
            a_card(
                card_number=f"GD468680000000{number}",
                social_insurance_number=SHARED.digits,
            ),
        ),
    )
    for number in (2, 3)
)
"""Those two."""

RECORDS = {Facet.COVERAGE: a_coverage(), Facet.HEALTH: a_health()}

CLAIM = Claim(full_name="Nguyễn Thị Lan", birth_date=a_person().birth_date)
STRANGE_CLAIM = Claim(full_name="Trần Văn An", birth_date=a_person().birth_date)


def in_time(seconds=5.0):
    clock = SystemClock()
    return Deadline(clock.monotonic() + seconds, clock.monotonic)


class RecordSourceContract:
    """Needs fixtures ``source``, which knows ``known`` and TWINS, and ``unplugged``."""

    known = RECORDS

    @pytest.mark.parametrize("facet", Facet)
    async def test_knows_a_citizen_by_the_living_number(self, source, facet):
        finding = await source.fetch(LIVING, facet, in_time(), claim=CLAIM)

        assert finding.record == self.known[facet]
        assert finding.withheld is None
        assert not finding.is_stale

    @pytest.mark.parametrize("facet", Facet)
    @pytest.mark.parametrize(
        "identifier",
        [
            CitizenId("068180999999"),
            CitizenId(CITIZEN_ID[:11]),
            CitizenId(CITIZEN_ID + "0"),
            LegacyId("259999999"),
            CardNumber("GD4689999999999"),
            SocialInsuranceNumber("6899999999"),
            SHARED,
        ],
        ids=["free", "short", "long", "legacy", "card", "social", "of two people"],
    )
    async def test_nobody_is_an_answer(self, source, identifier, facet):
        finding = await source.fetch(identifier, facet, in_time(), claim=CLAIM)

        assert (finding.record, finding.version) == (None, 0)

    async def test_tells_when_it_said_so(self, source):
        finding = await source.fetch(LIVING, Facet.COVERAGE, in_time(), claim=CLAIM)

        assert finding.as_of.tzinfo is UTC

    @pytest.mark.parametrize("facet", Facet)
    async def test_unplugged_source_says_so(self, unplugged, facet):
        with pytest.raises(SourceUnavailableError):
            await unplugged.fetch(LIVING, facet, in_time(), claim=CLAIM)

    async def test_nothing_is_asked_when_time_is_up(self, source):
        with pytest.raises(DeadlineExceededError):
            await source.fetch(LIVING, Facet.COVERAGE, in_time(0.0), claim=CLAIM)


class WholeRecordsContract:
    """More promises of a source that keeps records itself; RECORDS also under ALSO."""

    @pytest.mark.parametrize("facet", Facet)
    @pytest.mark.parametrize("identifier", ALSO, ids=lambda number: number.kind)
    async def test_every_other_number_leads_to_the_living_one(
        self, source, identifier, facet
    ):
        finding = await source.fetch(identifier, facet, in_time(), claim=CLAIM)

        assert finding.record == RECORDS[facet]

    @pytest.mark.parametrize("facet", Facet)
    @pytest.mark.parametrize("claim", [None, STRANGE_CLAIM])
    async def test_what_is_claimed_is_judged_by_whoever_decides(
        self, source, facet, claim
    ):
        finding = await source.fetch(LIVING, facet, in_time(), claim=claim)

        assert finding.record == RECORDS[facet]

    @pytest.mark.parametrize("facet", Facet)
    async def test_counts_changes(self, source, facet):
        finding = await source.fetch(LIVING, facet, in_time(), claim=CLAIM)

        assert finding.version > 0


class JudgingContract:
    """More promises of a source that judges the claim itself."""

    @pytest.mark.parametrize("facet", Facet)
    async def test_another_claim_brings_a_code_and_no_record(self, source, facet):
        finding = await source.fetch(LIVING, facet, in_time(), claim=STRANGE_CLAIM)

        assert (finding.record, finding.withheld) == (None, "060")

    @pytest.mark.parametrize("facet", Facet)
    async def test_is_not_asked_without_a_claim(self, source, facet):
        with pytest.raises(InvalidRequestError):
            await source.fetch(LIVING, facet, in_time())
