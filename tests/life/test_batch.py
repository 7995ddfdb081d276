"""A batch as it is at work: how often the database is asked for it."""

import io

import asyncpg
import orjson
import pytest

from tests.support.builders import a_citizen_id
from tests.support.whole_service import running_service

MANY = 1_000

POPULATION = """
INSERT INTO citizens (citizen_id, full_name, folded_name, birth_year, birth_month,
    birth_day, sex, province_code, status)
SELECT '068180' || lpad(n::text, 6, '0'), 'Nguyễn Thị Lan', '', 1980, 3, 5, 'female',
    '068', 'active'
FROM generate_series(1, $1::integer) AS n
"""

STATEMENTS = {"name": "tracuu_query_duration_seconds_count", "query": "coverage"}


@pytest.fixture
async def service(database_url, redis_url, tmp_path):
    """A service whose population nobody has asked for yet."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(POPULATION.replace("$1", str(2 * MANY)))
    await connection.close()
    async with running_service(database_url, redis_url, tmp_path) as running:
        yield running


def questions(first, count):
    return [
        {"citizen_id": a_citizen_id(number).digits, "full_name": "Nguyễn Thị Lan"}
        for number in range(first, first + count)
    ]


async def ask_batch(service, lookups):
    """The lines of a batch."""
    async with service.session.post(
        f"{service.url}/v1/lookups/batch",
        data=io.BytesIO(orjson.dumps({"lookups": lookups})),
        headers={
            "Authorization": f"Bearer {service.key}",
            "Content-Type": "application/json",
        },
    ) as response:
        assert response.status == 200
        return [orjson.loads(line) for line in (await response.read()).splitlines()]


async def test_a_thousand_cold_lookups_take_a_few_statements(service):
    lines = await ask_batch(service, questions(1, MANY))
    in_batch = await service.counted(**STATEMENTS)
    for question in questions(MANY + 1, 20):
        await service.ask(question)
    alone = await service.counted(**STATEMENTS) - in_batch

    sources = {line["answer"]["freshness"]["source"] for line in lines}
    assert (len(lines), sources) == (MANY, {"population"})
    assert in_batch <= 16
    assert alone == 20
    counted = {"name": "tracuu_lookups_total", "channel": "batch"}
    assert await service.counted(**counted) == MANY
