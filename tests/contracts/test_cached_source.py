from contextlib import asynccontextmanager

import pytest

from cache.filling import Filling
from cache.remembering import Remembering
from cache.single_flight import SingleFlight
from lookup.clock import SystemClock
from tests.contracts.record_source import (
    ALSO,
    RECORDS,
    RecordSourceContract,
    WholeRecordsContract,
)
from tests.support.caches import FRESHNESS, NOWHERE, Worker
from tests.support.fakes import FakeSource


@asynccontextmanager
async def cached(source):
    """The source behind all that stands before one in a worker."""
    worker = Worker(SystemClock())
    watch = {"clock": worker.clock, "metrics": worker.metrics}
    async with worker.redis(NOWHERE) as redis:
        tiers = worker.tiers(redis)
        flight = SingleFlight(Filling(tiers, source), load_max_s=5.0, **watch)
        stack = Remembering(tiers, flight, freshness=FRESHNESS, **watch)
        yield stack
        await stack.aclose()
        await flight.aclose()


class TestCachedSource(RecordSourceContract, WholeRecordsContract):
    @pytest.fixture
    async def source(self):
        source = FakeSource(SystemClock())
        for record in RECORDS.values():
            source.know(record, also=ALSO)
        async with cached(source) as stack:
            yield stack

    @pytest.fixture
    async def unplugged(self):
        source = FakeSource(SystemClock())
        source.unplug()
        async with cached(source) as stack:
            yield stack
