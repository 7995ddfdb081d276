"""The promise of ``lookup.ports.RecordCache``, line by line."""

from datetime import timedelta

import msgspec
import pytest

from lookup.citizen_id import CardNumber, LegacyId
from lookup.record import Facet
from tests.support.builders import (
    CARD_NUMBER,
    a_citizen_id,
    a_coverage,
    a_finding,
    a_health,
    a_person,
    nobody,
)

FRESH_S, USABLE_S, NOBODY_FRESH_S = 600, 86_400, 60
"""The times of every cache under this contract."""

CITIZEN = a_citizen_id()
CARD = CardNumber(CARD_NUMBER)
OLD_NUMBER = LegacyId("250000001")
FORMER = a_citizen_id(2)
COVERAGE, HEALTH = Facet.COVERAGE, Facet.HEALTH


def told(finding):
    """A finding without where it comes from, which tests of each cache look at."""
    return msgspec.structs.replace(finding, source="population")


class RecordCacheContract:
    """Inherit, and give the fixtures ``cache`` and ``clock``."""

    @pytest.fixture
    def finding(self, clock):
        return a_finding(as_of=clock.now(), version=5)

    async def test_gives_back_what_was_put(self, cache, finding):
        await cache.put(CITIZEN, COVERAGE, finding)

        assert told(await cache.get(CITIZEN, COVERAGE)) == finding

    async def test_keeps_both_facets_apart(self, cache, clock, finding):
        health = a_finding(record=a_health(), as_of=clock.now(), version=2)
        await cache.put(CITIZEN, COVERAGE, finding)
        await cache.put(CITIZEN, HEALTH, health)

        assert told(await cache.get(CITIZEN, HEALTH)) == health
        assert told(await cache.get(CITIZEN, COVERAGE)) == finding

    async def test_gives_nothing_for_another_citizen(self, cache, finding):
        await cache.put(CITIZEN, COVERAGE, finding)

        assert await cache.get(FORMER, COVERAGE) is None
        assert await cache.get(CITIZEN, HEALTH) is None

    async def test_remembers_that_there_is_nobody(self, cache, clock):
        unknown = nobody(as_of=clock.now())
        await cache.put(CITIZEN, COVERAGE, unknown)

        assert told(await cache.get(CITIZEN, COVERAGE)) == unknown

    @pytest.mark.parametrize("number", [CARD, OLD_NUMBER, FORMER])
    async def test_any_number_leads_to_the_record(self, cache, finding, number):
        await cache.put(number, COVERAGE, finding)

        assert told(await cache.get(number, COVERAGE)) == finding
        assert told(await cache.get(CITIZEN, COVERAGE)) == finding

    @pytest.mark.parametrize("number", [CITIZEN, CARD])
    async def test_grows_stale_then_unusable(self, cache, clock, *, finding, number):
        await cache.put(number, COVERAGE, finding)
        stale = msgspec.structs.replace(finding, is_stale=True)

        clock.move(by_s=FRESH_S - 1)
        assert told(await cache.get(number, COVERAGE)) == finding
        clock.move(by_s=1)
        assert told(await cache.get(number, COVERAGE)) == stale
        clock.move(by_s=USABLE_S - FRESH_S - 1)
        assert told(await cache.get(number, COVERAGE)) == stale
        clock.move(by_s=1)
        assert await cache.get(number, COVERAGE) is None

    async def test_nobody_grows_old_sooner(self, cache, clock):
        unknown = nobody(as_of=clock.now())
        await cache.put(CITIZEN, COVERAGE, unknown)

        clock.move(by_s=NOBODY_FRESH_S)
        assert (await cache.get(CITIZEN, COVERAGE)).is_stale
        clock.move(by_s=9 * NOBODY_FRESH_S)
        assert await cache.get(CITIZEN, COVERAGE) is None

    @pytest.mark.parametrize("number", [CITIZEN, CARD, FORMER])
    async def test_forgets_what_a_change_outdated(self, cache, finding, number):
        await cache.put(number, COVERAGE, finding)
        await cache.forget(CITIZEN, COVERAGE, finding.version + 1)

        assert await cache.get(number, COVERAGE) is None
        assert await cache.get(CITIZEN, COVERAGE) is None

    async def test_forgets_one_facet_only(self, cache, clock, finding):
        health = a_finding(record=a_health(), as_of=clock.now(), version=2)
        await cache.put(CITIZEN, COVERAGE, finding)
        await cache.put(CITIZEN, HEALTH, health)

        await cache.forget(CITIZEN, COVERAGE, finding.version + 1)

        assert told(await cache.get(CITIZEN, HEALTH)) == health

    async def test_forgets_that_there_was_nobody(self, cache, clock):
        await cache.put(CITIZEN, COVERAGE, nobody(as_of=clock.now()))

        await cache.forget(CITIZEN, COVERAGE, 1)

        assert await cache.get(CITIZEN, COVERAGE) is None

    async def test_forgets_where_a_superseded_number_led(self, cache, finding):
        await cache.put(FORMER, COVERAGE, finding)

        await cache.forget(FORMER, COVERAGE, 9)

        assert await cache.get(FORMER, COVERAGE) is None

    async def test_refuses_what_a_change_outdated(self, cache, finding):
        await cache.forget(CITIZEN, COVERAGE, finding.version + 1)

        await cache.put(CITIZEN, COVERAGE, finding)

        assert await cache.get(CITIZEN, COVERAGE) is None

    async def test_takes_what_a_change_brought(self, cache, finding):
        await cache.forget(CITIZEN, COVERAGE, finding.version)

        await cache.put(CITIZEN, COVERAGE, finding)

        assert told(await cache.get(CITIZEN, COVERAGE)) == finding

    async def test_a_late_older_change_lowers_nothing(self, cache, finding):
        await cache.forget(CITIZEN, COVERAGE, finding.version + 1)
        await cache.forget(CITIZEN, COVERAGE, 1)

        await cache.put(CITIZEN, COVERAGE, finding)

        assert await cache.get(CITIZEN, COVERAGE) is None

    async def test_newer_replaces_older(self, cache, clock, finding):
        moved = a_coverage(person=a_person(full_name="Nguyễn Thị Lan Anh"))
        newer = a_finding(record=moved, as_of=clock.now(), version=6)
        await cache.put(CITIZEN, COVERAGE, finding)

        await cache.put(CITIZEN, COVERAGE, newer)

        assert told(await cache.get(CITIZEN, COVERAGE)) == newer

    async def test_a_newer_answer_renews_the_same_version(self, cache, clock, finding):
        await cache.put(CITIZEN, COVERAGE, finding)
        clock.move(by_s=FRESH_S)

        await cache.put(
            CITIZEN, COVERAGE, a_finding(as_of=clock.now(), version=finding.version)
        )

        assert not (await cache.get(CITIZEN, COVERAGE)).is_stale

    async def test_nobody_replaces_a_record_that_was_deleted(
        self, cache, clock, finding
    ):
        await cache.put(CITIZEN, COVERAGE, finding)
        clock.move(by_s=1)

        await cache.put(CITIZEN, COVERAGE, nobody(as_of=clock.now()))

        assert (await cache.get(CITIZEN, COVERAGE)).record is None

    async def test_older_never_replaces_newer(self, cache, clock, finding):
        await cache.put(CITIZEN, COVERAGE, finding)

        await cache.put(CITIZEN, COVERAGE, a_finding(as_of=clock.now(), version=4))
        await cache.put(
            CITIZEN, COVERAGE, nobody(as_of=clock.now() - timedelta(seconds=1))
        )

        assert told(await cache.get(CITIZEN, COVERAGE)) == finding


class NearRecordCacheContract:
    """Inherit beside the other, for a cache that has what it was given at hand."""

    async def test_gives_it_back_at_once_and_the_same_object_again(
        self, cache, finding
    ):
        await cache.put(CITIZEN, COVERAGE, finding)

        near = cache.near(CITIZEN, COVERAGE)

        assert told(near) == finding
        assert cache.near(CITIZEN, COVERAGE) is near

    async def test_gives_at_once_what_took_its_place(self, cache, clock, finding):
        await cache.put(CITIZEN, COVERAGE, finding)
        cache.near(CITIZEN, COVERAGE)
        newer = a_finding(as_of=clock.now(), version=6)

        await cache.put(CITIZEN, COVERAGE, newer)

        assert told(cache.near(CITIZEN, COVERAGE)) == newer

    async def test_gives_at_once_nothing_that_may_be_stale(self, cache, clock, finding):
        await cache.put(CITIZEN, COVERAGE, finding)
        clock.move(by_s=FRESH_S)

        assert cache.near(CITIZEN, COVERAGE) is None

    async def test_gives_at_once_nothing_of_a_clock_that_was_set_back(
        self, cache, clock, finding
    ):
        await cache.put(CITIZEN, COVERAGE, finding)
        clock.turn(by_s=-1)

        assert cache.near(CITIZEN, COVERAGE) is None

    async def test_gives_at_once_nothing_that_was_forgotten_or_never_known(
        self, cache, finding
    ):
        await cache.put(CITIZEN, COVERAGE, finding)
        await cache.forget(CITIZEN, COVERAGE, 6)

        assert cache.near(CITIZEN, COVERAGE) is None
        assert cache.near(FORMER, COVERAGE) is None
