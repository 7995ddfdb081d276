"""What operators do beside serving: migrate, seed, and say who may ask.

Each opens the database, does one thing and closes it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, Unpack

from rich.console import Console

from adapters import clients, gateway_users
from adapters.api_keys import ApiKey, hash_key, looks_like_key
from adapters.clients import Client, ClientError, Terms
from adapters.embedded_process import EmbeddedServerError
from adapters.gateway_users import (
    Password,
    create_gateway_user,
    fits,
    read_accounts,
)
from adapters.migrate import MigrationError
from adapters.postgres import FAILURES, Database, RawConnection, close
from adapters.synthetic import seeding
from adapters.synthetic.errors import SyntheticError
from adapters.synthetic.profile import read_profile
from adapters.synthetic.recipe import Recipe
from lookup.bar import bar_of
from lookup.citizen_id import parse_citizen_id
from lookup.clock import SystemClock
from lookup.errors import MalformedError
from lookup.names import parse_name
from lookup.ports import Officer
from lookup.public_keys import read_key_set
from lookup.scopes import Scope

T = TypeVar("T")

TIMEOUT_S = 30.0
"""Longest wait for a statement; nobody is standing at a desk."""


class DatabaseError(Exception):
    """The population database could not be used."""


class AuditError(Exception):
    """The audit cannot be read as wanted."""


KIND_ERRORS = (
    AuditError,
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
    **terms: Unpack[Terms],
) -> ApiKey:
    """Enter a client and give its key, which can be shown only now.

    Raises:
        ClientError: The name is malformed or taken, or the deadline is out of range.
        DatabaseError: The database could not be used.
    """
    return with_database(
        database_url,
        lambda connection: clients.create_client(
            connection, client_id, scopes=scopes, **terms
        ),
    )


def create_gateway_client(
    database_url: str, client_id: str, username: str, **options: Any
) -> tuple[ApiKey, Password]:
    """Enter a client with an account of the insurer's protocol; both or none.

    Args:
        database_url: The population database.
        client_id: The client's name.
        username: The account's name.
        options: As for ``create_client``.

    Returns:
        Its key and the account's password, which can be shown only now.

    Raises:
        ClientError: A name is malformed or taken.
        DatabaseError: The database could not be used.
    """

    async def enter(connection: RawConnection) -> tuple[ApiKey, Password]:
        async with connection.transaction():
            key = await clients.create_client(connection, client_id, **options)
            return key, await create_gateway_user(connection, client_id, username)

    return with_database(database_url, enter)


def replace_officers(database_url: str, client_id: str, table: str) -> int:
    """Make these the officers who may sit at a client's desks.

    Args:
        database_url: The population database.
        client_id: Whose officers they are.
        table: A line for each with number, comma and name (or a semicolon, as
            spreadsheets write it).

    Returns:
        How many there are.

    Raises:
        ClientError: A line is malformed, there is none, or no such client.
        DatabaseError: The database could not be used.
    """
    officers = list(_officers(table))
    with_database(
        database_url,
        lambda connection: gateway_users.replace_officers(
            connection, client_id, officers
        ),
    )
    return len(officers)


def password_opens(database_url: str, username: str, password: Password) -> bool:
    """Whether a user of the insurer's protocol could sign in with this password.

    Raises:
        DatabaseError: The database could not be used.
    """
    account = with_database(database_url, read_accounts).get(username)
    return account is not None and fits(password.md5, account.kept)


def read_keys(key_set: bytes) -> bytes:
    """The same JWK set, once it is known to be one.

    Raises:
        ClientError: It is none, or holds a key that is not taken.
    """
    try:
        read_key_set(key_set)
    except MalformedError as malformed:
        raise ClientError(f"the key set {malformed}") from None
    return key_set


def replace_keys(database_url: str, client_id: str, key_set: bytes) -> int:
    """Make these the public keys of a client.

    Returns:
        How many there are.

    Raises:
        ClientError: It is no JWK set as wanted, or there is no such client.
        DatabaseError: The database could not be used.
    """
    return with_database(
        database_url,
        lambda connection: clients.replace_keys(connection, client_id, key_set),
    )


def list_clients(database_url: str) -> list[Client]:
    """Every client there ever was, by name.

    Raises:
        DatabaseError: The database could not be used.
    """
    return with_database(database_url, clients.list_clients)


def revoke_client(database_url: str, client_id: str) -> None:
    """Take a client's key away for good.

    Raises:
        ClientError: There is no such client, or its key is revoked already.
        DatabaseError: The database could not be used.
    """
    with_database(
        database_url, lambda connection: clients.revoke_client(connection, client_id)
    )


def key_opens(database_url: str, key: str) -> bool:
    """Whether a key is of this database and neither revoked nor expired.

    Raises:
        DatabaseError: The database could not be used.
    """
    if not looks_like_key(key):
        return False
    found = with_database(
        database_url,
        lambda connection: connection.fetchval(
            "SELECT EXISTS (SELECT FROM clients WHERE key_hash = $1 "
            "AND revoked_at IS NULL AND coalesce(expires_at > now(), true))",
            hash_key(ApiKey(key)),
        ),
    )
    return bool(found)


def _officers(table: str) -> Iterator[Officer]:
    for line, text in enumerate(table.splitlines(), start=1):
        if not text.strip():
            continue
        number, _, name = text.replace(";", ",").partition(",")
        try:
            yield Officer(parse_citizen_id(number), parse_name(name))
        except MalformedError as malformed:
            raise ClientError(f"line {line}: {malformed}") from None


def with_database(database_url: str, act: Callable[[RawConnection], Awaitable[T]]) -> T:
    """Do one thing on a connection of its own.

    Raises:
        DatabaseError: The database could not be used.
    """

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
