"""Brings a database to the revision this code expects; forward only, SQL written out.

The revisions themselves are in ``adapters.migrations.versions``.
"""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

CONNECT_TIMEOUT_S = 10.0

LOCK = 7_225_091_002
"""Advisory lock that lets one migration run at a time; any number nobody else uses."""


class MigrationError(Exception):
    """The database could not be reached or refused a revision; nothing was changed."""


def migrate(database_url: str) -> list[str]:
    """Apply every revision the database lacks, all in one transaction.

    May be started many times at once: one works, the others wait and find nothing to
    do. Not to be called inside a running event loop.

    Returns:
        The revisions applied now, oldest first.

    Raises:
        MigrationError: The database could not be reached or refused a revision.
    """
    # A loop of its own that leaves the thread's current one alone.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(_migrate(database_url))


async def pending(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """Revisions this database still lacks, oldest first.

    Raises:
        MigrationError: The database knows a revision this code does not: the code
            is older than the database.
    """
    current = await connection.fetchval(
        "SELECT to_regclass('alembic_version') IS NOT NULL"
    ) and await connection.fetchval("SELECT version_num FROM alembic_version")
    known = [script.revision for script in _scripts().walk_revisions()][::-1]
    if not current:
        return known
    if current not in known:
        raise MigrationError(f"the database is at {current}, unknown to this version")
    return known[known.index(current) + 1 :]


async def _migrate(database_url: str) -> list[str]:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        # asyncpg reads the URL itself, as everywhere else.
        async_creator=lambda: asyncpg.connect(
            database_url,
            timeout=CONNECT_TIMEOUT_S,
            server_settings={"application_name": "tracuu-migrate"},
        ),
        poolclass=NullPool,
    )
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_upgrade)
    except CommandError:
        reason = "the database is of a newer version: install that version"
        raise MigrationError(reason) from None
    except DBAPIError as error:
        # The text is left out: a failing statement may quote a row.
        refusal = error.orig.__cause__ if error.orig else None
        raise MigrationError(f"refused: {type(refusal or error).__name__}") from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        reason = f"the database cannot be reached: {type(error).__name__}"
        raise MigrationError(f"{reason}; tracuu doctor says more") from None
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> list[str]:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    scripts = _scripts()
    applied: list[str] = []

    def upgrades(current: Any, _context: Any) -> Any:
        # Alembic's own commands would need an alembic.ini and an env.py.
        return scripts._upgrade_revs("head", current)  # noqa: SLF001 - no public way

    with EnvironmentContext(Config(), scripts, fn=upgrades) as environment:
        environment.configure(
            connection=connection,
            on_version_apply=lambda step, **_: applied.append(step.up_revision_id),
        )
        environment.run_migrations()
    return applied


def _scripts() -> ScriptDirectory:
    here = Path(__file__).parent / "migrations"
    return ScriptDirectory(str(here), version_locations=[str(here / "versions")])
