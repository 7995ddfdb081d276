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
from lookup.errors import DeadlineExceededError, SourceUnavailableError
from lookup.record import Facet
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


def in_time(seconds=5.0):
    clock = SystemClock()
    return Deadline(clock.monotonic() + seconds, clock.monotonic)


class RecordSourceContract:
    """Needs the fixtures ``source``, which knows RECORDS and TWINS, and ``unplugged``.

    RECORDS are also known by the numbers in ALSO.
    """

    @pytest.mark.parametrize("facet", Facet)
    async def test_knows_a_citizen_by_the_living_number(self, source, facet):
        finding = await source.fetch(LIVING, facet, in_time())

        assert finding.record == RECORDS[facet]
        assert finding.version > 0
        assert not finding.is_stale

    @pytest.mark.parametrize("facet", Facet)
    @pytest.mark.parametrize("identifier", ALSO, ids=lambda number: number.kind)
    async def test_every_other_number_leads_to_the_living_one(
        self, source, identifier, facet
    ):
        finding = await source.fetch(identifier, facet, in_time())

        assert finding.record == RECORDS[facet]

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
        finding = await source.fetch(identifier, facet, in_time())

        assert (finding.record, finding.version) == (None, 0)

    async def test_tells_when_it_said_so(self, source):
        finding = await source.fetch(LIVING, Facet.COVERAGE, in_time())

        assert finding.as_of.tzinfo is UTC

    @pytest.mark.parametrize("facet", Facet)
    async def test_unplugged_source_says_so(self, unplugged, facet):
        with pytest.raises(SourceUnavailableError):
            await unplugged.fetch(LIVING, facet, in_time())

    async def test_nothing_is_asked_when_time_is_up(self, source):
        with pytest.raises(DeadlineExceededError):
            await source.fetch(LIVING, Facet.COVERAGE, in_time(0.0))
