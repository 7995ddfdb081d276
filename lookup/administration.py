"""What operators do beside serving: migrate, seed, and say who may ask.

Each opens the database, does one thing and closes it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from adapters import clients
from adapters.clients import ApiKey, Client, ClientError, hash_key, looks_like_key
from adapters.embedded_process import EmbeddedServerError
from adapters.migrate import MigrationError
from adapters.postgres import FAILURES, Database, RawConnection, close
from adapters.synthetic import seeding
from adapters.synthetic.errors import SyntheticError
from adapters.synthetic.profile import read_profile
from adapters.synthetic.recipe import Recipe
from lookup.bar import bar_of
from lookup.clock import SystemClock
from lookup.scopes import Scope

T = TypeVar("T")

TIMEOUT_S = 30.0
"""Longest wait for a statement; nobody is standing at a desk."""


class DatabaseError(Exception):
    """The population database could not be used."""


KIND_ERRORS = (
    ClientError,
    DatabaseError,
    EmbeddedServerError,
    MigrationError,
    SyntheticError,
)
"""Errors whose text tells a person what to do, without a trace."""


@dataclass(frozen=True, slots=True)
class SeedOptions:
    """What population to make."""

    citizens: int
    health_records: int
    seed: int
    profile: Path | None = None
    """None for the default profile."""

    processes: int | None = None
    """None for one per core."""

    replace: bool = False


def seed(
    database_url: str, options: SeedOptions, console: Console
) -> seeding.SeedReport:
    """Make the population, or what is missing of it, with a progress bar.

    Raises:
        SyntheticError: Options are out of range, or others are in the tables.
    """
    recipe = Recipe(
        seed=options.seed,
        citizens=options.citizens,
        health_records=options.health_records,
        profile=read_profile(str(options.profile or "default")),
        anchor=SystemClock().today(),
    )
    with bar_of("Seeding", options.citizens) as moved_to:

        def show(progress: seeding.Progress) -> None:
            if progress.stage == "people":
                moved_to(progress.done)

        report = seeding.seed(
            database_url,
            recipe,
            replace=options.replace,
            processes=options.processes,
            progress=show,
        )
    anchor = report.recipe.anchor
    console.print(
        f"{options.citizens:,} citizens as of {anchor}; {report.loaded:,} new"
    )
    return report


def create_client(
    database_url: str,
    client_id: str,
    *,
    scopes: frozenset[Scope],
    description: str,
    expires_at: datetime | None = None,
) -> ApiKey:
    """Enter a client and give its key, which can be shown only now.

    Raises:
        ClientError: The name is malformed or taken.
        DatabaseError: The database could not be used.
    """
    return _with_database(
        database_url,
        lambda connection: clients.create_client(
            connection,
            client_id,
            scopes=scopes,
            description=description,
            expires_at=expires_at,
        ),
    )


def list_clients(database_url: str) -> list[Client]:
    """Every client there ever was, by name.

    Raises:
        DatabaseError: The database could not be used.
    """
    return _with_database(database_url, clients.list_clients)


def revoke_client(database_url: str, client_id: str) -> None:
    """Take a client's key away for good.

    Raises:
        ClientError: There is no such client, or its key is revoked already.
        DatabaseError: The database could not be used.
    """
    _with_database(
        database_url, lambda connection: clients.revoke_client(connection, client_id)
    )


def key_opens(database_url: str, key: str) -> bool:
    """Whether a key is of this database and neither revoked nor expired.

    Raises:
        DatabaseError: The database could not be used.
    """
    if not looks_like_key(key):
        return False
    found = _with_database(
        database_url,
        lambda connection: connection.fetchval(
            "SELECT EXISTS (SELECT FROM clients WHERE key_hash = $1 "
            "AND revoked_at IS NULL AND coalesce(expires_at > now(), true))",
            hash_key(ApiKey(key)),
        ),
    )
    return bool(found)


def _with_database(
    database_url: str, act: Callable[[RawConnection], Awaitable[T]]
) -> T:
    async def run() -> T:
        connection = await Database(database_url, TIMEOUT_S).connect("tracuu-admin")
        try:
            return await act(connection)
        finally:
            await close(connection)

    try:
        return asyncio.run(run())
    except FAILURES as error:
        reason = f"the population database could not be used: {type(error).__name__}"
        raise DatabaseError(f"{reason}; tracuu doctor says more") from None
