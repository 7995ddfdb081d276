"""Composition root: opens what a worker needs, stacks the guards, builds the app.

With the commands beside it, the only module that knows ``adapters`` and ``cache``.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from adapters.audit import open_audit_log
from adapters.changes import ChangeFeed
from adapters.clients import ClientDirectory
from adapters.guards import Breaker, Bulkhead
from adapters.population import Population, open_population
from adapters.postgres import BACKGROUND_TIMEOUT_S, FAILURES, Database
from cache.entry import shape
from cache.filling import Filling
from cache.freshness import Freshness
from cache.key import Keys, subkey
from cache.memory_store import MemoryStore
from cache.redis_store import open_redis
from cache.remembering import Remembering
from cache.seal import Seal
from cache.sealed_store import SealedStore
from cache.single_flight import SingleFlight
from cache.tiers import Stores, Tiers
from lookup.events import Events, open_events, take_library_logs
from lookup.metrics import Metrics
from lookup.metrics_page import Build
from lookup.ports import Clock, RecordSource
from lookup.pulse import beat
from lookup.service import LookupService
from lookup.settings import Settings
from lookup.supervisor import supervise
from lookup.web.admission import Admission
from lookup.web.lookups import Lookups
from lookup.web.middleware import Edge
from lookup.web.openapi import service_version
from lookup.web.routes import build_app

AT_POPULATION_MAX = 512
"""Lookups that may wait for the population at once, per worker. They travel together,
up to 128 in one statement, so with 4 connections this is one statement on each."""

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
class Parts:
    """What everything in a worker shares."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    events: Events

    @property
    def lookups(self) -> Database:
        """The population database for lookups, which wait for it."""
        url = self.settings.database_url.get_secret_value()
        return Database(url, self.settings.database_timeout_s)

    @property
    def background(self) -> Database:
        """The same for all else, which nobody waits for."""
        url = self.settings.database_url.get_secret_value()
        return Database(url, BACKGROUND_TIMEOUT_S)

    @property
    def secret(self) -> bytes:
        """The 32 bytes from which every key of the cache comes."""
        return base64.b64decode(self.settings.cache_key.get_secret_value())

    @property
    def freshness(self) -> Freshness:
        """How long what is remembered counts."""
        return Freshness(
            fresh_s=self.settings.fresh_s,
            usable_s=self.settings.usable_s,
            nobody_fresh_s=self.settings.nobody_fresh_s,
        )


async def serve(settings: Settings, environ: Mapping[str, str]) -> None:
    """Answer lookups with several workers until SIGTERM or Ctrl-C.

    Raises:
        PortTakenError: Another process listens on a port of the service.
    """
    events = open_events(settings.log_level)
    take_library_logs(events)
    build = Build(version=service_version(), revision=environ.get("REVISION", ""))
    await supervise(settings, environ=environ, events=events, build=build)


@asynccontextmanager
async def open_app(parts: Parts, *, prunes: bool) -> AsyncIterator[web.Application]:
    """The application over real neighbours, opened in order and closed in reverse.

    Args:
        parts: What everything in this process shares.
        prunes: Whether this worker removes old changes; one of a fleet does.
    """
    async with (
        _open_population(parts) as population,
        _open_audit(parts) as audit,
        _open_cache(parts) as cache,
        _open_source(parts, population, cache) as source,
    ):
        directory = ClientDirectory(
            parts.background, metrics=parts.metrics, events=parts.events
        )
        # Without it, every key would be refused until the first refresh.
        with suppress(*FAILURES):
            await directory.load()
        feed = _feed(parts, cache, directory)
        background = [feed.run(), directory.run(), beat(parts.metrics, parts.events)]
        if prunes:
            background.append(_prune(feed, parts.settings))
        async with _kept(background):
            with suppress(TimeoutError):
                await asyncio.wait_for(feed.caught_up.wait(), CATCH_UP_S)
            service = LookupService(source, audit, parts.clock, parts.metrics)
            yield _wire(parts, service, directory)


def _open_population(parts: Parts) -> Any:
    return open_population(
        parts.lookups,
        parts.clock,
        count=parts.settings.database_connections,
        metrics=parts.metrics,
        events=parts.events,
    )


def _open_audit(parts: Parts) -> Any:
    return open_audit_log(
        parts.background, parts.clock, metrics=parts.metrics, events=parts.events
    )


@asynccontextmanager
async def _open_cache(parts: Parts) -> AsyncIterator[Tiers]:
    async with open_redis(
        parts.settings.redis_url.get_secret_value(),
        timeout_s=parts.settings.redis_timeout_s,
        clock=parts.clock,
        metrics=parts.metrics,
        events=parts.events,
    ) as redis:
        yield Tiers(
            Stores(
                MemoryStore(parts.settings.memory_max_bytes, metrics=parts.metrics),
                SealedStore(redis, Seal(parts.secret), events=parts.events),
            ),
            Keys(parts.secret, shape()),
            freshness=parts.freshness,
            clock=parts.clock,
            metrics=parts.metrics,
        )


@asynccontextmanager
async def _open_source(
    parts: Parts, population: Population, cache: Tiers
) -> AsyncIterator[RecordSource]:
    """The way of a question, from the outermost guard to the database.

    Remembering: the cache first, stale answers when the source is down.
    SingleFlight: one load for all who wait. Filling: late answers are kept, too.
    Breaker and Bulkhead: nothing while it is broken, not too much at once.
    """
    flights = SingleFlight(
        Filling(cache, _guarded(parts, population)),
        clock=parts.clock,
        load_max_s=parts.settings.deadline_s,
        metrics=parts.metrics,
    )
    remembering = Remembering(
        cache,
        flights,
        freshness=parts.freshness,
        clock=parts.clock,
        metrics=parts.metrics,
    )
    try:
        yield remembering
    finally:
        await remembering.aclose()
        await flights.aclose()


def _guarded(parts: Parts, population: Population) -> RecordSource:
    return Breaker(
        source=Bulkhead(
            source=population,
            target="population",
            at_most=AT_POPULATION_MAX,
            metrics=parts.metrics,
        ),
        target="population",
        clock=parts.clock,
        metrics=parts.metrics,
        events=parts.events,
    )


def _feed(parts: Parts, cache: Tiers, directory: ClientDirectory) -> ChangeFeed:
    return ChangeFeed(
        database=parts.background,
        on_change=cache.forget,
        on_clients_changed=directory.refresh_soon,
        replay_for=timedelta(seconds=parts.settings.usable_s) + OPEN_FOR,
        clock=parts.clock,
        metrics=parts.metrics,
        events=parts.events,
    )


def _wire(
    parts: Parts, service: LookupService, directory: ClientDirectory
) -> web.Application:
    lookups = Lookups(
        service=service,
        admission=Admission(directory, parts.clock),
        clock=parts.clock,
        deadline_s=parts.settings.deadline_s,
        etag_key=subkey(parts.secret, b"etag"),
    )
    return build_app(Edge(parts.clock, parts.metrics, parts.events), lookups)


async def _prune(feed: ChangeFeed, settings: Settings) -> None:
    """Remove, every hour, changes that no cache can still have missed."""
    while True:
        await asyncio.sleep(PRUNE_EVERY_S)
        # It is tried again in an hour; the feed says that the database is away.
        with suppress(*FAILURES):
            await feed.prune(timedelta(seconds=2 * settings.usable_s))


@asynccontextmanager
async def _kept(
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
