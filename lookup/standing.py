"""What stands beside the lookups of a worker: who may ask, and the audit.

Who may ask stands in the population database or, where the gateway is the only source
and there is none, in a file. The audit is written to files of each worker and carried
into the database from there, if there is one.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.audit_keys import AuditKeys
from adapters.audit_scribe import Identity
from adapters.audit_standing import AuditTerms, open_audit, see_to_left_over
from adapters.changes import ChangeFeed
from adapters.clients import ClientDirectory
from adapters.clients_file import FileDirectory
from adapters.gateway_users import GatewayDirectory
from adapters.postgres import FAILURES
from adapters.used_assertions import UsedAssertions
from adapters.without_database import NoAccounts, NoAssertions
from cache.tiers import Tiers
from lookup import ports
from lookup.parts import Parts

CATCH_UP_S = 2.0
"""How long a worker waits, before it answers, for changes made while nobody served.

Redis may still hold what they changed. With the database away it starts all the same:
then nothing newer can be known.
"""

OPEN_FOR = timedelta(hours=1)
"""Longest time a transaction may stay open in the population database: a change is
dated when it is made and seen when it is committed."""

PRUNE_EVERY_S = 3600.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Who may ask, and where it is written down."""

    audit: ports.AuditLog
    directory: ports.ClientDirectory
    users: ports.GatewayDirectory
    used: ports.AssertionLog


@asynccontextmanager
async def open_standing(parts: Parts, cache: Tiers) -> AsyncIterator[Standing]:
    """All of it, open and up to date as long as the block.

    Args:
        parts: What everything in this process shares.
        cache: What forgets whom a change in the database is about.
    """
    has_database = bool(parts.settings.database_url.get_secret_value())
    async with _audit(parts, has_database=has_database) as audit:
        opened = (
            _in_database(parts, cache, audit)
            if has_database
            else _in_files(parts, audit)
        )
        async with opened as standing:
            yield standing


@asynccontextmanager
async def _audit(parts: Parts, *, has_database: bool) -> AsyncIterator[ports.AuditLog]:
    settings, keys = parts.settings, AuditKeys(*parts.subkeys(b"audit"))
    terms = AuditTerms(
        settings.audit_folder,
        keep_days=settings.audit_keep_days,
        degraded_s=settings.audit_degraded_s,
        database=parts.background if has_database else None,
    )
    identity = Identity(parts.worker, keys, settings.audit_officer_key)
    async with open_audit(terms, identity, parts.watch) as audit:
        background = []
        if parts.worker == 0:
            workers, watch = settings.workers, parts.watch
            left_over = see_to_left_over(terms, identity, workers=workers, watch=watch)
            background.append(left_over)
        async with kept(background):
            yield audit


@asynccontextmanager
async def _in_database(
    parts: Parts, cache: Tiers, audit: ports.AuditLog
) -> AsyncIterator[Standing]:
    directory = ClientDirectory(
        parts.background, metrics=parts.metrics, events=parts.events
    )
    users = GatewayDirectory(parts.background, events=parts.events)
    # Without it, every key would be refused until the first refresh.
    with suppress(*FAILURES):
        await directory.load()
        await users.load()
    feed = _feed(parts, cache, (directory, users))
    background = [feed.run(), directory.run(), users.run()]
    if parts.worker == 0:
        background.append(_prune(feed, parts))
    async with kept(background):
        with suppress(TimeoutError):
            await asyncio.wait_for(feed.caught_up.wait(), CATCH_UP_S)
        yield Standing(audit, directory, users, UsedAssertions(parts.background))


@asynccontextmanager
async def _in_files(parts: Parts, audit: ports.AuditLog) -> AsyncIterator[Standing]:
    directory = FileDirectory(
        Path(parts.settings.clients_file), metrics=parts.metrics, events=parts.events
    )
    directory.load()
    async with kept([directory.run()]):
        yield Standing(audit, directory, NoAccounts(), NoAssertions())


def _feed(
    parts: Parts, cache: Tiers, lists: Iterable[ClientDirectory | GatewayDirectory]
) -> ChangeFeed:
    def refresh_soon() -> None:
        for each in lists:
            each.refresh_soon()

    return ChangeFeed(
        database=parts.background,
        on_change=cache.forget,
        on_clients_changed=refresh_soon,
        replay_for=timedelta(seconds=parts.settings.usable_s) + OPEN_FOR,
        clock=parts.clock,
        metrics=parts.metrics,
        events=parts.events,
    )


async def _prune(feed: ChangeFeed, parts: Parts) -> None:
    """Remove, every hour, what nobody can still need: old changes and assertions."""
    while True:
        await asyncio.sleep(PRUNE_EVERY_S)
        # It is tried again in an hour; the feed says that the database is away.
        with suppress(*FAILURES):
            await feed.prune(timedelta(seconds=2 * parts.settings.usable_s))
            await UsedAssertions(parts.background).prune()


@asynccontextmanager
async def kept(
    background: Iterable[Coroutine[Any, Any, None]],
) -> AsyncIterator[None]:
    """Run tasks beside the block; one that fails ends the worker, to be replaced."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(task) for task in background]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
