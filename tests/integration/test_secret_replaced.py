"""Two workers over one real Redis while the secret of the cache is replaced."""

import pytest

from lookup.citizen_id import CardNumber
from lookup.record import Facet
from tests.support.builders import CARD_NUMBER, a_citizen_id, a_finding
from tests.support.caches import NOWHERE, SECRET, Worker, clock_of_redis, written

CITIZEN = a_citizen_id()
CARD = CardNumber(CARD_NUMBER)
COVERAGE = Facet.COVERAGE
NEW = b"n" * 32


@pytest.fixture
def clock():
    return clock_of_redis()


@pytest.fixture
def old(clock):
    """A worker that knows the old secret alone."""
    return Worker(clock)


@pytest.fixture
def new(clock):
    return Worker(clock, secrets=(NEW, SECRET))


@pytest.mark.parametrize("number", [CITIZEN, CARD])
@pytest.mark.parametrize(("secrets", "is_read"), [((NEW, SECRET), True), ((NEW,), 0)])
async def test_what_the_other_secret_hid_is_found(
    clock, redis_url, *, old, number, secrets, is_read
):
    new = Worker(clock, secrets=secrets)
    async with old.redis(redis_url) as writing, new.redis(redis_url) as reading:
        await old.tiers(writing).put(CARD, COVERAGE, a_finding(as_of=clock.now()))
        await written(writing)

        found = await new.tiers(reading).get(number, COVERAGE)

    assert (found is not None) == is_read
    assert "cache.unreadable" not in new.told


async def test_what_is_new_is_written_with_the_new_secret_alone(
    clock, redis_url, *, old, new
):
    async with old.redis(redis_url) as reading, new.redis(redis_url) as writing:
        await new.tiers(writing).put(CITIZEN, COVERAGE, a_finding(as_of=clock.now()))
        await written(writing)

        assert await old.tiers(reading).get(CITIZEN, COVERAGE) is None


@pytest.mark.parametrize(("secrets", "stays"), [((NEW, SECRET), 0), ((NEW,), True)])
async def test_a_change_removes_what_the_other_secret_hid(
    clock, redis_url, *, old, secrets, stays
):
    new = Worker(clock, secrets=secrets)
    async with old.redis(redis_url) as writing, new.redis(redis_url) as hearing:
        await old.tiers(writing).put(CITIZEN, COVERAGE, a_finding(as_of=clock.now()))
        await written(writing)

        await new.tiers(hearing).forget(CITIZEN, COVERAGE, 2)
        await written(hearing)
        left = await old.tiers(writing).get(CITIZEN, COVERAGE)

    assert (left is not None) == stays


async def test_a_redis_that_failed_is_not_asked_once_more(new):
    async with new.redis(NOWHERE) as redis:
        assert await new.tiers(redis).get(CITIZEN, COVERAGE) is None

    assert new.reads("redis", "error") == 1
    assert new.reads("redis", "skipped") == 0
