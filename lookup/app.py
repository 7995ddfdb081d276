"""Composition root: opens what a worker needs, stacks the guards, builds the app.

With the commands beside it, the only module that knows ``adapters`` and ``cache``.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from cache.entry import shape
from cache.filling import Filling
from cache.key import Keys
from cache.memory_store import MemoryStore
from cache.redis_store import RedisStore, open_redis
from cache.remembering import Remembering
from cache.seal import Seal
from cache.sealed_store import SealedStore
from cache.single_flight import SingleFlight
from cache.tiers import Shared, Stores, Tiers
from lookup.access_token import AccessTokens
from lookup.events import open_events, take_library_logs
from lookup.metrics_page import Build
from lookup.parts import Parts
from lookup.ports import RecordSource
from lookup.pulse import beat
from lookup.service import LookupService
from lookup.settings import Settings
from lookup.sources import load_max_s, open_sources
from lookup.standing import Standing, kept, open_standing
from lookup.supervisor import supervise
from lookup.web.admission import Admission
from lookup.web.fhir.ids import Ids
from lookup.web.fhir.routes import fhir_beside
from lookup.web.lookups import Lookups
from lookup.web.middleware import Edge
from lookup.web.oauth import TOKEN_PATH, TokenEndpoint
from lookup.web.openapi import service_version
from lookup.web.public_address import public_address
from lookup.web.routes import build_app
from lookup.web.vss import Gateway
from lookup.web.vss_tokens import Tokens


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
async def open_app(parts: Parts) -> AsyncIterator[web.Application]:
    """The application over real neighbours, opened in order and closed in reverse."""
    async with (
        _open_cache(parts) as cache,
        open_standing(parts, cache) as standing,
        open_sources(parts.settings, parts.lookups, parts.watch) as sources,
        _open_stack(parts, sources, cache) as source,
        kept([beat(parts.metrics, parts.events)]),
    ):
        service = LookupService(
            source,
            standing.audit,
            parts.clock,
            parts.metrics,
            deadline_s=parts.settings.deadline_s,
            needs_whole_claim="gateway" in parts.settings.sources,
        )
        yield _wire(parts, service, standing)


@asynccontextmanager
async def _open_cache(parts: Parts) -> AsyncIterator[Tiers]:
    async with open_redis(
        parts.settings.redis_url.get_secret_value(),
        timeout_s=parts.settings.redis_timeout_s,
        clock=parts.clock,
        metrics=parts.metrics,
        events=parts.events,
    ) as redis:
        shared, *others = (_shared(parts, redis, each) for each in parts.secrets)
        yield Tiers(
            Stores(
                MemoryStore(parts.settings.memory_max_bytes, metrics=parts.metrics),
                shared,
                tuple(others),
            ),
            freshness=parts.freshness,
            clock=parts.clock,
            metrics=parts.metrics,
        )


def _shared(parts: Parts, redis: RedisStore, secret: bytes) -> Shared:
    sealed = SealedStore(redis, Seal(secret), events=parts.events)
    return Shared(Keys(secret, shape()), sealed)


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


def _wire(parts: Parts, service: LookupService, standing: Standing) -> web.Application:
    access_tokens = AccessTokens(*parts.subkeys(b"access-token"))
    lookups = Lookups(
        service=service,
        admission=Admission(standing.directory, parts.clock, access_tokens),
        clock=parts.clock,
        etag_key=parts.subkeys(b"etag")[0],
    )
    gateway = Gateway(
        service=service,
        directory=standing.users,
        tokens=Tokens(*parts.subkeys(b"vss-token")),
        clock=parts.clock,
    )
    edge = Edge(parts.clock, parts.metrics, parts.events)
    smart = TokenEndpoint(
        directory=standing.directory,
        used=standing.used,
        tokens=access_tokens,
        clock=parts.clock,
        token_url=public_address(parts.settings) + TOKEN_PATH,
        edge=edge,
    )
    return build_app(
        edge,
        lookups,
        gateway,
        fhir=fhir_beside(lookups, parts.settings, ids=Ids(*parts.subkeys(b"fhir-id"))),
        smart=smart,
    )
