"""``tracuu doctor``: looks at everything the service needs, and says what to do."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import redis.asyncio
from redis.exceptions import RedisError
from rich.console import Console

from adapters.clients import ClientError
from adapters.clients_file import read_clients
from adapters.migrate import MigrationError, pending
from adapters.postgres import FAILURES, Database, RawConnection, close
from adapters.vss_codes import GatewayFaultError
from adapters.vss_contract import Watch
from adapters.vss_token import try_token
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.ports import Clock
from lookup.settings import Settings, SettingsError, variable_of
from lookup.sources import account_of

TIMEOUT_S = 5.0
"""Longest wait for one answer of a neighbour."""

CLOCK_DIFFERENCE_MAX_S = 2.0
"""From here on ages and expiries are told wrongly."""

REDIS_OLDEST = (7, 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    is_well: bool
    told: str
    """How it is or, when it is not well, what to do."""


def run(environ: Mapping[str, str], console: Console, clock: Clock) -> int:
    """Print every finding; 1 if anything is not well."""
    findings = asyncio.run(_findings(environ, clock))
    for finding in findings:
        mark = "[green]✔[/]" if finding.is_well else "[red]✘[/]"
        console.print(mark, end=" ")
        line = f"{finding.what}: {finding.told}"
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    return int(not all(finding.is_well for finding in findings))


async def _findings(environ: Mapping[str, str], clock: Clock) -> list[Finding]:
    try:
        settings = Settings.read(environ)
    except SettingsError as error:
        return [_unwell("settings", fault) for fault in error.faults]
    findings = [_well("settings", "all are well formed")]
    if settings.database_url.get_secret_value():
        findings += [finding async for finding in _database(settings, clock)]
    else:
        findings.append(_clients_file(settings, clock))
    findings.append(_audit(settings))
    findings.append(await _redis(settings))
    if "gateway" in settings.sources:
        findings.append(await _gateway(settings, clock))
    return findings


async def _database(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    database = Database(settings.database_url.get_secret_value(), TIMEOUT_S)
    try:
        connection = await database.connect("tracuu-doctor")
    except FAILURES as error:
        yield _unwell(
            "database",
            f"cannot be reached ({type(error).__name__}): is PostgreSQL running, "
            f"and is {variable_of('database_url')} right?",
        )
        return
    try:
        async for finding in _in_database(connection, settings, clock):
            yield finding
    except FAILURES as error:
        yield _unwell(
            "database",
            f"refuses to answer ({type(error).__name__}): check what its user may do",
        )
    finally:
        await close(connection)


async def _in_database(
    connection: RawConnection, settings: Settings, clock: Clock
) -> AsyncIterator[Finding]:
    version = await connection.fetchval("SHOW server_version")
    yield _well("database", f"PostgreSQL {version}")
    yield await _clock(connection, clock)
    migrations = await _migrations(connection)
    yield migrations
    if not migrations.is_well:
        return
    if "population" in settings.sources:
        yield await _population(connection)
    yield await _clients(connection)


async def _clock(connection: RawConnection, clock: Clock) -> Finding:
    theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
    ahead_s = (clock.now() - theirs).total_seconds()
    told = f"{abs(ahead_s):.1f} s {'ahead of' if ahead_s > 0 else 'behind'} PostgreSQL"
    if abs(ahead_s) > CLOCK_DIFFERENCE_MAX_S:
        return _unwell("clock", f"{told}: set both machines by NTP")
    return _well("clock", told)


async def _migrations(connection: RawConnection) -> Finding:
    try:
        missing = await pending(connection)
    except MigrationError as error:
        return _unwell("migrations", f"{error}: install the newer version")
    if missing:
        return _unwell("migrations", f"{len(missing)} missing: run tracuu migrate")
    return _well("migrations", "all are applied")


async def _population(connection: RawConnection) -> Finding:
    if await connection.fetchval("SELECT EXISTS (SELECT FROM citizens)"):
        return _well("population", "there are citizens")
    return _unwell("population", "is empty: load it, or run tracuu seed")


async def _clients(connection: RawConnection) -> Finding:
    count = await connection.fetchval(
        "SELECT count(*) FROM clients "
        "WHERE revoked_at IS NULL AND coalesce(expires_at > now(), true)"
    )
    if count:
        return _well("clients", f"{count} may ask")
    return _unwell("clients", "nobody may ask: run tracuu clients create")


def _clients_file(settings: Settings, clock: Clock) -> Finding:
    variable = variable_of("clients_file")
    try:
        listed = read_clients(Path(settings.clients_file).read_bytes())
    except ClientError as error:
        return _unwell("clients", f"{error}: correct the file of {variable}")
    except OSError as error:
        return _unwell("clients", f"{error.strerror}: is {variable} right?")
    now = clock.now()
    count = sum(each.expires is None or each.expires > now for each in listed)
    if count:
        return _well("clients", f"{count} may ask")
    return _unwell("clients", "nobody may ask: run tracuu clients create --into")


def _audit(settings: Settings) -> Finding:
    """Whether it could be written; making it here could make it another user's."""
    folder = settings.audit_folder
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if there.is_dir() and os.access(there, os.W_OK):
        return _well("audit", "can be written")
    variable = variable_of("audit_dir")
    return _unwell("audit", f"cannot be written: may this user write to {variable}?")


async def _redis(settings: Settings) -> Finding:
    try:
        info = await _redis_info(settings.redis_url.get_secret_value())
    except (RedisError, OSError, ValueError) as error:
        return _unwell(
            "Redis",
            f"cannot be reached ({type(error).__name__}): is it running, and is "
            f"{variable_of('redis_url')} right? Lookups go on without it, slower.",
        )
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < REDIS_OLDEST:
        return _unwell("Redis", f"{version} is too old: 7.0 or newer is needed")
    return _well("Redis", f"answers as Redis {version}")


async def _redis_info(url: str) -> Mapping[str, object]:
    """What Redis says of itself.

    Raises:
        ValueError: The address cannot be read.
        RedisError, OSError: Nobody answers there.
    """
    client = redis.asyncio.Redis.from_url(url, socket_timeout=TIMEOUT_S)
    async with client:
        found: Mapping[str, object] = await client.info("server")
    return found


async def _gateway(settings: Settings, clock: Clock) -> Finding:
    """Whether it gives us a token; a lookup would be a lookup of somebody."""
    watch = Watch(
        clock=clock,
        metrics=Metrics.in_memory(),
        events=Events(lambda *_: None),
    )
    try:
        await try_token(
            settings.gateway_url, account_of(settings), timeout_s=TIMEOUT_S, watch=watch
        )
    except GatewayFaultError as fault:
        names = f"{variable_of('gateway_url')} and the account right"
        blame = f"are {names}?" if fault.whose == "ours" else "is it running?"
        return _unwell("gateway", f"gives no token ({fault.code}): {blame}")
    return _well("gateway", "gives a token")


def _well(what: str, told: str) -> Finding:
    return Finding(what, is_well=True, told=told)


def _unwell(what: str, told: str) -> Finding:
    return Finding(what, is_well=False, told=told)
