"""The service a load test asks: one that runs already, or one of its own."""

import asyncio
import base64
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import click
import orjson
from rich.console import Console

from adapters.embedded import Servers, running_servers
from adapters.migrate import migrate
from loadtests.load.thresholds import Exit
from lookup.administration import SeedOptions, create_client, seed
from lookup.scopes import Scope
from lookup.settings import variable_of

SEED = 7

HEALTH_RECORDS_SHARE = 0.75
"""2.7 of the 3.6 million people of a province have a health record."""

SCOPES = frozenset(Scope) - {Scope.RESTRICTED}
"""With that one, people who are protected by order would be shown."""

START_S = 60.0
"""Longest wait for the service to begin."""

POLL_S = 0.1


class LoadError(click.ClickException):
    """There was no load test; the message says why."""

    exit_code = Exit.VOID


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """Which service is asked, with which key, and whose people it knows."""

    url: str
    admin_url: str
    """Where its metrics are; empty where it is not told."""

    api_key: str
    database_url: str


def given_target(url: str, environ: Mapping[str, str]) -> Target:
    """A service that runs already.

    Raises:
        LoadError: Its key or its database is not set.
    """
    database_url = environ.get("TRACUU_DATABASE_URL")
    api_key = environ.get("TRACUU_API_KEY")
    if not database_url or not api_key:
        raise LoadError(
            "with a host, set TRACUU_API_KEY to a key of it, and TRACUU_DATABASE_URL "
            "to its database, for the people to ask about"
        )
    admin_url = environ.get("TRACUU_ADMIN_URL", "").rstrip("/")
    return Target(url.rstrip("/"), admin_url, api_key, database_url)


@contextmanager
def own_target(folder: Path, citizens: int, console: Console) -> Iterator[Target]:
    """A whole service inside the block: servers, people, key; all thrown away after.

    Args:
        folder: Where its log goes.
        citizens: How many people it knows.
        console: Where to say what is being done.

    Raises:
        LoadError: The service does not begin.
    """
    console.print("Starting PostgreSQL and Redis ...")
    with running_servers(None) as servers:
        migrate(servers.database_url)
        records = int(HEALTH_RECORDS_SHARE * citizens)
        seed(servers.database_url, SeedOptions(citizens, records, SEED), console)
        key = create_client(
            servers.database_url,
            "load-test",
            scopes=SCOPES,
            description="Load test on this machine",
        )
        console.print("Starting the service ...")
        with _serving(servers, folder) as (url, admin_url):
            yield Target(url, admin_url, key.text, servers.database_url)


@contextmanager
def _serving(servers: Servers, folder: Path) -> Iterator[tuple[str, str]]:
    """The service as at work, in processes of its own; its two addresses."""
    http_port, admin_port = free_port(), free_port()
    url, admin_url = (f"http://127.0.0.1:{port}" for port in (http_port, admin_port))
    with (
        tempfile.TemporaryDirectory() as state_dir,
        (folder / "service.log").open("wb") as log,
    ):
        settings = {
            "database_url": servers.database_url,
            "redis_url": servers.redis_url,
            "cache_key": base64.b64encode(secrets.token_bytes(32)).decode(),
            "http_port": str(http_port),
            "admin_port": str(admin_port),
            "state_dir": state_dir,
            "drain_s": "0",
        }
        own = {variable_of(name): value for name, value in settings.items()}
        service = subprocess.Popen(
            [sys.executable, "-m", "lookup", "serve"],
            env={**os.environ, **own},
            stdout=log,
            stderr=log,
        )
        try:
            asyncio.run(_ready(admin_url, service, log.name))
            yield url, admin_url
        finally:
            service.terminate()
            service.wait()


async def _ready(admin_url: str, service: subprocess.Popen[bytes], log: str) -> None:
    """Wait until every worker answers.

    Raises:
        LoadError: It has ended instead, or takes too long.
    """
    wanted, serving = 1, 0
    with suppress(TimeoutError):
        async with asyncio.timeout(START_S), aiohttp.ClientSession() as session:
            while serving < wanted and service.poll() is None:
                await asyncio.sleep(POLL_S)
                with suppress(aiohttp.ClientError):
                    async with session.get(f"{admin_url}/health/detail") as answer:
                        workers = orjson.loads(await answer.read())["workers"]
                        wanted, serving = workers["configured"], workers["serving"]
    if serving < wanted:
        raise LoadError(f"the service does not begin: see {log}")


def free_port() -> int:
    """A port of this machine on which nobody listens just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
