"""Times seeding against a plain COPY of the same rows into tables of the same shape.

Starts nothing: it takes an empty, migrated database from ``TRACUU_DATABASE_URL``, and
leaves the population in it. ``python -m loadtests.seed --citizens N
--health-records M``.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import click

from adapters.synthetic.profile import read_profile
from adapters.synthetic.recipe import Recipe
from adapters.synthetic.rows import COLUMNS
from adapters.synthetic.seeding import Progress, seed

PLAIN = "plain_copy"
"""Schema of the tables that are copied into."""


@click.command()
@click.option("--citizens", default=200_000, show_default=True)
@click.option("--health-records", default=150_000, show_default=True)
@click.option("--seed", "seed_number", default=7, show_default=True)
@click.option("--processes", type=int, help="One per processor unless given.")
@click.option("--database-url", envvar="TRACUU_DATABASE_URL", required=True)
def main(
    *,
    citizens: int,
    health_records: int,
    seed_number: int,
    processes: int | None,
    database_url: str,
) -> None:
    """Seed, copy the same rows plainly, and print both times and their ratio."""
    recipe = Recipe(
        seed=seed_number,
        citizens=citizens,
        health_records=health_records,
        profile=read_profile("default"),
        anchor=datetime.now(UTC).date(),
    )
    started_s = time.perf_counter()
    seed(database_url, recipe, processes=processes, progress=_show)
    seeding_s = time.perf_counter() - started_s
    with tempfile.TemporaryDirectory() as folder:
        copying_s = asyncio.run(copy_plainly(database_url, Path(folder)))
    click.echo(
        f"seeding {seeding_s:.1f} s ({citizens / seeding_s:,.0f} citizens/s), "
        f"plain COPY {copying_s:.1f} s, ratio {seeding_s / copying_s:.2f}"
    )


def _show(progress: Progress) -> None:
    click.echo(
        f"\r{progress.stage}: {progress.done:,} of {progress.total:,} ", nl=False
    )


async def copy_plainly(database_url: str, folder: Path) -> float:
    """Seconds to COPY every table from a file, one after the other.

    The copies have the columns, constraints and indexes of the tables, no triggers,
    and are dropped again.
    """
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(f"CREATE SCHEMA {PLAIN}")
        for table in COLUMNS:
            await connection.execute(
                f"CREATE TABLE {PLAIN}.{table} (LIKE public.{table} INCLUDING ALL)"
            )
            await connection.copy_from_table(table, output=folder / table)
        started_s = time.perf_counter()
        for table in COLUMNS:
            await connection.copy_to_table(
                table, source=folder / table, schema_name=PLAIN
            )
        return time.perf_counter() - started_s
    finally:
        await connection.execute(f"DROP SCHEMA IF EXISTS {PLAIN} CASCADE")
        await connection.close()


if __name__ == "__main__":
    main()
