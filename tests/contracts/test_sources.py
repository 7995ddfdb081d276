import asyncpg
import pytest

from adapters.guards import Breaker, Bulkhead
from adapters.population import open_population
from adapters.postgres import Database
from lookup.clock import SystemClock
from lookup.events import Events
from lookup.metrics import Metrics
from tests.contracts.record_source import ALSO, RECORDS, TWINS, RecordSourceContract
from tests.support.fakes import FakeSource
from tests.support.population_rows import (
    LEGACY_ID,
    insert,
    insert_coverage,
    insert_former,
    insert_health,
)


@pytest.fixture
def events():
    return Events(lambda *_: None)


@pytest.fixture
async def populated_url(database_url):
    connection = await asyncpg.connect(database_url)
    await insert_coverage(connection, RECORDS["coverage"])
    await insert_health(connection, RECORDS["health"])
    await insert_former(connection)
    legacy = {"legacy_id": LEGACY_ID, "citizen_id": RECORDS["health"].citizen_id}
    await insert(connection, "legacy_ids", legacy)
    for twin in TWINS:
        await insert_coverage(connection, twin)
    await connection.close()
    return database_url


def a_population(url, events):
    return open_population(
        Database(url, 2.0),
        SystemClock(),
        count=2,
        metrics=Metrics.in_memory(),
        events=events,
    )


class TestPopulation(RecordSourceContract):
    @pytest.fixture
    async def source(self, populated_url, events):
        async with a_population(populated_url, events) as population:
            yield population

    @pytest.fixture
    async def unplugged(self, tmp_path, events):
        nowhere = f"postgresql://nobody@/nothing?host={tmp_path}"
        async with a_population(nowhere, events) as population:
            yield population


class TestFakeSource(RecordSourceContract):
    @pytest.fixture
    def source(self):
        source = FakeSource(SystemClock())
        for record in RECORDS.values():
            source.know(record, also=ALSO)
        return source

    @pytest.fixture
    def unplugged(self):
        source = FakeSource(SystemClock())
        source.unplug()
        return source


class TestGuardedSource(RecordSourceContract):
    @pytest.fixture
    def guarded(self, events):
        fake = FakeSource(SystemClock())
        metrics = Metrics.in_memory()
        bulkhead = Bulkhead(
            source=fake, target="population", at_most=1, metrics=metrics
        )
        breaker = Breaker(
            source=bulkhead,
            target="population",
            clock=SystemClock(),
            metrics=metrics,
            events=events,
        )
        return fake, breaker

    @pytest.fixture
    def source(self, guarded):
        fake, breaker = guarded
        for record in RECORDS.values():
            fake.know(record, also=ALSO)
        return breaker

    @pytest.fixture
    def unplugged(self, guarded):
        fake, breaker = guarded
        fake.unplug()
        return breaker
