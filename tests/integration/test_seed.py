"""Seeding a real PostgreSQL, and asking it about the people afterwards."""

import asyncio
import hashlib
import io
import multiprocessing
import subprocess
import sys
from collections import Counter
from contextlib import asynccontextmanager

import asyncpg
import msgspec
import pytest

from adapters import population_sql
from adapters.synthetic import journal, loading, seeding
from adapters.synthetic.errors import SeedingError
from adapters.synthetic.profile import CODES, read_profile
from adapters.synthetic.recipe import CHUNK_SIZE
from adapters.synthetic.rows import COLUMNS
from adapters.synthetic.sampling import one_per_code, read_recipe, sample
from adapters.synthetic.seeding import seed
from lookup.eligibility import decide
from lookup.record import CoverageRecord, HealthRecord
from lookup.request import RequestFields, read_request
from tests.support.servers import create_empty_database, fresh_database
from tests.support.synthetic import ANCHOR, a_recipe

TABLES = (*COLUMNS, "facilities")
SMALL = a_recipe(citizens=300)


@pytest.fixture(scope="module")
def seeded_url(servers, template_database):  # noqa: ARG001 - copied by name
    """A database with 12,000 people; not to be changed."""
    with fresh_database(servers) as url:
        seed(url, a_recipe(citizens=12_000), processes=2)
        yield url


@pytest.fixture
def keeper_url(database_url):
    """The database as a role sees it that owns the tables and is no superuser."""
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    owns = "".join(f"ALTER TABLE {table} OWNER TO keeper; " for table in TABLES)
    tell(
        database_url,
        f"CREATE ROLE keeper LOGIN; {owns} GRANT CREATE ON DATABASE {name} TO keeper",
    )
    yield database_url.replace("//postgres", "//keeper")
    tell(database_url, "DROP OWNED BY keeper CASCADE; DROP ROLE keeper")


def run(coroutine):
    """Run it in a loop of its own: seeding is not to be called from within one."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(coroutine)


@asynccontextmanager
async def connected(url):
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def ask(url, query, *arguments):
    """One value by SQL."""

    async def fetch():
        async with connected(url) as connection:
            return await connection.fetchval(query, *arguments)

    return run(fetch())


def tell(url, statements):
    """Several statements by SQL."""

    async def execute():
        async with connected(url) as connection:
            await connection.execute(statements)

    run(execute())


def contents(url):
    """A digest of every table, whatever the order of its rows."""

    async def read():
        digests = {}
        async with connected(url) as connection:
            for table in TABLES:
                output = io.BytesIO()
                query = f"SELECT * FROM {table} ORDER BY 1"
                await connection.copy_from_query(query, output=output)
                digests[table] = hashlib.md5(output.getvalue()).hexdigest()  # noqa: S324 - a fingerprint, no secret
        return digests

    return run(read())


def facts(url, sql, presented):
    """What the population database says of people, by their numbers."""

    async def read():
        numbers = [person.citizen_id for person in presented]
        async with connected(url) as connection:
            rows = await connection.fetch(sql, ["citizen_id"] * len(numbers), numbers)
        return {numbers[row["place"] - 1]: row["record"] for row in rows}

    return run(read())


def codes_of(url, presented):
    """The result code of the plain lookup of each person."""
    records = facts(url, population_sql.COVERAGE, presented)
    return [_code(person, records.get(person.citizen_id)) for person in presented]


def _code(person, text):
    fields = RequestFields(
        citizen_id=person.citizen_id,
        full_name=person.full_name,
        birth_date=person.birth_date,
    )
    record = text and msgspec.json.decode(text, type=CoverageRecord)
    request = read_request(fields, today=ANCHOR)
    return decide(record or None, request, sees_restricted=False).code


def drawn(url, count):
    return run(sample(url, count, draw=1))


class Stopped(Exception):  # noqa: N818 - stands for Ctrl-C, no error
    """Raised by a test in the midst of seeding."""


def stop_after_first_chunk(progress):
    if progress.done:
        raise Stopped


def test_number_of_processes_changes_no_byte(servers, database_url):
    recipe = a_recipe(citizens=2 * CHUNK_SIZE + 1, health_records=9_000)
    seed(database_url, recipe, processes=1)

    with fresh_database(servers) as other_url:
        seed(other_url, recipe, processes=3)

        assert contents(other_url) == contents(database_url)


def test_tables_hold_as_many_as_asked(seeded_url):
    living = "SELECT count(*) FROM citizens WHERE status <> 'superseded'"

    assert ask(seeded_url, living) == 12_000
    assert ask(seeded_url, "SELECT count(*) FROM health_summaries") == 9_000
    assert ask(seeded_url, "SELECT count(*) > 1000 FROM visits")
    assert ask(seeded_url, "SELECT count(*) > 100 FROM facilities")


def test_lookups_of_a_sample_get_their_codes_from_the_database(seeded_url):
    people = drawn(seeded_url, 3000)

    codes = codes_of(seeded_url, people)

    assert codes == [person.expected_code for person in people]


def test_there_is_one_person_for_every_code(seeded_url):
    people = run(one_per_code(seeded_url))

    assert people.keys() == set(CODES.values())
    assert codes_of(seeded_url, people.values()) == list(people)


def test_same_draw_gives_the_same_people(seeded_url):
    assert drawn(seeded_url, 20) == drawn(seeded_url, 20)


def test_health_records_are_read_as_records(seeded_url):
    people = drawn(seeded_url, 500)

    records = [
        msgspec.json.decode(text, type=HealthRecord)
        for text in facts(seeded_url, population_sql.HEALTH, people).values()
    ]

    with_summary = Counter(record.summary is not None for record in records)
    assert 0.65 < with_summary[True] / len(records) < 0.85
    assert any(record.visits and record.documents for record in records)


@pytest.mark.parametrize("is_silenced", [True, False])
async def test_loading_notes_no_changes_as_triggers_are_silenced(
    database_url, monkeypatch, is_silenced
):
    async def pretend(_):
        return True

    if not is_silenced:
        monkeypatch.setattr(loading, "_silence_session", pretend)
    async with connected(database_url) as connection:
        await journal.prepare(connection)

        await loading.load_chunk(database_url, SMALL, 0)

        changes = await connection.fetchval("SELECT count(*) FROM changes")
        assert (changes == 0) == is_silenced


def test_triggers_are_awake_after_seeding(database_url):
    seed(database_url, SMALL, processes=1)

    ask(database_url, "UPDATE citizens SET full_name = 'An' WHERE status = 'active'")

    assert ask(database_url, "SELECT count(*) FROM changes") > 0


def test_owner_without_superuser_rights_can_seed(database_url, keeper_url):
    enabled = "SELECT bool_and(tgenabled = 'O') FROM pg_trigger WHERE NOT tgisinternal"

    seed(keeper_url, SMALL, processes=2)

    assert ask(database_url, "SELECT count(*) FROM citizens") >= 300
    assert ask(database_url, "SELECT count(*) FROM changes") == 0
    assert ask(database_url, enabled)


def test_interrupted_seeding_is_carried_on(servers, database_url):
    recipe = a_recipe(citizens=4 * CHUNK_SIZE + 5, health_records=0)
    with pytest.raises(Stopped):
        seed(database_url, recipe, processes=1, progress=stop_after_first_chunk)

    report = seed(database_url, recipe)

    assert 0 < report.loaded < recipe.citizens
    with fresh_database(servers) as other_url:
        seed(other_url, recipe)
        assert contents(other_url) == contents(database_url)


def test_unfinished_population_is_not_sampled(database_url):
    with pytest.raises(Stopped):
        seed(database_url, SMALL, processes=1, progress=stop_after_first_chunk)

    with pytest.raises(SeedingError, match="seed it first"):
        drawn(database_url, 1)


def test_database_without_population_is_not_sampled(database_url):
    with pytest.raises(SeedingError, match="seed it first"):
        drawn(database_url, 1)


def test_finished_population_is_left_alone_on_another_day(database_url):
    seed(database_url, SMALL, processes=1)
    later = a_recipe(citizens=300, anchor=ANCHOR.replace(year=2027))

    report = seed(database_url, later, processes=1)

    assert report.loaded == 0
    assert report.recipe == SMALL
    assert run(read_recipe(database_url)) == SMALL


def test_other_values_are_refused_unless_the_population_is_replaced(database_url):
    other = a_recipe(citizens=400, profile=read_profile("clean"), seed=8)
    seed(database_url, SMALL, processes=1)
    with pytest.raises(SeedingError, match="--replace"):
        seed(database_url, other, processes=1)

    seed(database_url, other, processes=1, replace=True)

    assert ask(database_url, "SELECT count(*) FROM citizens") == 400
    assert run(read_recipe(database_url)) == other


def test_citizens_made_elsewhere_are_not_mixed_in(database_url):
    ask(
        database_url,
        "INSERT INTO citizens (citizen_id, full_name, folded_name, birth_year, sex, "
        "province_code) VALUES ('068090000001', 'An', 'an', 1990, 'male', '068')",
    )

    with pytest.raises(SeedingError, match="not made here"):
        seed(database_url, SMALL, processes=1)


def test_population_of_another_version_is_not_carried_on(database_url):
    seed(database_url, SMALL, processes=1)
    ask(database_url, "UPDATE synthetic.seeding SET recipe_version = 0")

    with pytest.raises(SeedingError, match="another version"):
        seed(database_url, SMALL, processes=1)

    assert seed(database_url, SMALL, processes=1, replace=True).loaded == 300


async def test_two_cannot_seed_at_once(database_url):
    async with connected(database_url) as connection:
        await connection.execute(f"SELECT pg_advisory_lock({seeding._LOCK_ID})")

        with pytest.raises(SeedingError, match="another process"):
            await asyncio.to_thread(seed, database_url, SMALL)


def test_large_loads_make_their_indexes_at_the_end(database_url, monkeypatch):
    listed = (
        "SELECT array_agg(indexdef ORDER BY indexdef) FROM pg_indexes "
        "WHERE schemaname = 'public'"
    )
    before = ask(database_url, listed)
    stages = []
    monkeypatch.setattr(seeding, "INDEXED_LOAD_MAX", 200)

    seed(database_url, SMALL, processes=1, progress=stages.append)

    assert "indexes" in {progress.stage for progress in stages}
    assert ask(database_url, listed) == before


def test_replacing_an_unfinished_large_load_brings_its_indexes_back(
    database_url, monkeypatch
):
    count = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'"
    before = ask(database_url, count)
    monkeypatch.setattr(seeding, "INDEXED_LOAD_MAX", 200)
    with pytest.raises(Stopped):
        seed(database_url, SMALL, processes=1, progress=stop_after_first_chunk)
    without = ask(database_url, count)

    monkeypatch.setattr(seeding, "INDEXED_LOAD_MAX", 1000)
    seed(database_url, SMALL, processes=1, replace=True)

    assert without < before
    assert ask(database_url, count) == before


def test_loader_ended_from_outside_fails_and_the_next_run_carries_on(database_url):
    recipe = a_recipe(citizens=2 * CHUNK_SIZE, health_records=0)

    def end_loaders(_):
        for loader in multiprocessing.active_children():
            loader.kill()

    with pytest.raises(SeedingError, match="ended from outside"):
        seed(database_url, recipe, processes=1, progress=end_loaders)

    seed(database_url, recipe)
    assert ask(database_url, "SELECT count(*) FROM synthetic.chunks") == 2


def test_loaders_end_with_a_seeding_process_that_is_killed(database_url):
    script = (
        "import sys\n"
        "from adapters.synthetic.seeding import seed\n"
        "from tests.support.synthetic import a_recipe\n"
        "tell = lambda progress: print(progress.done, flush=True)\n"
        "seed(sys.argv[1], a_recipe(citizens=200_000), processes=2, progress=tell)\n"
    )
    command = (sys.executable, "-c", script, database_url)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(2)]

        process.kill()

        # The loaders hold the other end: the pipe closes when the last has gone.
        process.communicate(timeout=30)
    assert lines == ["0\n", f"{CHUNK_SIZE}\n"]


def test_failing_database_is_told_without_values():
    with pytest.raises(SeedingError, match="the database failed"):
        seed("postgresql://postgres@127.0.0.1:9/none", SMALL)


def test_database_without_tables_is_told_to_be_migrated(servers):
    url = create_empty_database(servers, "never_migrated")

    with pytest.raises(SeedingError, match="tracuu migrate"):
        seed(url, SMALL)


def test_journal_knows_nothing_of_a_database_never_seeded(database_url):
    async def read():
        async with connected(database_url) as connection:
            await journal.prepare(connection)
            return await journal.read(connection)

    assert run(read()) is None
