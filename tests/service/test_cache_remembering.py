import asyncio

import pytest

from cache.filling import Filling
from cache.remembering import REFRESHES_MAX, STALE_MARGIN_S, Remembering
from lookup.deadline import Deadline
from lookup.errors import DeadlineExceededError, SourceUnavailableError
from lookup.metrics import Metrics
from lookup.record import Facet
from tests.support.builders import a_citizen_id, a_coverage, a_person
from tests.support.caches import FRESHNESS
from tests.support.clock import HandClock
from tests.support.fakes import FakeCache, FakeSource

CITIZEN = a_citizen_id()
COVERAGE = Facet.COVERAGE


class Stack:
    """A cache before a source, and all that is seen of them."""

    def __init__(self):
        self.clock = HandClock()
        self.metrics = Metrics.in_memory()
        self.source = FakeSource(self.clock)
        self.source.know(a_coverage())
        self.cache = FakeCache(self.clock)
        self.remembering = Remembering(
            self.cache,
            Filling(self.cache, self.source),
            freshness=FRESHNESS,
            clock=self.clock,
            metrics=self.metrics,
        )
        self.throw(0.0)

    def throw(self, draw):
        """What the die of an early refresh shows from now on."""
        self.remembering._draw = lambda: draw

    async def fetch(self, citizen=CITIZEN, *, within_s=5.0):
        deadline = Deadline(self.clock.monotonic() + within_s, self.clock.monotonic)
        return await self.remembering.fetch(citizen, COVERAGE, deadline)

    async def refreshed(self):
        """Wait for the refreshes under way."""
        await asyncio.gather(*self.remembering._refreshes.values())

    @property
    def loads(self):
        return self.source.loads[COVERAGE]


@pytest.fixture
async def stack():
    stack = Stack()
    yield stack
    await stack.remembering.aclose()


async def test_the_second_question_is_answered_from_the_cache(stack):
    first = await stack.fetch()
    second = await stack.fetch()

    assert (first.source, second.source) == ("population", "memory")
    assert stack.loads == 1


async def test_nobody_is_answered_from_the_cache(stack):
    await stack.fetch(a_citizen_id(2))
    second = await stack.fetch(a_citizen_id(2))

    assert (second.record, second.source) == (None, "memory")
    assert stack.loads == 1


async def test_without_a_memory_the_source_speaks_for_itself(stack):
    stack.source.unplug()

    with pytest.raises(SourceUnavailableError):
        await stack.fetch()


async def test_a_stale_record_is_loaded_again(stack):
    await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.fresh_s)

    finding = await stack.fetch()

    assert (finding.source, finding.is_stale) == ("population", False)
    assert (await stack.fetch()).source == "memory"


async def test_a_stale_record_answers_while_the_source_is_away(stack):
    await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.fresh_s)
    stack.source.unplug()

    finding = await stack.fetch()

    assert finding.is_stale
    assert finding.record == a_coverage()


async def test_a_stale_record_answers_before_a_slow_source_spends_all_time(stack):
    await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.fresh_s)
    stack.source.hold()

    finding = await stack.fetch(within_s=STALE_MARGIN_S + 0.01)

    assert finding.is_stale


async def test_a_stale_record_answers_at_once_when_little_time_is_left(stack):
    await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.fresh_s)

    finding = await stack.fetch(within_s=STALE_MARGIN_S)

    assert finding.is_stale
    assert stack.loads == 1


async def test_a_slow_source_without_a_memory_spends_all_time(stack):
    stack.source.hold()

    with pytest.raises(DeadlineExceededError):
        await stack.fetch(within_s=0.01)


async def test_a_record_too_old_answers_no_more(stack):
    await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.usable_s)
    stack.source.unplug()

    with pytest.raises(SourceUnavailableError):
        await stack.fetch()


async def test_a_defect_of_the_source_is_not_hidden_by_a_stale_record(stack):
    await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.fresh_s)
    stack.source.fail(ZeroDivisionError(), COVERAGE)

    with pytest.raises(ZeroDivisionError):
        await stack.fetch()


@pytest.mark.parametrize(("draw", "loads"), [(0.0, 1), (0.99, 2)])
async def test_a_reader_near_the_end_has_it_loaded_early(stack, draw, loads):
    await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.fresh_s - 10)
    stack.throw(draw)

    early = await stack.fetch()
    await stack.refreshed()

    assert (early.source, early.is_stale) == ("memory", False)
    assert stack.loads == loads
    refreshes = stack.metrics.read("tracuu_cache_refreshes_total", "coverage")
    assert refreshes == loads - 1


async def test_readers_meet_no_end_after_an_early_refresh(stack):
    await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.fresh_s - 10)
    stack.throw(0.99)
    await stack.fetch()
    await stack.refreshed()
    stack.throw(0.0)
    stack.clock.move(by_s=20)

    assert (await stack.fetch()).source == "memory"


async def test_a_failed_early_refresh_is_left_to_a_later_reader(stack):
    await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.fresh_s - 10)
    stack.throw(0.99)
    stack.source.unplug()

    assert not (await stack.fetch()).is_stale
    await stack.refreshed()
    await stack.fetch()
    await stack.refreshed()

    assert stack.loads == 3


async def test_one_record_is_refreshed_once_at_a_time(stack):
    await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.fresh_s - 10)
    stack.throw(0.99)
    stack.source.hold()

    for _ in range(5):
        await stack.fetch()

    assert len(stack.remembering._refreshes) == 1


async def test_refreshes_are_bounded_and_end_at_closing(stack):
    citizens = [a_citizen_id(n) for n in range(1, REFRESHES_MAX + 5)]
    for citizen in citizens:
        person = a_person(citizen_id=citizen.digits)
        stack.source.know(a_coverage(person=person, cards=()))
        await stack.fetch(citizen)
    stack.clock.move(by_s=FRESHNESS.fresh_s - 10)
    stack.throw(0.99)
    stack.source.hold()

    for citizen in citizens:
        await stack.fetch(citizen)

    assert len(stack.remembering._refreshes) == REFRESHES_MAX
    await stack.remembering.aclose()
    assert stack.remembering._refreshes == {}


@pytest.mark.parametrize(("set_by_s", "is_given"), [(0, True), (86_400, False)])
async def test_stale_finding_is_not_given_once_it_is_too_old(
    stack, set_by_s, *, is_given
):
    """The time of day is set while the source, which then fails, is waited for."""
    stale = await stack.fetch()
    stack.clock.move(by_s=FRESHNESS.fresh_s)
    stack.source.hold()
    stack.source.unplug()
    stack.source.asked.clear()
    asking = asyncio.create_task(stack.fetch())
    await stack.source.asked.wait()

    stack.clock.turn(by_s=set_by_s)
    stack.source.release()
    (outcome,) = await asyncio.gather(asking, return_exceptions=True)

    assert (getattr(outcome, "record", None) == stale.record) == is_given
    assert isinstance(outcome, SourceUnavailableError) != is_given
