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
from adapters.gateway_users import GatewayDirectory
from adapters.postgres import BACKGROUND_TIMEOUT_S, FAILURES, Database
from adapters.used_assertions import UsedAssertions
from adapters.vss_contract import Watch
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
from lookup.access_token import AccessTokens
from lookup.events import Events, open_events, take_library_logs
from lookup.metrics import Metrics
from lookup.metrics_page import Build
from lookup.ports import Clock, RecordSource
from lookup.pulse import beat
from lookup.service import LookupService
from lookup.settings import Settings
from lookup.sources import load_max_s, open_sources
from lookup.supervisor import supervise
from lookup.web.admission import Admission
from lookup.web.fhir.routes import fhir_beside
from lookup.web.lookups import Lookups
from lookup.web.middleware import Edge
from lookup.web.oauth import TOKEN_PATH, TokenEndpoint
from lookup.web.openapi import service_version
from lookup.web.public_address import public_address
from lookup.web.routes import build_app
from lookup.web.vss import Gateway
from lookup.web.vss_tokens import Tokens

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
        return self._database(self.settings.database_timeout_s)

    @property
    def background(self) -> Database:
        """The same for all else, which nobody waits for."""
        return self._database(BACKGROUND_TIMEOUT_S)

    @property
    def watch(self) -> Watch:
        """By what a source tells the time and what happens."""
        return Watch(clock=self.clock, metrics=self.metrics, events=self.events)

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

    def _database(self, timeout_s: float) -> Database:
        return Database(self.settings.database_url.get_secret_value(), timeout_s)


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
        open_audit_log(
            parts.background, parts.clock, metrics=parts.metrics, events=parts.events
        ) as audit,
        _open_cache(parts) as cache,
        open_sources(parts.settings, parts.lookups, parts.watch) as sources,
        _open_stack(parts, sources, cache) as source,
    ):
        directory = ClientDirectory(
            parts.background, metrics=parts.metrics, events=parts.events
        )
        users = GatewayDirectory(parts.background, events=parts.events)
        # Without it, every key would be refused until the first refresh.
        with suppress(*FAILURES):
            await directory.load()
            await users.load()
        feed = _feed(parts, cache, (directory, users))
        background = [
            feed.run(),
            directory.run(),
            users.run(),
            beat(parts.metrics, parts.events),
        ]
        if prunes:
            background.append(_prune(feed, parts))
        async with _kept(background):
            with suppress(TimeoutError):
                await asyncio.wait_for(feed.caught_up.wait(), CATCH_UP_S)
            service = LookupService(
                source,
                audit,
                parts.clock,
                parts.metrics,
                needs_whole_claim="gateway" in parts.settings.sources,
            )
            yield _wire(parts, service, directory, users=users)


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
async def _open_stack(
    parts: Parts, sources: RecordSource, cache: Tiers
) -> AsyncIterator[RecordSource]:
    """The way of a question to ``lookup.sources``.

    Remembering: the cache first, stale answers when the source is down.
    SingleFlight: one load for all who wait. Filling: late answers are kept, too.
    """
    flights = SingleFlight(
        Filling(cache, sources),
        clock=parts.clock,
        load_max_s=load_max_s(parts.settings),
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


def _wire(
    parts: Parts,
    service: LookupService,
    directory: ClientDirectory,
    *,
    users: GatewayDirectory,
) -> web.Application:
    access_tokens = AccessTokens(subkey(parts.secret, b"access-token"))
    lookups = Lookups(
        service=service,
        admission=Admission(directory, parts.clock, access_tokens),
        clock=parts.clock,
        deadline_s=parts.settings.deadline_s,
        etag_key=subkey(parts.secret, b"etag"),
    )
    gateway = Gateway(
        service=service,
        directory=users,
        tokens=Tokens(subkey(parts.secret, b"vss-token")),
        clock=parts.clock,
        deadline_s=parts.settings.deadline_s,
    )
    smart = TokenEndpoint(
        directory=directory,
        used=UsedAssertions(parts.background),
        tokens=access_tokens,
        clock=parts.clock,
        token_url=public_address(parts.settings) + TOKEN_PATH,
        metrics=parts.metrics,
    )
    return build_app(
        Edge(parts.clock, parts.metrics, parts.events),
        lookups,
        gateway,
        fhir=fhir_beside(
            lookups, parts.settings, ids_key=subkey(parts.secret, b"fhir-id")
        ),
        smart=smart,
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
