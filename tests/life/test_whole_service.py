import asyncio
import signal
from datetime import timedelta
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.support.builders import a_card, a_person
from tests.support.population_rows import insert_card, insert_person
from tests.support.whole_service import TWO_WORKERS, running_service

LAN = a_person()
QUESTION = {
    "citizen_id": LAN.citizen_id,
    "full_name": LAN.full_name,
    "birth_date": "1980-03-05",
}
TRIES = 200


@pytest.fixture
async def population(database_url):
    """A connection to a population of one insured person."""
    connection = await asyncpg.connect(database_url)
    today = await connection.fetchval("SELECT current_date")
    long = timedelta(days=200)
    await insert_person(connection, LAN)
    await insert_card(
        connection, a_card(valid_from=today - long, valid_to=today + long)
    )
    yield connection
    await connection.close()


@pytest.fixture
async def service(database_url, redis_url, population, tmp_path):  # noqa: ARG001 - filled first
    async with running_service(
        database_url, redis_url, tmp_path, **TWO_WORKERS
    ) as running:
        yield running


async def shut(database_url):
    """Let nobody into the database any more, and turn out who is there."""
    name = urlsplit(database_url).path.removeprefix("/")
    outside = await asyncpg.connect(database_url.replace(f"/{name}?", "/postgres?"))
    await outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await outside.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
        name,
    )
    await outside.close()


async def until(condition, question):
    """Ask until the condition holds for an answer; fail after many tries."""
    for _ in range(TRIES):
        answer = await question()
        if condition(answer):
            return answer
        await asyncio.sleep(0.05)
    pytest.fail(f"never: {answer}")


async def test_the_second_answer_comes_from_a_cache(service):
    _, first = await service.ask(QUESTION)
    _, second = await service.ask(QUESTION)

    assert first["result"]["code"] == second["result"]["code"] == "000"
    assert first["freshness"]["source"] == "population"
    assert second["freshness"]["source"] in ("memory", "redis")
    assert await service.counted("tracuu_lookups_total", outcome="active") == 2


async def test_a_change_by_sql_reaches_both_workers(service, population):
    for _ in range(20):
        await service.ask(QUESTION)

    await population.execute("UPDATE insurance_cards SET status = 'revoked'")

    applied = {"name": "tracuu_changes_applied_total", "facet": "coverage"}
    await until(lambda count: count >= 2, lambda: service.counted(**applied))
    answers = [await service.ask(QUESTION) for _ in range(20)]
    assert {answer["result"]["code"] for _, answer in answers} == {"110"}


async def test_a_change_made_while_nobody_served_is_known_at_the_start(
    database_url, redis_url, population, tmp_path
):
    async with running_service(database_url, redis_url, tmp_path) as before:
        await before.ask(QUESTION)
    await population.execute("UPDATE insurance_cards SET status = 'revoked'")
    await population.execute("DELETE FROM clients")

    async with running_service(database_url, redis_url, tmp_path) as after:
        _, answer = await after.ask(QUESTION)

    assert answer["result"]["code"] == "110"


async def test_a_revoked_key_is_soon_refused(service, population):
    assert (await service.ask(QUESTION))[0] == 200

    await population.execute("UPDATE clients SET revoked_at = now()")

    is_refused = await until(
        lambda answers: all(status == 401 for status, _ in answers),
        lambda: asyncio.gather(*(service.ask(QUESTION) for _ in range(8))),
    )
    assert is_refused


async def test_lookups_are_in_the_audit_and_the_open_ones_on_the_worklist(
    service, population
):
    await service.ask(QUESTION)
    await service.ask(QUESTION | {"full_name": "Phạm Quốc Bảo"})
    await service.stop()

    audited = await population.fetch("SELECT code, disclosed FROM audit_log ORDER BY 1")
    open_ones = await population.fetch("SELECT code, times FROM worklist")
    assert [tuple(row) for row in audited] == [("000", True), ("060", False)]
    assert [tuple(row) for row in open_ones] == [("060", 1)]


@pytest.mark.usefixtures("population")
async def test_a_database_that_is_gone_leaves_stale_answers(
    database_url, redis_url, tmp_path
):
    short = {"TRACUU_FRESH_S": "0.2", "TRACUU_DATABASE_TIMEOUT_S": "0.5"}
    async with running_service(database_url, redis_url, tmp_path, **short) as service:
        await service.ask(QUESTION)
        await shut(database_url)

        _, answer = await until(
            lambda answer: answer[0] == 200 and answer[1]["freshness"]["is_stale"],
            lambda: service.ask(QUESTION),
        )

    assert answer["result"]["code"] == "000"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_in_order(service, number):
    await service.ask(QUESTION)

    assert await service.stop(number) == 0

    events = [line["event"] for line in service.said()]
    assert events.count("worker.drained") == 2
    assert "worker.died" not in events


async def test_the_people_on_call_see_how_it_is(service):
    await service.ask(QUESTION)

    live, _ = await service.page("/health/live")
    ready, _ = await service.page("/health/ready")
    _, detail = await service.page("/health/detail")

    assert (live, ready) == (200, 200)
    assert '"is_heard": true' in detail
