"""Two workers' caches over one real Redis, and what others may do to it."""

from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from cache.entry import shape
from cache.key import Keys, redis_name
from cache.redis_store import RedisStore
from cache.tiers import Tiers
from lookup.citizen_id import CardNumber
from lookup.record import Facet
from tests.support.builders import (
    CARD_NUMBER,
    CITIZEN_ID,
    a_citizen_id,
    a_finding,
    a_health,
    a_person,
)
from tests.support.caches import FRESHNESS, SECRET, Worker, clock_of_redis, written

CITIZEN = a_citizen_id()
OTHER = a_citizen_id(2)
CARD = CardNumber(CARD_NUMBER)
COVERAGE = Facet.COVERAGE

KEYS = Keys(SECRET, shape())


@pytest.fixture
def clock():
    return clock_of_redis()


@pytest.fixture
async def raw(redis_url):
    """Redis as it is."""
    async with Redis.from_url(redis_url) as client:
        yield client


@dataclass
class Two:
    """Two workers over one Redis: the first one writes, the second one is watched."""

    first: Tiers
    second: Tiers
    store: RedisStore
    """The first one's."""

    watched: Worker

    async def put(self, *, identifier=CITIZEN, facet=COVERAGE, **deviations):
        """Put a finding of now through the first worker into Redis."""
        finding = a_finding(**({"as_of": self.watched.clock.now()} | deviations))
        await self.first.put(identifier, facet, finding)
        await written(self.store)

    async def get(self, identifier=CITIZEN):
        """Ask the second worker."""
        return await self.second.get(identifier, COVERAGE)


@pytest.fixture
async def two(clock, redis_url):
    first, second = Worker(clock), Worker(clock)
    async with first.redis(redis_url) as store, second.redis(redis_url) as other:
        yield Two(first.tiers(store), second.tiers(other), store, second)


def name(identifier=CITIZEN, facet=COVERAGE):
    return redis_name(KEYS.of(identifier, facet))


async def test_what_came_from_redis_is_in_memory_then(two):
    await two.put()

    sources = [(await two.get()).source for _ in range(2)]

    assert sources == ["redis", "memory"]


async def test_reads_of_redis_are_counted(two, clock):
    await two.get()
    await two.put()
    await two.get()
    clock.move(by_s=FRESHNESS.fresh_s)
    await two.get()

    results = ("miss", "hit", "stale")
    assert [two.watched.reads("redis", result) for result in results] == [1, 1, 1]


async def test_what_another_worker_renewed_replaces_the_stale_one(two, clock):
    await two.put()
    await two.get()
    clock.move(by_s=FRESHNESS.fresh_s)
    await two.put()

    finding = await two.get()

    assert (finding.source, finding.is_stale) == ("redis", False)


async def test_an_older_version_in_redis_does_not_replace_a_stale_newer_one(two, clock):
    newer = a_finding(as_of=clock.now(), version=5)
    await two.second.put(CITIZEN, COVERAGE, newer)
    await written(two.second._shared.entries._redis)
    clock.move(by_s=FRESHNESS.fresh_s)
    await two.put(version=4)

    finding = await two.get()

    assert (finding.version, finding.source, finding.is_stale) == (5, "memory", True)


@pytest.mark.parametrize("has_floors", [True, False])
async def test_a_version_below_the_floor_in_redis_is_a_miss(two, has_floors):
    """The first worker writes it after the second one has heard of the change."""
    if not has_floors:
        two.second._floors.lift = lambda *_: None
    await two.second.forget(CITIZEN, COVERAGE, 2)
    await written(two.second._shared.entries._redis)
    await two.put(version=1)

    finding = await two.get()

    assert (finding is None) is has_floors


async def test_a_change_deletes_the_value_in_redis(two, raw):
    await two.put()

    await two.first.forget(CITIZEN, COVERAGE, 2)
    await written(two.store)

    assert await raw.exists(name()) == 0


async def test_a_value_moved_to_another_citizen_is_not_served(two, raw):
    await two.put()
    await raw.copy(name(CITIZEN), name(OTHER))

    assert await two.get(OTHER) is None
    assert two.watched.reads("redis", "unreadable") == 1
    assert two.watched.told == ["cache.unreadable"]


@pytest.mark.parametrize("value", [b"", b"garbage", b"\x01" + bytes(100)])
async def test_a_value_that_is_not_ours_is_a_miss(two, raw, value):
    await raw.set(name(), value)

    assert await two.get() is None
    assert two.watched.reads("redis", "unreadable") == 1


async def test_a_value_of_another_kind_is_a_miss(two, raw):
    await raw.rpush(name(), "one")

    assert await two.get() is None


async def test_a_value_that_redis_kept_too_long_is_never_used(two, raw, clock):
    await two.put()
    await raw.persist(name())
    clock.move(by_s=FRESHNESS.usable_s)

    assert await two.get() is None


async def test_redis_drops_a_value_when_it_may_not_be_used_any_more(two, raw, clock):
    now_ms = int(clock.now().timestamp() * 1000)
    await two.put()
    await two.put(identifier=OTHER, record=None, version=0)

    ends_ms = [
        await raw.execute_command("PEXPIRETIME", name(number)) - now_ms
        for number in (CITIZEN, OTHER)
    ]

    assert ends_ms == [86_400_000, 600_000]


async def test_nothing_in_redis_tells_whom_it_concerns(two, raw):
    await two.put(identifier=CARD)
    await two.put(record=a_health(), facet=Facet.HEALTH)

    names = await raw.keys()
    seen = b"".join(names) + b"".join(await raw.mget(names))

    assert len(names) == 3
    for secret in (CITIZEN_ID, CARD_NUMBER, a_person().full_name, "Penicillin"):
        assert secret.encode() not in seen


async def test_what_another_worker_put_is_at_hand_once_it_was_read(two):
    await two.put()

    at_first = two.second.near(CITIZEN, COVERAGE)
    read = await two.second.get(CITIZEN, COVERAGE)
    then = two.second.near(CITIZEN, COVERAGE)

    assert at_first is None
    assert (then.record, then.source) == (read.record, "memory")
    assert two.second.near(CITIZEN, COVERAGE) is then
