"""What the database says of the population in it: its recipe, and how far it got."""

from dataclasses import dataclass

import asyncpg
import orjson

from adapters.synthetic.errors import SeedingError
from adapters.synthetic.profile import profile_from
from adapters.synthetic.recipe import RECIPE_VERSION, Recipe

_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS synthetic;
COMMENT ON SCHEMA synthetic IS
    'How the invented population was made; absent where people are real.';

CREATE TABLE IF NOT EXISTS synthetic.seeding (
    is_only_one boolean PRIMARY KEY DEFAULT true CHECK (is_only_one),
    recipe_version integer NOT NULL,
    seed bigint NOT NULL,
    citizens integer NOT NULL,
    health_records integer NOT NULL,
    profile_name text NOT NULL,
    profile text NOT NULL,
    anchor date NOT NULL,
    removed_indexes text[] NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
COMMENT ON TABLE synthetic.seeding IS
    'The one population of this database: everything needed to make it again.';
COMMENT ON COLUMN synthetic.seeding.profile IS 'Shares, as JSON.';
COMMENT ON COLUMN synthetic.seeding.anchor IS
    'The day on which cards are in force or expired as the profile says.';
COMMENT ON COLUMN synthetic.seeding.removed_indexes IS
    'Definitions of indexes that are made again at the end.';
COMMENT ON COLUMN synthetic.seeding.finished_at IS 'NULL while chunks are missing.';

CREATE TABLE IF NOT EXISTS synthetic.chunks (chunk integer PRIMARY KEY);
COMMENT ON TABLE synthetic.chunks IS
    'Chunks of 10,000 people that are in the tables, written with them.';
"""

_READ = """
SELECT recipe_version, seed, citizens, health_records, profile_name, profile, anchor,
    finished_at IS NOT NULL AS is_finished
FROM synthetic.seeding
"""

_WRITE = """
INSERT INTO synthetic.seeding
    (recipe_version, seed, citizens, health_records, profile_name, profile, anchor)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


@dataclass(frozen=True, slots=True)
class Seeding:
    """A population that is in the database, or partly so."""

    recipe: Recipe
    is_finished: bool


async def prepare(connection: asyncpg.Connection) -> None:
    """Make the journal's tables where they are missing."""
    await connection.execute(_SCHEMA)


async def read(connection: asyncpg.Connection) -> Seeding | None:
    """What was or is being loaded; None when nothing ever was.

    Raises:
        SeedingError: It was made by another version, which made other people.
    """
    if await connection.fetchval("SELECT to_regclass('synthetic.seeding')") is None:
        return None
    row = await connection.fetchrow(_READ)
    if row is None:
        return None
    if row["recipe_version"] != RECIPE_VERSION:
        raise SeedingError(
            "the population in this database was made by another version: "
            "seed it again with --replace"
        )
    recipe = Recipe(
        seed=row["seed"],
        citizens=row["citizens"],
        health_records=row["health_records"],
        profile=profile_from(orjson.loads(row["profile"]), name=row["profile_name"]),
        anchor=row["anchor"],
    )
    return Seeding(recipe, row["is_finished"])


async def write(connection: asyncpg.Connection, recipe: Recipe) -> None:
    """Note what will be loaded."""
    profile = {
        "kinds": dict(recipe.profile.kinds),
        "variants": dict(recipe.profile.variants),
    }
    await connection.execute(
        _WRITE,
        RECIPE_VERSION,
        recipe.seed,
        recipe.citizens,
        recipe.health_records,
        recipe.profile.name,
        orjson.dumps(profile).decode(),
        recipe.anchor,
    )


async def chunks_done(connection: asyncpg.Connection) -> set[int]:
    """Chunks that need not be loaded again."""
    rows = await connection.fetch("SELECT chunk FROM synthetic.chunks")
    return {row["chunk"] for row in rows}


async def note_chunk(connection: asyncpg.Connection, chunk: int) -> None:
    """Write down a chunk, in the transaction that loads it."""
    await connection.execute("INSERT INTO synthetic.chunks (chunk) VALUES ($1)", chunk)


async def finish(connection: asyncpg.Connection) -> None:
    """Note that everything is in its place."""
    await connection.execute("UPDATE synthetic.seeding SET finished_at = now()")


async def read_removed_indexes(connection: asyncpg.Connection) -> list[str]:
    """Definitions of the indexes that were removed for the load."""
    query = "SELECT unnest(removed_indexes) AS definition FROM synthetic.seeding"
    return [row["definition"] for row in await connection.fetch(query)]


async def write_removed_indexes(
    connection: asyncpg.Connection, definitions: list[str]
) -> None:
    """Note definitions, in the transaction that removes or makes the indexes."""
    await connection.execute(
        "UPDATE synthetic.seeding SET removed_indexes = $1", definitions
    )
