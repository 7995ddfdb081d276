"""The sources of the settings, each behind its own guards; part of the composition.

What stands before all of them, the cache, is in ``lookup.app``.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.chain import Chain
from adapters.guards import Breaker, Bulkhead
from adapters.population import open_population
from adapters.postgres import Database
from adapters.vss_contract import Watch
from adapters.vss_gateway import open_gateway
from adapters.vss_http import CONNECTIONS_MAX
from adapters.vss_token import Account
from lookup.ports import RecordSource
from lookup.settings import Settings

AT_POPULATION_MAX = 512
"""Lookups that may wait for the population at once, per worker. They travel together,
up to 128 in one statement, so with 4 connections this is one statement on each."""

AT_GATEWAY_MAX = 2 * CONNECTIONS_MAX
"""The same for the gateway: half of them wait for a connection, for a second or so."""


@asynccontextmanager
async def open_sources(
    settings: Settings, database: Database, watch: Watch
) -> AsyncIterator[RecordSource]:
    """What is asked on a miss, open as long as the block.

    Breaker and Bulkhead: nothing while it is broken, not too much at once. Chain: the
    gateway only about whom the population does not know.
    """
    opened: list[RecordSource] = []
    async with AsyncExitStack() as stack:
        if "population" in settings.sources:
            population = _open_population(settings, database, watch)
            opened.append(await stack.enter_async_context(population))
        if "gateway" in settings.sources:
            gateway = _open_gateway(settings, watch)
            opened.append(await stack.enter_async_context(gateway))
        first, *others = opened
        for second in others:
            first = Chain(first=first, second=second, first_max_s=settings.deadline_s)
        yield first


def load_max_s(settings: Settings) -> float:
    """How long all sources together may take, whoever still waits, in seconds."""
    gateway_s = settings.gateway_timeout_s if "gateway" in settings.sources else 0.0
    return settings.deadline_s + gateway_s


@asynccontextmanager
async def _open_population(
    settings: Settings, database: Database, watch: Watch
) -> AsyncIterator[RecordSource]:
    async with open_population(
        database,
        watch.clock,
        count=settings.database_connections,
        metrics=watch.metrics,
        events=watch.events,
    ) as population:
        yield _guarded(population, "population", watch, at_most=AT_POPULATION_MAX)


@asynccontextmanager
async def _open_gateway(
    settings: Settings, watch: Watch
) -> AsyncIterator[RecordSource]:
    async with open_gateway(
        settings.gateway_url,
        account_of(settings),
        timeout_s=settings.gateway_timeout_s,
        watch=watch,
    ) as gateway:
        yield _guarded(gateway, "gateway", watch, at_most=AT_GATEWAY_MAX)


def _guarded(
    source: RecordSource, target: str, watch: Watch, *, at_most: int
) -> RecordSource:
    return Breaker(
        source=Bulkhead(
            source=source, target=target, at_most=at_most, metrics=watch.metrics
        ),
        target=target,
        clock=watch.clock,
        metrics=watch.metrics,
        events=watch.events,
    )


def account_of(settings: Settings) -> Account:
    """With what the settings let us ask the gateway."""
    return Account(
        username=settings.gateway_username,
        password_md5=settings.gateway_password_md5.get_secret_value().upper(),
        officer_name=settings.gateway_officer_name.get_secret_value(),
        officer_citizen_id=settings.gateway_officer_citizen_id.get_secret_value(),
    )
