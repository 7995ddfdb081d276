"""The province's people in PostgreSQL: loaded once, and what they took and take up."""

import asyncio
import tempfile
import time
from pathlib import Path

import asyncpg
import msgspec
from rich.console import Console

from adapters.migrate import migrate
from adapters.synthetic.rows import COLUMNS
from loadtests.bench.stores import Stores, forget_audit
from loadtests.load.target import SEED
from loadtests.seed import copy_plainly
from lookup.administration import SeedOptions, seed

FILE = "loaded.json"
"""Says what is loaded, beside the servers' data; not there while it is not whole."""

_TABLES = """
SELECT c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid)
FROM pg_class c
WHERE c.relname = ANY($1::text[]) AND c.relnamespace = 'public'::regnamespace
ORDER BY pg_total_relation_size(c.oid) DESC
"""


class TableSize(msgspec.Struct, frozen=True):
    """What a table takes up on disk."""

    name: str
    rows_bytes: int
    indexes_bytes: int


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A whole population, as it was right after it was loaded."""

    citizens: int
    health_records: int
    loading_s: float
    copying_s: float
    """What a plain COPY of the same rows took."""

    database_bytes: int
    tables: list[TableSize]

    @property
    def bytes_per_citizen(self) -> float:
        """Of everything in the database."""
        return self.database_bytes / self.citizens

    @property
    def loading_by_copying(self) -> float:
        """How many times as long as a plain COPY it took."""
        return self.loading_s / self.copying_s


def load(
    stores: Stores, home: Path, console: Console, *, citizens: int, health_records: int
) -> Loaded:
    """Have the population in the database of its size, kept from run to run.

    One that was not loaded to its end is loaded anew, for its time would say nothing.
    """
    file, url = home / FILE, stores.population_url(citizens)
    if file.exists():
        kept = msgspec.json.decode(file.read_bytes(), type=Loaded)
        if (kept.citizens, kept.health_records) == (citizens, health_records):
            forget_audit(url)
            return kept
        file.unlink()
    asyncio.run(_make_anew(stores.database_url, url))
    migrate(url)
    began_s = time.perf_counter()
    seed(url, SeedOptions(citizens, health_records, SEED), console)
    loading_s = time.perf_counter() - began_s
    with (
        tempfile.TemporaryDirectory(dir=home) as folder,
        console.status("Copying the same rows plainly"),
    ):
        copying_s = asyncio.run(copy_plainly(url, Path(folder)))
    with console.status("Tidying up"):
        database_bytes, tables = asyncio.run(_tidied(url))
    loaded = Loaded(
        citizens=citizens,
        health_records=health_records,
        loading_s=loading_s,
        copying_s=copying_s,
        database_bytes=database_bytes,
        tables=tables,
    )
    file.write_bytes(msgspec.json.encode(loaded))
    return loaded


async def _make_anew(server_url: str, database_url: str) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()


async def _tidied(database_url: str) -> tuple[int, list[TableSize]]:
    """Have done what the server would do soon, while others measure; then the sizes.

    Of everything in the database, and of each table.
    """
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("VACUUM")
        await connection.execute("CHECKPOINT")
        whole = await connection.fetchval("SELECT pg_database_size(current_database())")
        rows = await connection.fetch(_TABLES, list(COLUMNS))
    finally:
        await connection.close()
    return whole, [TableSize(*row) for row in rows]
