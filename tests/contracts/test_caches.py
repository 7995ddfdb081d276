import pytest

from tests.contracts.record_cache import (
    NearRecordCacheContract,
    RecordCacheContract,
)
from tests.support.caches import NOWHERE, Fleet, Worker, clock_of_redis
from tests.support.clock import HandClock
from tests.support.fakes import FakeCache


class TestFakeCache(RecordCacheContract, NearRecordCacheContract):
    @pytest.fixture
    def clock(self):
        return HandClock()

    @pytest.fixture
    def cache(self, clock):
        return FakeCache(clock)


class TestMemoryAloneWhileRedisIsAway(RecordCacheContract, NearRecordCacheContract):
    @pytest.fixture
    def clock(self):
        return HandClock()

    @pytest.fixture
    async def cache(self, clock):
        worker = Worker(clock)
        async with worker.redis(NOWHERE) as redis:
            yield worker.tiers(redis)


class TestMemoryBeforeRedis(RecordCacheContract, NearRecordCacheContract):
    @pytest.fixture
    def clock(self):
        return clock_of_redis()

    @pytest.fixture
    async def cache(self, clock, redis_url):
        worker = Worker(clock)
        async with worker.redis(redis_url) as redis:
            yield worker.tiers(redis)


class TestTwoWorkersWithOneRedis(RecordCacheContract):
    @pytest.fixture
    def clock(self):
        return clock_of_redis()

    @pytest.fixture
    async def cache(self, clock, redis_url):
        writer, reader = Worker(clock), Worker(clock)
        async with writer.redis(redis_url) as redis, reader.redis(redis_url) as other:
            yield Fleet(writer.tiers(redis), reader.tiers(other), redis)
