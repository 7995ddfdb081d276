import asyncio
import socket
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest

from adapters.population import BATCH_MAX, SQL, open_population
from adapters.postgres import Database, open_connections
from lookup.citizen_id import CardNumber, CitizenId, SocialInsuranceNumber
from lookup.clock import SystemClock
from lookup.deadline import Deadline
from lookup.errors import DeadlineExceededError, SourceUnavailableError
from lookup.metrics import Metrics
from lookup.record import BirthDate, Facet
from tests.support.builders import (
    CARD_NUMBER,
    CITIZEN_ID,
    a_card,
    a_citizen_id,
    a_coverage,
    a_document,
    a_health,
    a_person,
    a_summary,
    a_visit,
)
from tests.support.population_rows import (
    FORMER_ID,
    insert_card,
    insert_coverage,
    insert_document,
    insert_former,
    insert_health,
    insert_person,
    insert_summary,
    insert_visit,
)
from tests.support.waiting import eventually
from tests.support.wire import Wire

LIVING = CitizenId(CITIZEN_ID)
CLOCK = SystemClock()


class CountingMetrics(Metrics):
    """Remembers which queries were made."""

    def query_timed(self, query, duration_s):
        super().query_timed(query, duration_s)
        vars(self).setdefault("queries", []).append(query)


def in_time(seconds=5.0):
    return Deadline(CLOCK.monotonic() + seconds, CLOCK.monotonic)


@pytest.fixture
def metrics():
    return CountingMetrics.in_memory()


@pytest.fixture
def opened(database_url, metrics, events):
    def opened(timeout_s=2.0, count=2):
        database = Database(database_url, timeout_s)
        return open_population(
            database, CLOCK, count=count, metrics=metrics, events=events
        )

    return opened


@pytest.fixture
async def population(opened):
    async with opened() as population:
        yield population


@asynccontextmanager
async def locked(connection, table="citizens"):
    """Keep everybody from reading a table."""
    async with connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


async def ask(population, identifier=LIVING, facet=Facet.COVERAGE, *, seconds=5.0):
    return await population.fetch(identifier, facet, in_time(seconds))


@pytest.mark.parametrize(
    ("are_together", "round_trips"), [(True, 1), (False, BATCH_MAX)]
)
async def test_questions_of_one_moment_share_a_round_trip(
    population, metrics, *, are_together, round_trips
):
    people = [a_citizen_id(number) for number in range(BATCH_MAX)]

    if are_together:
        await asyncio.gather(*(ask(population, who) for who in people))
    else:
        for who in people:
            await ask(population, who)

    assert metrics.queries == ["coverage"] * round_trips


async def test_more_questions_than_fit_take_another_round_trip(population, metrics):
    people = [a_citizen_id(number) for number in range(BATCH_MAX + 1)]

    await asyncio.gather(*(ask(population, who) for who in people))

    assert metrics.queries == ["coverage"] * 2


async def test_each_asker_of_a_batch_gets_the_own_record(population, connection):
    people = [a_person(citizen_id=a_citizen_id(n).digits) for n in range(40)]
    for person in people[::2]:
        await insert_person(connection, person)

    findings = await asyncio.gather(
        *(ask(population, CitizenId(person.citizen_id)) for person in people)
    )

    found = [f.record and f.record.person.citizen_id for f in findings]
    assert found[::2] == [person.citizen_id for person in people[::2]]
    assert set(found[1::2]) == {None}


async def test_who_gives_up_leaves_the_others_their_answer(population, connection):
    await insert_coverage(connection, a_coverage())
    impatient = asyncio.create_task(ask(population))
    patient = asyncio.create_task(ask(population))
    await asyncio.sleep(0)

    impatient.cancel()

    assert (await patient).record == a_coverage()
    assert impatient.cancelled()


async def test_questions_nobody_waits_for_are_not_asked(population, metrics):
    gone = asyncio.create_task(ask(population))
    await asyncio.sleep(0)
    gone.cancel()

    await ask(population, facet=Facet.HEALTH)

    assert metrics.queries == ["health"]


async def test_nobody_waits_longer_than_the_deadline(population, connection, metrics):
    async with locked(connection):
        with pytest.raises(DeadlineExceededError):
            await ask(population, seconds=0.05)

    assert metrics.read("tracuu_source_requests_total", "population", "late") == 1


async def test_slow_query_is_given_up_and_leaves_a_good_connection(
    opened, connection, metrics
):
    await insert_coverage(connection, a_coverage())
    async with opened(timeout_s=0.1, count=1) as population:
        async with locked(connection):
            with pytest.raises(SourceUnavailableError) as raised:
                await ask(population)

        assert await eventually(lambda: answers(population))

    assert str(raised.value) == "PostgreSQL failed: TimeoutError"
    refused = metrics.read("tracuu_source_requests_total", "population", "unavailable")
    assert refused >= 1


async def test_who_finds_every_connection_busy_is_told_so(opened, connection):
    async with opened(timeout_s=0.3, count=1) as population, locked(connection):
        busy = asyncio.create_task(ask(population))
        await asyncio.sleep(0.1)
        refused = asyncio.create_task(ask(population, facet=Facet.HEALTH))
        await asyncio.wait({busy, refused})

    assert isinstance(busy.exception(), SourceUnavailableError)
    assert isinstance(refused.exception(), SourceUnavailableError)


async def answers(population):
    """Whether the population can be asked now."""
    try:
        return (await ask(population)).record
    except SourceUnavailableError:
        return None


async def test_broken_connections_are_opened_again(population, connection):
    await insert_coverage(connection, a_coverage())
    hang_up = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'tracuu' AND datname = current_database()
    """

    await connection.execute(hang_up)

    assert await eventually(lambda: answers(population))


async def test_unreadable_record_fails_its_own_asker_only(population, connection):
    await insert_person(connection, a_person())
    await insert_health(connection, a_health())
    other = a_citizen_id(2)
    await insert_person(connection, a_person(citizen_id=other.digits))
    await connection.execute(
        "INSERT INTO health_summaries VALUES ($1, $2, '2026-01-01')",
        other.digits,
        '{"allergies": "Penicillin"}',
    )

    good, bad = await asyncio.gather(
        ask(population, facet=Facet.HEALTH),
        ask(population, other, Facet.HEALTH),
        return_exceptions=True,
    )

    assert good.record == a_health()
    assert str(bad) == "a record of the population is unreadable"


async def test_newest_twenty_visits_and_documents_are_told(population, connection):
    await insert_person(connection, a_person())
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(25)]
    for number, day in enumerate(days):
        visit = a_visit(visit_id=f"v-{number}", admitted_on=day)
        await insert_visit(connection, visit)
        document = a_document(document_id=f"d-{number}", issued_on=day)
        await insert_document(connection, document)

    record = (await ask(population, facet=Facet.HEALTH)).record

    newest = days[:4:-1]
    assert [visit.admitted_on for visit in record.visits] == newest
    assert [document.issued_on for document in record.documents] == newest


async def test_parts_of_a_former_number_are_those_of_the_living(population, connection):
    await insert_former_household(connection)
    own, former = a_visit(), a_visit(visit_id="v-2", admitted_on=date(2026, 11, 1))
    await insert_visit(connection, own)
    await insert_visit(connection, former, FORMER_ID)

    coverage = (await ask(population)).record
    health = (await ask(population, facet=Facet.HEALTH)).record

    assert [card.card_number for card in coverage.cards] == [FORMER_CARD, CARD_NUMBER]
    assert health.visits == (former, own)
    assert health.summary == a_summary()


FORMER_CARD = "GD4686800000009"


async def insert_former_household(connection):
    """A citizen whose former number still holds a card and a later summary."""
    await insert_coverage(connection, a_coverage())
    await insert_former(connection)
    old = a_card(card_number=FORMER_CARD, valid_from=date(2024, 1, 1))
    await insert_card(connection, old, FORMER_ID)
    await insert_summary(connection, a_summary())
    later = a_summary(blood_group="AB-", updated_on=date(2026, 11, 1))
    await insert_summary(connection, later, FORMER_ID)


async def test_insurance_number_on_cards_of_both_numbers_is_one_person(
    population, connection
):
    await insert_former_household(connection)

    finding = await ask(population, SocialInsuranceNumber("6800000001"))

    assert finding.record.person == a_person()


@pytest.mark.parametrize(
    "person",
    [
        a_person(birth_date=BirthDate(year=1980)),
        a_person(birth_date=BirthDate(year=1980, month=3)),
        a_person(is_restricted=True),
        a_person(sex="unknown"),
    ],
    ids=["year", "month", "restricted", "sex"],
)
async def test_tells_a_person_as_recorded(population, connection, person):
    await insert_person(connection, person)

    finding = await ask(population)

    assert finding.record == a_coverage(person=person, cards=())


async def test_bare_card_is_told_without_what_is_unknown(population, connection):
    card = a_card(
        valid_to=None, facility_name=None, area=None, five_year_on=None, issued_by=None
    )
    await insert_coverage(connection, a_coverage(cards=(card,)))

    assert (await ask(population)).record.cards == (card,)


async def test_card_linked_to_nobody_finds_nobody(population, connection):
    await insert_card(connection, a_card(), None)

    finding = await ask(population, CardNumber(CARD_NUMBER))

    assert finding.record is None


async def test_lookups_cannot_write(database, metrics, events):
    async with open_connections(
        database, (), count=1, metrics=metrics, events=events
    ) as connections:
        with pytest.raises(SourceUnavailableError, match="ReadOnlySQLTransaction"):
            async with connections.lend() as lent:
                await lent.raw.execute("DELETE FROM citizens")


async def test_gives_up_cleanly_while_something_is_asked(opened, connection, metrics):
    async with opened() as population, locked(connection):
        asking = asyncio.create_task(ask(population, seconds=0.5))
        await eventually(lambda: is_asking(metrics))

        await population.aclose()

        await asyncio.wait({asking})
    assert isinstance(asking.exception(), DeadlineExceededError)


async def is_asking(metrics):
    return metrics.read("tracuu_pool_connections", "in_use") == 1


LOCKS = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE relation = 'citizens'::regclass AND application_name = 'tracuu'
"""


async def test_idle_connections_lock_nothing(opened, connection, database):
    async with opened(count=4):
        assert await eventually(lambda: count_of_lookups(connection, 4))
        idle = await connection.fetchval(LOCKS)
    bare = await database.connect()
    await bare.prepare(SQL[Facet.COVERAGE])
    prepared = await connection.fetchval(LOCKS)
    await bare.close()

    assert (idle, prepared) == (0, 1)


async def count_of_lookups(connection, count):
    """Whether so many connections for lookups are idle now."""
    idle = """
        SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tracuu'
        AND datname = current_database() AND state = 'idle' AND query LIKE 'SELECT%'
    """
    return await connection.fetchval(idle) == count


async def test_starts_without_a_database_and_finds_it_later(
    tmp_path, database_url, *, metrics, events, told
):
    base, _, folder = database_url.partition("?host=")
    later = tmp_path / "run"
    async with open_population(
        Database(f"{base}?host={later}", 2.0),
        CLOCK,
        count=2,
        metrics=metrics,
        events=events,
    ) as population:
        with pytest.raises(SourceUnavailableError, match="no connection"):
            await ask(population)
        later.symlink_to(folder)

        assert await eventually(lambda: knows_nobody(population))

    assert told[0] == "source.unavailable"
    assert told[-1] == "source.recovered"


async def knows_nobody(population):
    try:
        return (await ask(population)).record is None
    except SourceUnavailableError:
        return False


async def test_wire_that_carries_nothing_costs_no_more_than_the_timeout(
    database_url, connection, *, metrics, events
):
    await insert_coverage(connection, a_coverage())
    async with (
        Wire(database_url).laid() as wire,
        open_population(
            Database(wire.url, 0.2), CLOCK, count=1, metrics=metrics, events=events
        ) as population,
    ):
        before = await answers(population)
        wire.hold()
        with pytest.raises(SourceUnavailableError, match="TimeoutError"):
            await ask(population)
        wire.release()
        after = await eventually(lambda: answers(population))

    assert before == after == a_coverage()


async def test_kernel_is_told_to_notice_a_dead_peer(database_url):
    async with Wire(database_url).laid() as wire:
        connection = await Database(wire.url, 2.0).connect()
        peer = connection._transport.get_extra_info("socket")

        is_watched = peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        limit_ms = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

        await connection.close()
    assert (is_watched, limit_ms) == (1, 25_000)
