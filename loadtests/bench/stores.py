"""The PostgreSQL and the Redis of the bench: populations, keys, and who runs them."""

import asyncio
import hashlib
import json
import secrets
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import asyncpg
import redis
from rich.console import Console

from adapters.embedded import Servers
from adapters.migrate import migrate
from loadtests.bench.questions import Account
from loadtests.load.target import HEALTH_RECORDS_SHARE, SCOPES, SEED
from lookup.administration import (
    SeedOptions,
    create_client,
    create_gateway_client,
    seed,
)
from lookup.scopes import Scope

T = TypeVar("T")

CLIENT_SCOPES = SCOPES - {Scope.MISMATCH_DETAIL}
"""As a desk has them: who is not found and who does not fit look alike to it."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Both servers, the process of each, and what they call themselves."""

    database_url: str
    """PostgreSQL as its superuser, database ``postgres``."""

    redis_url: str
    processes: dict[str, int]
    versions: dict[str, str]

    def population_url(self, citizens: int) -> str:
        """The database with a population of that size."""
        name = _name_of(citizens)
        return self.database_url.replace("/postgres?", f"/{name}?")

    def redis_database(self, number: int) -> str:
        """One of the numbered databases of Redis."""
        return self.redis_url.replace("db=0", f"db={number}")


def open_stores(servers: Servers) -> Stores:
    """Find out who runs the servers."""
    pid, version = asyncio.run(_on(servers.database_url, _postmaster))
    with redis.Redis.from_url(servers.redis_url) as client:
        info: dict[str, Any] = client.info("server")
    name = info.get("server_name", "redis")
    return Stores(
        database_url=servers.database_url,
        redis_url=servers.redis_url,
        processes={"postgres": pid, "redis": int(info["process_id"])},
        versions={
            "PostgreSQL": version,
            name.capitalize(): str(info.get(f"{name}_version")),
        },
    )


def populate(stores: Stores, citizens: int, console: Console) -> str:
    """Have a population of that size, kept from run to run; its database.

    The audit of former runs is thrown away.
    """
    url = stores.population_url(citizens)
    asyncio.run(_on(stores.database_url, lambda c: _create(c, _name_of(citizens))))
    migrate(url)
    records = int(HEALTH_RECORDS_SHARE * citizens)
    seed(url, SeedOptions(citizens, records, SEED), console)
    forget_audit(url)
    return url


def forget_audit(database_url: str) -> None:
    """Throw away the audit of former runs."""
    asyncio.run(_on(database_url, _forget_audit))


def make_key(database_url: str) -> str:
    """A key of a new client that may ask for everything a desk may."""
    name = f"bench-{secrets.token_hex(4)}"
    return create_client(database_url, name, scopes=CLIENT_SCOPES).text


def make_gateway_user(database_url: str) -> tuple[str, str]:
    """An account of the insurer's protocol: its name, and its password's MD5."""
    name = secrets.token_hex(4)
    _, password = create_gateway_client(
        database_url, f"bench-gateway-{name}", f"{name}_BV", scopes=CLIENT_SCOPES
    )
    hashed = hashlib.md5(password.text.encode(), usedforsecurity=False)
    return f"{name}_BV", hashed.hexdigest()


def sign_in(port: int, username: str, password_md5: str) -> Account:
    """Take a token of the insurer's protocol, good for ten minutes."""
    form = urlencode({"username": username, "password": password_md5}).encode()
    url = f"http://127.0.0.1:{port}/api/token/take"
    with urllib.request.urlopen(url, data=form) as answer:
        key = json.load(answer)["APIKey"]
    return Account(username, password_md5, key["access_token"], key["id_token"])


def forget_records(redis_url: str) -> None:
    """Empty a database of Redis."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()


async def _on(
    database_url: str, act: Callable[[asyncpg.Connection], Awaitable[T]]
) -> T:
    connection = await asyncpg.connect(database_url)
    try:
        return await act(connection)
    finally:
        await connection.close()


async def _postmaster(connection: asyncpg.Connection) -> tuple[int, str]:
    """Its process, by the first line of its own file, and its version."""
    lines = await connection.fetchval("SELECT pg_read_file('postmaster.pid')")
    version = await connection.fetchval("SHOW server_version")
    return int(lines.split()[0]), version


async def _create(connection: asyncpg.Connection, name: str) -> None:
    query = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
    if not await connection.fetchval(query, name):
        await connection.execute(f"CREATE DATABASE {name}")


async def _forget_audit(connection: asyncpg.Connection) -> None:
    """The log lets nobody empty it, so its triggers sleep meanwhile."""
    await connection.execute(
        "SET session_replication_role = replica; TRUNCATE audit_log"
    )


def _name_of(citizens: int) -> str:
    return f"citizens_{citizens}"
