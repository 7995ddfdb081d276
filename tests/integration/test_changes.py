import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from adapters import changes
from adapters.changes import PAGE, ChangeFeed
from adapters.clients import create_client
from adapters.postgres import BACKGROUND_TIMEOUT_S, Database
from lookup.clock import SystemClock
from lookup.record import Facet
from tests.support.builders import (
    CITIZEN_ID,
    a_citizen_id,
    a_coverage,
    a_person,
)
from tests.support.population_rows import (
    insert_coverage,
    insert_person,
)
from tests.support.waiting import eventually, soon
from tests.support.wire import Wire

OTHER_ID = a_citizen_id(2).digits

MOVE = "UPDATE insurance_cards SET facility_code = '68002' WHERE citizen_id = $1"


class Ear:
    """Keeps what a feed told."""

    def __init__(self):
        self.heard = asyncio.Queue()
        self.clients = asyncio.Queue()

    async def on_change(self, citizen_id, facet, version):
        await self.heard.put((citizen_id.digits, facet, version))

    def on_clients_changed(self):
        self.clients.put_nowait(None)

    def everything(self):
        """Whatever was told up to now, without versions."""
        told = [self.heard.get_nowait() for _ in range(self.heard.qsize())]
        return [(digits, facet) for digits, facet, _ in told]


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def feed(database_url, ear, *, metrics, events):
    return ChangeFeed(
        database=Database(database_url, BACKGROUND_TIMEOUT_S),
        on_change=ear.on_change,
        on_clients_changed=ear.on_clients_changed,
        replay_for=timedelta(hours=1),
        clock=SystemClock(),
        metrics=metrics,
        events=events,
    )


@asynccontextmanager
async def listening(feed):
    """Run the feed, from when it has caught up."""
    running = asyncio.create_task(feed.run())
    try:
        await soon(feed.caught_up.wait())
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def version_of(connection, citizen_id=CITIZEN_ID):
    return await connection.fetchval(
        "SELECT coverage_version FROM citizens WHERE citizen_id = $1", citizen_id
    )


async def test_change_by_sql_is_heard(feed, ear, *, connection, metrics):
    await insert_coverage(connection, a_coverage())
    async with listening(feed):
        ear.everything()

        await connection.execute(MOVE, CITIZEN_ID)

        heard = await soon(ear.heard.get())
    assert heard == (CITIZEN_ID, Facet.COVERAGE, await version_of(connection))
    assert metrics.read("tracuu_changes_applied_total", "coverage") == 1


async def test_changes_before_the_start_are_told_first(feed, ear, connection):
    await insert_person(connection, a_person())

    async with listening(feed):
        told = ear.everything()

    assert told == [(CITIZEN_ID, Facet.COVERAGE), (CITIZEN_ID, Facet.HEALTH)]


async def test_changes_too_old_to_matter_are_not_told(feed, ear, connection):
    await insert_person(connection, a_person())
    await connection.execute("UPDATE changes SET changed_at = now() - interval '2h'")

    async with listening(feed):
        told = ear.everything()

    assert told == []


async def test_more_changes_than_fit_a_page_are_all_told(feed, ear, connection):
    await connection.execute(
        "INSERT INTO changes (citizen_id, facet)"
        " SELECT lpad(n::text, 12, '0'), 'health' FROM generate_series(1, $1) AS n",
        PAGE + 1,
    )

    async with listening(feed):
        told = ear.everything()

    assert len(set(told)) == len(told) == PAGE + 1


async def test_changes_missed_while_cut_off_are_told(
    feed, ear, *, connection, told, metrics
):
    await insert_coverage(connection, a_coverage())
    async with listening(feed):
        ear.everything()
        feed.caught_up.clear()

        async with connection.transaction():
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'tracuu-changes'"
                " AND datname = current_database()"
            )
            await connection.execute(MOVE, CITIZEN_ID)
        heard = await soon(ear.heard.get())
        await soon(feed.caught_up.wait())
        is_connected = metrics.read("tracuu_listener_connected")

    assert heard[:2] == (CITIZEN_ID, Facet.COVERAGE)
    assert ear.everything() == []
    assert is_connected == 1
    assert told.index("changes.listener_lost") < told.index("changes.listener_restored")


RENAME = "UPDATE citizens SET full_name = 'Nguyễn Thị Mai' WHERE citizen_id = $1"


async def test_change_numbered_first_and_committed_last_is_not_lost(
    feed, ear, *, connection, database
):
    for citizen_id in (CITIZEN_ID, OTHER_ID):
        await insert_person(connection, a_person(citizen_id=citizen_id))
    slow = await database.connect()
    async with listening(feed):
        ear.everything()

        async with slow.transaction():
            await slow.execute(RENAME, CITIZEN_ID)
            await connection.execute(RENAME, OTHER_ID)
            first, _, highest = await soon(ear.heard.get())
        second, _, lower = await soon(ear.heard.get())

    await slow.close()
    # Who only looked for higher numbers would find nothing more.
    by_number = "SELECT change_id FROM changes WHERE change_id > $1"
    assert (first, second) == (OTHER_ID, CITIZEN_ID)
    assert lower < highest
    assert await connection.fetch(by_number, highest) == []


async def test_database_put_back_from_a_backup_is_read_anew(feed, ear, connection):
    feed._position = 10**15
    await insert_person(connection, a_person())

    async with listening(feed):
        told = ear.everything()

    assert told == [(CITIZEN_ID, Facet.COVERAGE), (CITIZEN_ID, Facet.HEALTH)]


async def test_lost_notice_is_made_up_for(feed, ear, *, connection, monkeypatch):
    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.05)
    insert = "INSERT INTO changes (citizen_id, facet) VALUES ($1, 'health')"
    async with listening(feed):
        await connection.execute(insert, CITIZEN_ID)

        heard = await soon(ear.heard.get())

    assert heard[:2] == (CITIZEN_ID, Facet.HEALTH)


async def test_change_of_clients_is_heard(feed, ear, connection):
    async with listening(feed):
        await soon(ear.clients.get())

        await create_client(connection, "his-1", scopes=["lookup:read"])

        await soon(ear.clients.get())


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1])
async def test_old_changes_are_pruned_and_young_ones_stay(feed, connection, count):
    await connection.execute(
        "INSERT INTO changes (citizen_id, facet, changed_at)"
        " SELECT $2, 'health', now() - interval '2h' FROM generate_series(1, $1)",
        count,
        CITIZEN_ID,
    )
    await insert_person(connection, a_person())

    pruned = await feed.prune(timedelta(hours=1))

    assert pruned == count
    assert await connection.fetchval("SELECT count(*) FROM changes") == 2


async def test_wire_that_carries_nothing_is_noticed(
    feed, ear, *, connection, database_url, told, monkeypatch
):
    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.05)
    async with Wire(database_url).laid() as wire:
        feed.database = Database(wire.url, 0.2)
        async with listening(feed):
            wire.hold()
            await insert_person(connection, a_person())
            await eventually(lambda: is_told(told, "changes.listener_lost"))
            wire.release()

            heard = await soon(ear.heard.get())

    assert heard[:2] == (CITIZEN_ID, Facet.COVERAGE)


async def is_told(told, event):
    return event in told
