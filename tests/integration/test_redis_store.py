"""Reads and writes in a real Redis."""

import asyncio

import pytest
from redis.asyncio import Redis

from cache.key import redis_name
from cache.redis_reads import BATCH_MAX
from tests.support.caches import Worker, clock_of_redis, written
from tests.support.clock import HandClock

LATER_S = 10**10
"""POSIX time far ahead."""


def key(number=1):
    return number.to_bytes(32, "big")


def value(number=1):
    return f"value {number}".encode()


@pytest.fixture
async def raw(redis_url):
    """Redis as it is."""
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def worker():
    return Worker(clock_of_redis())


@pytest.fixture
async def store(worker, redis_url):
    async with worker.redis(redis_url) as store:
        yield store


async def mgets(raw):
    """How many MGETs Redis has answered."""
    stats = await raw.info("commandstats")
    return stats.get("cmdstat_mget", {"calls": 0})["calls"]


async def test_a_value_is_stored_until_its_time(store, raw):
    store.set(key(), value(), not_after_s=LATER_S)
    await written(store)

    assert await raw.get(redis_name(key())) == value()
    assert await raw.execute_command("PEXPIRETIME", redis_name(key())) == (
        LATER_S * 1000
    )


async def test_another_worker_reads_it(store, redis_url):
    store.set(key(), value(), not_after_s=LATER_S)
    await written(store)

    async with Worker(HandClock()).redis(redis_url) as other:
        assert await other.get(key()) == value()
        assert await other.get(key(2)) == "miss"


async def test_a_worker_reads_at_once_what_it_writes(store):
    store.set(key(), value(), not_after_s=LATER_S)
    assert await store.get(key()) == value()

    await store.delete(key())
    assert await store.get(key()) == "miss"


async def test_the_last_write_of_a_key_stands(store, raw):
    store.set(key(), value(1), not_after_s=LATER_S)
    await store.delete(key())
    store.set(key(), value(2), not_after_s=LATER_S)
    store.set(key(9), value(9), not_after_s=LATER_S)
    await written(store)
    await store.delete(key(9))
    await written(store)

    assert await raw.get(redis_name(key())) == value(2)
    assert await raw.exists(redis_name(key(9))) == 0


async def test_a_write_made_while_another_is_under_way_is_made_too(store, raw):
    store.set(key(), value(1), not_after_s=LATER_S)
    await asyncio.sleep(0)
    store.set(key(), value(2), not_after_s=LATER_S)
    await written(store)

    assert await raw.get(redis_name(key())) == value(2)


@pytest.mark.parametrize(("questions", "batches"), [(1, 1), (64, 1), (600, 3)])
async def test_reads_of_one_tick_travel_together(store, raw, *, questions, batches):
    for number in range(questions):
        await raw.set(redis_name(key(number)), value(number))
    before = await mgets(raw)

    values = await asyncio.gather(*(store.get(key(n)) for n in range(questions)))

    assert values == [value(number) for number in range(questions)]
    assert await mgets(raw) - before == batches


async def test_one_key_asked_often_is_read_once(store, raw):
    await raw.set(redis_name(key()), value())

    values = await asyncio.gather(*(store.get(key()) for _ in range(BATCH_MAX)))

    assert set(values) == {value()}


async def test_one_who_leaves_does_not_take_the_others_along(store, raw):
    await raw.set(redis_name(key()), value())
    waiting = [asyncio.ensure_future(store.get(key())) for _ in range(3)]
    await asyncio.sleep(0)

    waiting[0].cancel()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == [value(), value()]


async def test_nothing_is_read_for_those_who_have_all_left(store, raw):
    before = await mgets(raw)
    waiting = asyncio.ensure_future(store.get(key()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    await asyncio.sleep(0)

    assert await mgets(raw) == before


async def test_whoever_stays_gets_the_value_of_the_own_key(store, raw):
    """Half of those who ask leave, at any moment; nobody gets another's value."""
    count = 400
    for number in range(count):
        await raw.set(redis_name(key(number)), value(number))

    for round_ in range(20):
        tasks = [asyncio.ensure_future(store.get(key(n))) for n in range(count)]
        for number in range(round_ % 2, count, 2):
            if number % 10 == round_ % 10:
                await asyncio.sleep(0)
            tasks[number].cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        wrong = [
            number
            for number, outcome in enumerate(outcomes)
            if outcome != value(number)
            and not isinstance(outcome, asyncio.CancelledError)
        ]
        assert wrong == []
