import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import asyncpg
import pytest

from adapters.migrate import MigrationError, migrate, pending
from tests.support.builders import CITIZEN_ID, a_card, a_citizen_id, a_person, a_visit
from tests.support.population_rows import (
    FORMER_ID,
    LEGACY_ID,
    insert,
    insert_card,
    insert_former,
    insert_person,
    insert_visit,
)
from tests.support.servers import create_empty_database

OTHER_ID = a_citizen_id(2).digits

ALL = ["0001", "0002", "0003", "0004", "0005"]


@pytest.fixture
def empty_database_url(servers, request):
    return create_empty_database(servers, f"empty_{abs(hash(request.node.name))}")


def in_a_loop(coroutine):
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(coroutine)


def test_second_start_finds_nothing_to_do(empty_database_url):
    first = migrate(empty_database_url)

    second = migrate(empty_database_url)

    assert (first, second) == (ALL, [])


async def test_tells_what_an_empty_database_lacks(empty_database_url):
    connection = await asyncpg.connect(empty_database_url)

    lacking = await pending(connection)

    await connection.close()
    assert lacking == ALL


async def test_migrated_database_lacks_nothing(connection):
    assert await pending(connection) == []


def test_database_newer_than_the_code_is_left_alone(database_url):
    in_a_loop(set_revision(database_url, "9999"))

    with pytest.raises(MigrationError, match="newer version"):
        migrate(database_url)


async def set_revision(database_url, revision):
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = $1", revision)
    await connection.close()


async def test_database_newer_than_the_code_is_noticed(connection):
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(MigrationError, match="9999"):
        await pending(connection)


def test_unreachable_database_is_an_error_of_ours(tmp_path):
    with pytest.raises(MigrationError, match="FileNotFoundError"):
        migrate(f"postgresql://nobody@/nothing?host={tmp_path}")


def test_there_is_no_way_back():
    revision = import_module("adapters.migrations.versions.v0001_population")

    with pytest.raises(NotImplementedError):
        revision.downgrade()


def test_many_starts_at_once_migrate_once(empty_database_url):
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(migrate, [empty_database_url] * 4))

    assert sorted(applied) == [[], [], [], ALL]


def test_refused_revision_changes_nothing(empty_database_url):
    async def occupy():
        connection = await asyncpg.connect(empty_database_url)
        await connection.execute("CREATE TABLE audit_log (a int)")
        await connection.close()

    async def tables():
        connection = await asyncpg.connect(empty_database_url)
        rows = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        await connection.close()
        return [row["tablename"] for row in rows]

    in_a_loop(occupy())

    with pytest.raises(MigrationError, match="DuplicateTableError"):
        migrate(empty_database_url)

    assert in_a_loop(tables()) == ["audit_log"]


def test_database_that_takes_no_tables_is_an_error_of_ours(empty_database_url):
    with pytest.raises(MigrationError, match="ReadOnlySQLTransactionError"):
        migrate(f"{empty_database_url}&default_transaction_read_only=on")


async def moved(connection, statement, *arguments):
    """Which facets of whom a statement gave a new version."""
    last = await connection.fetchval("SELECT coalesce(max(change_id), 0) FROM changes")
    await connection.execute(statement, *arguments)
    rows = await connection.fetch(
        "SELECT DISTINCT citizen_id, facet FROM changes WHERE change_id > $1", last
    )
    return {(row["citizen_id"], row["facet"]) for row in rows}


BOTH = {(CITIZEN_ID, "coverage"), (CITIZEN_ID, "health")}


@pytest.fixture
async def household(connection):
    """A citizen with a former number, and another one."""
    await insert_person(connection, a_person())
    await insert_person(connection, a_person(citizen_id=OTHER_ID))
    await insert_former(connection)
    await insert_card(connection, a_card())
    await insert_visit(connection, a_visit())
    legacy = {"legacy_id": LEGACY_ID, "citizen_id": CITIZEN_ID}
    await insert(connection, "legacy_ids", legacy)
    return connection


@pytest.mark.parametrize(
    ("statement", "facets"),
    [
        ("UPDATE citizens SET full_name = 'x' WHERE citizen_id = $1", {"coverage"}),
        ("UPDATE citizens SET folded_name = 'X' WHERE citizen_id = $1", set()),
        (
            "UPDATE citizens SET status = 'restricted' WHERE citizen_id = $1",
            {"coverage", "health"},
        ),
        ("DELETE FROM citizens WHERE citizen_id = $1", {"coverage", "health"}),
        ("UPDATE insurance_cards SET area = 'K2' WHERE citizen_id = $1", {"coverage"}),
        ("DELETE FROM insurance_cards WHERE citizen_id = $1", {"coverage"}),
        ("UPDATE visits SET outcome = 'cured' WHERE citizen_id = $1", {"health"}),
        ("DELETE FROM legacy_ids WHERE citizen_id = $1", {"coverage", "health"}),
    ],
)
async def test_each_change_moves_the_facets_it_is_of(household, statement, facets):
    assert await moved(household, statement, CITIZEN_ID) == {
        (CITIZEN_ID, facet) for facet in facets
    }


async def test_version_of_a_facet_is_the_number_of_its_last_change(household):
    last = await household.fetchrow(
        "SELECT max(change_id) FILTER (WHERE facet = 'coverage'),"
        " max(change_id) FILTER (WHERE facet = 'health')"
        " FROM changes WHERE citizen_id = $1",
        CITIZEN_ID,
    )
    versions = await household.fetchrow(
        "SELECT coverage_version, health_version FROM citizens WHERE citizen_id = $1",
        CITIZEN_ID,
    )

    assert tuple(versions) == tuple(last)


async def test_card_that_changes_hands_moves_both(household):
    give = "UPDATE insurance_cards SET citizen_id = $1"

    told = await moved(household, give, OTHER_ID)

    assert told == {(CITIZEN_ID, "coverage"), (OTHER_ID, "coverage")}


async def test_card_of_a_former_number_moves_the_living_one(household):
    card = a_card(card_number="GD4686800000009")
    await insert_card(household, card, FORMER_ID)

    told = await moved(household, "UPDATE insurance_cards SET area = 'K3'")

    assert told == {(CITIZEN_ID, "coverage")}


async def test_former_number_led_elsewhere_moves_all_three(household):
    lead = "UPDATE citizens SET superseded_by = $1 WHERE citizen_id = $2"

    told = await moved(household, lead, OTHER_ID, FORMER_ID)

    assert {who for who, _ in told} == {CITIZEN_ID, OTHER_ID, FORMER_ID}


async def test_former_numbers_follow_when_their_living_one_is_replaced(household):
    replace = (
        "UPDATE citizens SET status = 'superseded', superseded_by = $1"
        " WHERE citizen_id = $2"
    )

    await household.execute(replace, OTHER_ID, CITIZEN_ID)

    led_to = "SELECT superseded_by FROM citizens WHERE citizen_id = $1"
    assert await household.fetchval(led_to, FORMER_ID) == OTHER_ID


async def test_number_replaced_by_a_former_one_leads_to_the_living_one(household):
    await insert_former(household, "068180000098", by=FORMER_ID)

    led_to = "SELECT superseded_by FROM citizens WHERE citizen_id = '068180000098'"
    assert await household.fetchval(led_to) == CITIZEN_ID


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE audit_log SET operator = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
    ],
)
async def test_audit_log_is_append_only(connection, tamper):
    await connection.execute(
        "INSERT INTO audit_log (at, request_id, client_id, channel, purpose, facets,"
        " code, outcome, disclosed) VALUES (now(), 'r', 'c', 'api', 'reception',"
        " '{}', '000', 'active', true)"
    )

    with pytest.raises(asyncpg.RaiseError, match="append only"):
        await connection.execute(tamper)
