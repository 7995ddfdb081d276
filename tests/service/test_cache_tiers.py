import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from cache.filling import Filling
from cache.tiers import FLOOR_MIN_S
from lookup.citizen_id import CardNumber, LegacyId, SocialInsuranceNumber
from lookup.deadline import Deadline
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
from tests.support.caches import FRESHNESS, NOWHERE, Worker
from tests.support.clock import HandClock
from tests.support.fakes import FakeSource

CITIZEN = a_citizen_id()
CARD = CardNumber(CARD_NUMBER)
COVERAGE = Facet.COVERAGE


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def worker(clock):
    return Worker(clock)


@pytest.fixture
async def tiers(worker):
    """The tiers of a worker while Redis is away: memory is all there is."""
    async with worker.redis(NOWHERE) as redis:
        yield worker.tiers(redis)


def of_version(version, clock):
    return a_finding(version=version, as_of=clock.now())


@pytest.mark.parametrize("has_floors", [True, False])
async def test_a_load_that_a_change_overtook_is_not_kept(tiers, clock, has_floors):
    """A load begins, the change arrives, the load ends with what was before.

    The control takes the floors away, and then the old version is kept.
    """
    source = FakeSource(clock)
    source.know(a_coverage(), version=1)
    source.hold()
    deadline = Deadline(clock.monotonic() + 5, clock.monotonic)
    if not has_floors:
        tiers._floors.lift = lambda *_: None
    load = asyncio.ensure_future(
        Filling(tiers, source).fetch(CITIZEN, COVERAGE, deadline)
    )
    await source.asked.wait()

    await tiers.forget(CITIZEN, COVERAGE, 2)
    source.release()
    await load

    kept = await tiers.get(CITIZEN, COVERAGE)
    assert (kept is None) is has_floors


async def test_a_change_this_worker_knows_already_costs_no_load(tiers, clock):
    await tiers.put(CITIZEN, COVERAGE, of_version(2, clock))

    await tiers.forget(CITIZEN, COVERAGE, 2)

    assert (await tiers.get(CITIZEN, COVERAGE)).version == 2


async def test_an_old_version_is_refused_as_long_as_one_may_turn_up(tiers, clock):
    await tiers.forget(CITIZEN, COVERAGE, 2)
    clock.move(by_s=max(FRESHNESS.fresh_s, FLOOR_MIN_S) - 1)

    await tiers.put(CITIZEN, COVERAGE, of_version(1, clock))

    assert await tiers.get(CITIZEN, COVERAGE) is None


async def test_a_record_renewed_by_its_citizen_id_leaves_the_card_stale(tiers, clock):
    await tiers.put(CARD, COVERAGE, of_version(1, clock))
    clock.move(by_s=FRESHNESS.fresh_s)
    await tiers.put(CITIZEN, COVERAGE, of_version(1, clock))

    assert not (await tiers.get(CITIZEN, COVERAGE)).is_stale
    assert (await tiers.get(CARD, COVERAGE)).is_stale


async def test_a_redirect_that_leads_to_a_redirect_leads_nowhere(tiers, clock):
    newest = a_coverage(person=a_person(citizen_id=a_citizen_id(3).digits))
    await tiers.put(CARD, COVERAGE, of_version(1, clock))
    clock.move(by_s=1)

    await tiers.put(CITIZEN, COVERAGE, a_finding(record=newest, as_of=clock.now()))

    assert await tiers.get(CARD, COVERAGE) is None
    assert (await tiers.get(CITIZEN, COVERAGE)).record == newest


async def test_a_redirect_to_a_forgotten_record_leads_nowhere(tiers, clock):
    await tiers.put(CARD, COVERAGE, of_version(1, clock))

    await tiers.forget(CITIZEN, COVERAGE, 2)

    assert await tiers.get(CARD, COVERAGE) is None


@pytest.mark.parametrize("number", [CARD, SocialInsuranceNumber("6800000001")])
async def test_a_card_moved_to_another_citizen_leads_no_more_to_the_first(
    tiers, clock, number
):
    await tiers.put(number, COVERAGE, of_version(1, clock))
    assert (await tiers.get(number, COVERAGE)).record is not None

    without = a_finding(record=a_coverage(cards=()), as_of=clock.now(), version=2)
    await tiers.put(CITIZEN, COVERAGE, without)

    assert await tiers.get(number, COVERAGE) is None
    assert (await tiers.get(CITIZEN, COVERAGE)).version == 2


async def test_a_redirect_to_a_deleted_citizen_leads_nowhere(tiers, clock):
    await tiers.put(CARD, COVERAGE, of_version(1, clock))
    clock.move(by_s=1)

    await tiers.put(CITIZEN, COVERAGE, nobody(as_of=clock.now()))

    assert await tiers.get(CARD, COVERAGE) is None


@pytest.mark.parametrize("facet", Facet)
async def test_an_old_number_leads_to_both_facets(tiers, clock, facet):
    record = a_coverage() if facet is COVERAGE else a_health()
    number = LegacyId("250000001")

    await tiers.put(number, facet, a_finding(record=record, as_of=clock.now()))

    assert (await tiers.get(number, facet)).record == record


@pytest.mark.parametrize("by_s", [3600, -3600])
async def test_a_clock_set_otherwise_makes_nothing_fresher(tiers, clock, by_s):
    await tiers.put(CITIZEN, COVERAGE, of_version(1, clock))

    clock.turn(by_s=by_s)

    assert (await tiers.get(CITIZEN, COVERAGE)).is_stale


async def test_reads_and_writes_are_counted(tiers, clock, worker):
    await tiers.get(CITIZEN, COVERAGE)
    await tiers.put(CITIZEN, COVERAGE, of_version(2, clock))
    await tiers.get(CITIZEN, COVERAGE)
    await tiers.put(CITIZEN, COVERAGE, of_version(1, clock))
    clock.move(by_s=FRESHNESS.fresh_s)
    await tiers.get(CITIZEN, COVERAGE)

    counted = [worker.reads("memory", result) for result in ("miss", "hit", "stale")]
    assert counted == [1, 1, 1]
    assert worker.writes("memory", "stored") == 1
    assert worker.writes("memory", "refused") == 1


async def test_a_finding_older_than_usable_is_never_given(tiers, clock):
    ancient = clock.now() - timedelta(seconds=FRESHNESS.usable_s)

    await tiers.put(CITIZEN, COVERAGE, a_finding(as_of=ancient))
    await tiers.put(a_citizen_id(2), COVERAGE, nobody(as_of=ancient))

    assert await tiers.get(CITIZEN, COVERAGE) is None
    assert await tiers.get(a_citizen_id(2), COVERAGE) is None


async def test_a_usable_time_made_shorter_holds_for_what_was_put_before(tiers, clock):
    await tiers.put(CITIZEN, COVERAGE, of_version(1, clock))
    clock.move(by_s=FRESHNESS.fresh_s)

    tiers._freshness = replace(FRESHNESS, usable_s=FRESHNESS.fresh_s)

    assert await tiers.get(CITIZEN, COVERAGE) is None


@pytest.mark.parametrize(("late_s", "is_at_hand"), [(99, True), (100, False)])
async def test_nothing_is_at_hand_past_its_last_usable_time(
    tiers, clock, *, late_s, is_at_hand
):
    tiers._freshness = replace(FRESHNESS, usable_s=100)
    await tiers.put(CITIZEN, COVERAGE, of_version(1, clock))

    clock.move(by_s=late_s)

    assert (tiers.near(CITIZEN, COVERAGE) is not None) is is_at_hand


async def test_number_that_only_leads_to_the_record_is_not_at_hand(tiers, clock):
    await tiers.put(CARD, COVERAGE, of_version(1, clock))

    assert tiers.near(CARD, COVERAGE) is None
    assert (await tiers.get(CARD, COVERAGE)).record == a_coverage()


async def test_read_is_counted_once_on_either_way(tiers, clock, worker):
    assert tiers.near(CITIZEN, COVERAGE) is None
    assert await tiers.get(CITIZEN, COVERAGE) is None
    await tiers.put(CITIZEN, COVERAGE, of_version(1, clock))

    tiers.near(CITIZEN, COVERAGE)

    counted = [worker.reads("memory", result) for result in ("miss", "hit", "stale")]
    assert counted == [1, 1, 0]
