"""Loads a population, or carries on where loading it was ended."""

import asyncio
import dataclasses
import os
from collections.abc import Callable
from typing import Literal

import asyncpg

from adapters.synthetic import journal
from adapters.synthetic.errors import SeedingError
from adapters.synthetic.loaders import load_chunks, translated
from adapters.synthetic.places import FACILITIES
from adapters.synthetic.recipe import Recipe
from adapters.synthetic.rows import COLUMNS

INDEXED_LOAD_MAX = 200_000
"""People up to which indexes are kept up while loading; above, making them anew at
the end is faster."""

_LOCK_ID = 7_248_165
"""Advisory lock held by whoever seeds; any constant does."""

_TABLES = (*COLUMNS, "facilities")

_SECONDARY_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index
WHERE indrelid = ANY($1::text[]::regclass[]) AND NOT indisunique
ORDER BY 1
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """How far seeding has come."""

    stage: Literal["people", "indexes", "statistics"]
    done: int
    total: int


ShowProgress = Callable[[Progress], None]


@dataclasses.dataclass(frozen=True, slots=True)
class SeedReport:
    """What seeding did."""

    recipe: Recipe
    """Of the population that is now in the database."""

    loaded: int
    """People loaded by this run; the others were there before."""


def seed(
    database_url: str,
    recipe: Recipe,
    *,
    replace: bool = False,
    processes: int | None = None,
    progress: ShowProgress = lambda _: None,
) -> SeedReport:
    """Load the population of a recipe, or what is missing of it.

    Ctrl-C ends it after the chunks in hand, and the same call carries on. If that is
    on another day, the anchor of the first call stays. Must not be called where an
    event loop runs.

    Args:
        database_url: A migrated database.
        recipe: What to load.
        replace: Remove first whoever is in the tables. Caches that know them are not
            told.
        processes: How many load at once; None for one per processor.
        progress: Called after every chunk and at every stage.

    Raises:
        SeedingError: Somebody else is in the tables, another process is seeding, or
            the database cannot be used.
    """
    run = _Run(database_url, processes or os.cpu_count() or 1, progress)
    # A loop of its own that leaves the thread's current one alone.
    with (
        translated(),
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
    ):
        return runner.run(run.seed(recipe, starts_anew=replace))


@dataclasses.dataclass(frozen=True, slots=True)
class _Run:
    """One run of seeding."""

    database_url: str
    processes: int
    progress: ShowProgress

    async def seed(self, recipe: Recipe, *, starts_anew: bool) -> SeedReport:
        connection = await asyncpg.connect(self.database_url)
        try:
            await _lock(connection)
            if starts_anew:
                await _clear(connection)
            seeding = await _begin(connection, recipe)
            loaded = 0
            if not seeding.is_finished:
                loaded = await self._load_missing(connection, seeding.recipe)
                await self._finish(connection)
        finally:
            await connection.close()
        return SeedReport(seeding.recipe, loaded)

    async def _load_missing(
        self, connection: asyncpg.Connection, recipe: Recipe
    ) -> int:
        missing = set(range(recipe.chunks)) - await journal.chunks_done(connection)
        wanted = sum(len(recipe.members(chunk)) for chunk in missing)
        done = recipe.citizens - wanted

        def count(people: int) -> None:
            nonlocal done
            done += people
            self.progress(Progress("people", done, recipe.citizens))

        count(0)
        await load_chunks(
            self.database_url,
            recipe,
            sorted(missing),
            processes=self.processes,
            on_loaded=count,
        )
        return wanted

    async def _finish(self, connection: asyncpg.Connection) -> None:
        definitions = await journal.read_removed_indexes(connection)
        for done, definition in enumerate(definitions):
            self.progress(Progress("indexes", done, len(definitions)))
            await connection.execute(_if_missing(definition))
        self.progress(Progress("statistics", 0, len(_TABLES)))
        await connection.execute(f"ANALYZE {', '.join(_TABLES)}")
        await journal.finish(connection)


async def _lock(connection: asyncpg.Connection) -> None:
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK_ID):
        raise SeedingError("another process is seeding this database")


async def _clear(connection: asyncpg.Connection) -> None:
    """Remove everybody, and what the journal knows; indexes are made again."""
    async with connection.transaction():
        await connection.execute(f"TRUNCATE {', '.join(_TABLES)}")
        await journal.prepare(connection)
        for definition in await journal.read_removed_indexes(connection):
            await connection.execute(_if_missing(definition))
        await connection.execute("DROP SCHEMA synthetic CASCADE")


async def _begin(connection: asyncpg.Connection, recipe: Recipe) -> journal.Seeding:
    """Find out what is being loaded, or begin to load the recipe."""
    seeding = await journal.read(connection)
    if seeding is None:
        await _refuse_strangers(connection)
        async with connection.transaction():
            await journal.prepare(connection)
            await journal.write(connection, recipe)
            await _load_facilities(connection)
            if recipe.citizens > INDEXED_LOAD_MAX:
                await _remove_indexes(connection)
        return journal.Seeding(recipe, is_finished=False)
    if dataclasses.replace(recipe, anchor=seeding.recipe.anchor) != seeding.recipe:
        raise SeedingError(
            f"the database holds another population ({_described(seeding.recipe)}): "
            "give the same values to carry on with it, or --replace to remove it first"
        )
    return seeding


async def _refuse_strangers(connection: asyncpg.Connection) -> None:
    if await connection.fetchval("SELECT EXISTS (SELECT FROM citizens)"):
        raise SeedingError(
            "the database holds citizens that were not made here: "
            "use another database, or --replace to remove them"
        )


async def _load_facilities(connection: asyncpg.Connection) -> None:
    await connection.executemany(
        "INSERT INTO facilities (facility_code, name, province_code) "
        "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(facility.code, facility.name, facility.province) for facility in FACILITIES],
    )


async def _remove_indexes(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch(_SECONDARY_INDEXES, list(_TABLES))
    for row in rows:
        await connection.execute(f"DROP INDEX {row['name']}")
    await journal.write_removed_indexes(connection, [row["definition"] for row in rows])


def _if_missing(definition: str) -> str:
    return definition.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS", 1)


def _described(recipe: Recipe) -> str:
    return (
        f"seed {recipe.seed}, {recipe.citizens:,} citizens, "
        f"{recipe.health_records:,} health records, profile {recipe.profile.name}"
    )
