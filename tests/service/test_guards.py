import asyncio

import pytest

from adapters.guards import BUSY, COOL_DOWN_S, FAILURES_MAX, FAIR_S, Breaker, Bulkhead
from lookup.deadline import Deadline
from lookup.errors import DeadlineExceededError, SourceUnavailableError
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.record import Facet
from tests.support.builders import a_citizen_id, a_coverage
from tests.support.clock import HandClock
from tests.support.fakes import FakeSource

CLOSED, HALF_OPEN, OPEN = 0, 1, 2


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def source(clock):
    source = FakeSource(clock)
    source.know(a_coverage())
    return source


@pytest.fixture
def metrics():
    return Metrics.in_memory()


@pytest.fixture
def told():
    return []


@pytest.fixture
def breaker(source, clock, *, metrics, told):
    return Breaker(
        source=source,
        target="population",
        clock=clock,
        metrics=metrics,
        events=Events(lambda _level, event, _fields: told.append(event)),
    )


@pytest.fixture
def bulkhead(source, metrics):
    return Bulkhead(source=source, target="population", at_most=2, metrics=metrics)


async def ask(source, clock, *, within_s=1.0):
    deadline = Deadline(clock.monotonic() + within_s, clock.monotonic)
    return await source.fetch(a_citizen_id(), Facet.COVERAGE, deadline)


async def fail(source, clock, *, times=FAILURES_MAX):
    """Ask so often and be disappointed."""
    for _ in range(times):
        with pytest.raises(SourceUnavailableError):
            await ask(source, clock)


def state(metrics):
    return metrics.read("tracuu_breaker_state", "population")


def refusals(metrics):
    return metrics.read("tracuu_source_requests_total", "population", "refused")


@pytest.mark.parametrize(("is_guarded", "asked"), [(True, FAILURES_MAX), (False, 20)])
async def test_broken_source_is_soon_left_alone(
    breaker, source, *, clock, is_guarded, asked
):
    source.unplug()

    await fail(breaker if is_guarded else source, clock, times=20)

    assert source.loads[Facet.COVERAGE] == asked


async def test_open_breaker_refuses_and_says_so(
    breaker, source, *, clock, metrics, told
):
    source.unplug()
    await fail(breaker, clock)
    source.plug()

    with pytest.raises(SourceUnavailableError, match="left alone") as refusal:
        await ask(breaker, clock)

    assert refusal.value.retry_after_s == COOL_DOWN_S
    assert (state(metrics), refusals(metrics)) == (OPEN, 1)
    assert told == ["breaker.opened"]


async def test_success_in_between_starts_the_count_anew(
    breaker, source, *, clock, metrics
):
    source.unplug()
    await fail(breaker, clock, times=FAILURES_MAX - 1)
    source.plug()
    await ask(breaker, clock)
    source.unplug()

    await fail(breaker, clock, times=FAILURES_MAX - 1)

    assert state(metrics) == CLOSED


async def test_failures_of_one_moment_count_once(breaker, source, *, clock, metrics):
    source.unplug()
    source.hold()
    together = [asyncio.create_task(ask(breaker, clock)) for _ in range(20)]
    await asyncio.sleep(0)
    clock.move(by_s=0.1)
    source.release()

    await asyncio.wait(together)

    assert state(metrics) == CLOSED


async def test_one_lookup_tries_after_the_cool_down(breaker, source, *, clock, metrics):
    source.unplug()
    await fail(breaker, clock)
    source.plug()
    source.hold()
    clock.move(by_s=COOL_DOWN_S)

    probe = asyncio.create_task(ask(breaker, clock))
    await asyncio.sleep(0)
    state_meanwhile = state(metrics)
    await fail(breaker, clock, times=5)
    source.release()

    assert (await probe).record == a_coverage()
    assert (state_meanwhile, state(metrics)) == (HALF_OPEN, CLOSED)
    assert source.loads[Facet.COVERAGE] == FAILURES_MAX + 1


async def test_failed_trial_opens_for_another_cool_down(
    breaker, source, *, clock, told
):
    source.unplug()
    await fail(breaker, clock)
    clock.move(by_s=COOL_DOWN_S)

    await fail(breaker, clock, times=5)

    assert source.loads[Facet.COVERAGE] == FAILURES_MAX + 1
    assert told == ["breaker.opened"]


async def test_abandoned_trial_lets_the_next_lookup_try(breaker, source, *, clock):
    source.unplug()
    await fail(breaker, clock)
    source.plug()
    source.hold()
    clock.move(by_s=COOL_DOWN_S)
    abandoned = asyncio.create_task(ask(breaker, clock))
    await asyncio.sleep(0)
    abandoned.cancel()
    await asyncio.wait({abandoned})
    source.release()

    assert (await ask(breaker, clock)).record == a_coverage()


@pytest.mark.parametrize(
    ("within_s", "after"),
    [(FAIR_S, OPEN), (FAIR_S / 10, CLOSED)],
    ids=["fair", "short"],
)
async def test_silence_counts_when_the_source_had_time(
    breaker, source, *, clock, metrics, within_s, after
):
    source.hold()

    for _ in range(FAILURES_MAX):
        with pytest.raises(DeadlineExceededError):
            await ask(breaker, clock, within_s=within_s)

    assert state(metrics) == after


async def test_nothing_counts_that_is_no_fault_of_the_source(
    breaker, source, *, clock, metrics
):
    source.fail(SourceUnavailableError(BUSY), Facet.COVERAGE)
    await fail(breaker, clock, times=10)
    source.fail(ZeroDivisionError(), Facet.COVERAGE)
    for _ in range(10):
        with pytest.raises(ZeroDivisionError):
            await ask(breaker, clock)

    assert state(metrics) == CLOSED


async def test_failure_from_before_the_opening_does_not_prolong_it(
    breaker, source, *, clock
):
    source.hold()
    late = asyncio.create_task(ask(breaker, clock))
    await asyncio.sleep(0)
    source.release()
    source.unplug()
    await fail(breaker, clock)
    clock.move(by_s=COOL_DOWN_S)
    await asyncio.wait({late})
    source.plug()

    assert (await ask(breaker, clock)).record == a_coverage()


@pytest.mark.parametrize(("is_guarded", "asked"), [(True, 2), (False, 5)])
async def test_only_so_many_ask_at_once(bulkhead, source, *, clock, is_guarded, asked):
    source.hold()

    asking = [
        asyncio.create_task(ask(bulkhead if is_guarded else source, clock))
        for _ in range(5)
    ]
    await asyncio.sleep(0)
    source.release()
    await asyncio.wait(asking)

    assert source.loads[Facet.COVERAGE] == asked


async def test_who_finds_it_full_is_refused_at_once(
    bulkhead, source, *, clock, metrics
):
    source.hold()
    asking = [asyncio.create_task(ask(bulkhead, clock)) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(SourceUnavailableError, match=BUSY):
        await ask(bulkhead, clock)

    source.release()
    await asyncio.wait(asking)
    assert refusals(metrics) == 1


async def test_place_is_given_back_however_it_ends(bulkhead, source, *, clock):
    source.unplug()
    await fail(bulkhead, clock, times=5)
    source.plug()

    assert (await ask(bulkhead, clock)).record == a_coverage()
