import json

import asyncpg
import pytest

from adapters.population_sql import COVERAGE, HEALTH
from adapters.postgres import LOOKUP_SETTINGS

LARGE = {
    "citizens",
    "insurance_cards",
    "legacy_ids",
    "health_summaries",
    "visits",
    "documents",
}
"""Tables a lookup must never read from end to end."""

ROWS = 50_000

FILL = f"""
SET session_replication_role = replica;
INSERT INTO citizens (citizen_id, full_name, folded_name, birth_year, sex,
        province_code, status, superseded_by)
    SELECT lpad(n::text, 12, '0'), 'x', 'X', 1980, 'female', '068',
        CASE WHEN n % 50 = 0 THEN 'superseded' ELSE 'active' END,
        CASE WHEN n % 50 = 0 THEN lpad((n + 1)::text, 12, '0') END
    FROM generate_series(1, {ROWS}) AS n;
INSERT INTO legacy_ids
    SELECT lpad(n::text, 9, '0'), lpad(n::text, 12, '0')
    FROM generate_series(1, {ROWS}) AS n;
INSERT INTO insurance_cards (card_number, citizen_id, social_insurance_number,
        subject_code, benefit_level, valid_from, facility_code)
    SELECT 'GD468' || lpad(n::text, 10, '0'), lpad(n::text, 12, '0'),
        lpad(n::text, 10, '0'), 'GD', 4, '2026-01-01', '68001'
    FROM generate_series(1, {ROWS}) AS n;
INSERT INTO health_summaries
    SELECT lpad(n::text, 12, '0'), '{{}}', '2026-01-01'
    FROM generate_series(1, {ROWS}) AS n;
INSERT INTO visits
    SELECT 'v' || n, lpad((n % 20000)::text, 12, '0'), '68001',
        date '2026-01-01' - n % 300, NULL, 'outpatient', 'J00', 'x', 'cured'
    FROM generate_series(1, {ROWS}) AS n;
INSERT INTO documents
    SELECT 'd' || n, lpad((n % 20000)::text, 12, '0'), 'referral',
        date '2026-01-01' - n % 300, NULL, '68001', 'x'
    FROM generate_series(1, {ROWS}) AS n;
SET session_replication_role = DEFAULT;
"""


@pytest.fixture
async def full(database_url, connection):
    """A connection as lookups have it, to a database with many rows."""
    await connection.execute(FILL)
    await connection.execute("ANALYZE")
    settings = LOOKUP_SETTINGS | {"default_transaction_read_only": "off"}
    lookups = await asyncpg.connect(database_url, server_settings=settings)
    await lookups.execute(f"PREPARE coverage AS {COVERAGE}")
    await lookups.execute(f"PREPARE health AS {HEALTH}")
    yield lookups
    await lookups.close()


async def tables_scanned(connection, statement):
    """The large tables that a statement's plan reads from end to end."""
    plan = await connection.fetchval(
        f"EXPLAIN (FORMAT JSON) EXECUTE {statement} (ARRAY['citizen_id'], ARRAY['1'])"
    )
    steps = [json.loads(plan)[0]["Plan"]]
    for step in steps:
        steps += step.get("Plans", [])
    return {step["Relation Name"] for step in steps if reads_all(step)} & LARGE


def reads_all(step):
    """Whether a step reads a table from end to end, perhaps along an index."""
    kind = step["Node Type"]
    return kind == "Seq Scan" or (kind == "Index Scan" and "Index Cond" not in step)


async def test_a_lookup_reads_every_large_table_by_index(full):
    scanned = [await tables_scanned(full, name) for name in ("coverage", "health")]

    assert scanned == [set(), set()]


async def test_planner_takes_the_indexes_of_its_own_accord(full):
    await full.execute("SET enable_seqscan = on")

    scanned = [await tables_scanned(full, name) for name in ("coverage", "health")]

    assert scanned == [set(), set()]


@pytest.mark.parametrize(
    ("statement", "index", "table"),
    [
        ("coverage", "INDEX citizens_superseded_by", "citizens"),
        ("coverage", "INDEX insurance_cards_citizen_id", "insurance_cards"),
        (
            "coverage",
            "INDEX insurance_cards_social_insurance_number",
            "insurance_cards",
        ),
        ("health", "INDEX visits_citizen_id", "visits"),
        ("health", "INDEX documents_citizen_id", "documents"),
    ],
)
async def test_without_an_index_its_table_is_scanned(full, statement, *, index, table):
    await full.execute(f"DROP {index}")

    assert await tables_scanned(full, statement) == {table}
