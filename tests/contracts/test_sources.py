import asyncpg
import pytest

from adapters.chain import Chain
from adapters.guards import Breaker, Bulkhead
from adapters.population import open_population
from adapters.postgres import Database
from lookup.clock import SystemClock
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.record import Facet
from tests.contracts.record_source import (
    ALSO,
    RECORDS,
    TWINS,
    JudgingContract,
    RecordSourceContract,
    WholeRecordsContract,
)
from tests.support.builders import a_health, a_visit
from tests.support.fakes import FakeSource
from tests.support.gateway_asker import an_asker, open_double_of_lan
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


class TestPopulation(RecordSourceContract, WholeRecordsContract):
    @pytest.fixture
    async def source(self, populated_url, events):
        async with a_population(populated_url, events) as population:
            yield population

    @pytest.fixture
    async def unplugged(self, tmp_path, events):
        nowhere = f"postgresql://nobody@/nothing?host={tmp_path}"
        async with a_population(nowhere, events) as population:
            yield population


class TestFakeSource(RecordSourceContract, WholeRecordsContract):
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


class TestGuardedSource(RecordSourceContract, WholeRecordsContract):
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


class TestGateway(RecordSourceContract, JudgingContract):
    known = RECORDS | {
        Facet.HEALTH: a_health(
            summary=None,
            visits=(a_visit(facility_name=None, diagnosis_code=""),),
            documents=(),
        )
    }

    @pytest.fixture
    async def source(self):
        async with open_double_of_lan() as double, an_asker(double) as asker:
            yield asker.source

    @pytest.fixture
    async def unplugged(self):
        async with open_double_of_lan() as double:
            pass
        async with an_asker(double) as asker:
            yield asker.source


class TestChain(RecordSourceContract, WholeRecordsContract):
    @pytest.fixture
    def second(self):
        return FakeSource(SystemClock())

    @pytest.fixture
    def source(self, second):
        for record in RECORDS.values():
            second.know(record, also=ALSO)
        nobody = FakeSource(SystemClock())
        return Chain(first=nobody, second=second, first_max_s=1.0)

    @pytest.fixture
    def unplugged(self, second):
        second.unplug()
        nobody = FakeSource(SystemClock())
        return Chain(first=nobody, second=second, first_max_s=1.0)
