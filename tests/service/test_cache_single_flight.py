import asyncio
import gc

import pytest

from cache.filling import Filling
from cache.single_flight import SingleFlight
from lookup.deadline import Deadline
from lookup.errors import DeadlineExceededError, SourceUnavailableError
from lookup.metrics import Metrics
from lookup.record import Facet
from tests.support.builders import a_citizen_id, a_coverage
from tests.support.clock import HandClock
from tests.support.fakes import FakeCache, FakeSource

CITIZEN = a_citizen_id()
COVERAGE = Facet.COVERAGE


class Stack:
    """A single flight before a source, and all that is seen of it."""

    def __init__(self):
        self.clock = HandClock()
        self.metrics = Metrics.in_memory()
        self.source = FakeSource(self.clock)
        self.source.know(a_coverage())
        self.cache = FakeCache(self.clock)
        self.flight = SingleFlight(
            Filling(self.cache, self.source),
            clock=self.clock,
            load_max_s=10.0,
            metrics=self.metrics,
        )

    def fetch(self, *, citizen=CITIZEN, facet=COVERAGE, within_s=5.0, guarded=True):
        deadline = Deadline(self.clock.monotonic() + within_s, self.clock.monotonic)
        source = self.flight if guarded else self.source
        return source.fetch(citizen, facet, deadline)

    async def asking(self, count=1, **deviations):
        """Tasks that wait for a held source."""
        tasks = [asyncio.ensure_future(self.fetch(**deviations)) for _ in range(count)]
        await self.source.asked.wait()
        return tasks


@pytest.fixture
async def stack():
    stack = Stack()
    yield stack
    await stack.flight.aclose()


@pytest.mark.parametrize(("guarded", "loads"), [(True, 1), (False, 100)])
async def test_one_load_serves_all_who_wait(stack, guarded, loads):
    stack.source.hold()
    waiting = await stack.asking(100, guarded=guarded)

    stack.source.release()
    findings = await asyncio.gather(*waiting)

    assert stack.source.loads[COVERAGE] == loads
    assert {finding.record.person.citizen_id for finding in findings} == {
        CITIZEN.digits
    }
    joined = stack.metrics.read("tracuu_loads_joined_total", "coverage")
    assert joined == (99 if guarded else 0)


async def test_other_numbers_and_facets_have_loads_of_their_own(stack):
    await asyncio.gather(
        stack.fetch(),
        stack.fetch(citizen=a_citizen_id(2)),
        stack.fetch(facet=Facet.HEALTH),
    )

    assert stack.source.loads == {COVERAGE: 2, Facet.HEALTH: 1}


async def test_the_next_question_after_a_load_is_a_new_load(stack):
    await stack.fetch()
    await stack.fetch()

    assert stack.source.loads[COVERAGE] == 2


async def test_one_who_leaves_does_not_end_the_load_of_others(stack):
    stack.source.hold()
    first, second = await stack.asking(2)

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    stack.source.release()

    assert (await second).record is not None
    assert stack.source.loads[COVERAGE] == 1


async def test_an_answer_too_late_for_all_is_still_remembered(stack):
    stack.source.hold()
    with pytest.raises(DeadlineExceededError):
        await stack.fetch(within_s=0.01)
    assert await stack.cache.get(CITIZEN, COVERAGE) is None

    (second,) = await stack.asking()
    stack.source.release()
    await second

    assert stack.source.loads[COVERAGE] == 1
    assert (await stack.cache.get(CITIZEN, COVERAGE)).record is not None


async def test_nobody_waits_who_has_no_time(stack):
    with pytest.raises(DeadlineExceededError):
        await stack.fetch(within_s=0)

    assert stack.source.loads[COVERAGE] == 0


async def test_an_error_is_told_to_all_and_not_remembered(stack):
    stack.source.unplug()
    stack.source.hold()
    waiting = await stack.asking(3)
    stack.source.release()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    stack.source.plug()

    assert {type(outcome) for outcome in outcomes} == {SourceUnavailableError}
    assert (await stack.fetch()).record is not None


async def test_an_error_after_all_have_left_disturbs_nobody(stack):
    told = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context))
    stack.source.unplug()
    stack.source.hold()
    with pytest.raises(DeadlineExceededError):
        await stack.fetch(within_s=0.01)

    stack.source.release()
    await asyncio.wait(tuple(stack.flight._loads.values()))
    gc.collect()

    assert stack.flight._loads == {}
    assert told == []


async def test_closing_ends_the_loads(stack):
    stack.source.hold()
    (waiting,) = await stack.asking()

    await stack.flight.aclose()

    with pytest.raises(SourceUnavailableError, match="closing"):
        await waiting
    assert stack.flight._loads == {}
