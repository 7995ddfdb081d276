"""The real cache as a worker has it, and more than one of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cache.entry import shape
from cache.freshness import Freshness
from cache.key import Keys
from cache.memory_store import MemoryStore
from cache.redis_store import RedisStore, open_redis
from cache.seal import Seal
from cache.sealed_store import SealedStore
from cache.tiers import Shared, Stores, Tiers
from lookup.citizen_id import Identifier
from lookup.clock import SystemClock
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.record import Facet, Finding
from tests.support.clock import HandClock

SECRET = bytes(range(32))

FRESHNESS = Freshness(fresh_s=600, usable_s=86_400, nobody_fresh_s=60)

TIMEOUT_S = 5.0
"""Far more than a healthy Redis needs, however busy the machine."""

NOWHERE = "unix:///nonexistent/redis.sock"
"""A Redis that is away."""


def clock_of_redis() -> HandClock:
    """A clock of today, because Redis drops values by its own.

    At a full second, when knowledge has its longest fresh time.
    """
    return HandClock(SystemClock().now().replace(microsecond=0))


@dataclass
class Worker:
    """One worker's cache with what it counts and tells."""

    clock: HandClock
    metrics: Metrics = field(default_factory=Metrics.in_memory)
    told: list[str] = field(default_factory=list)
    """Names of events, in order."""

    secrets: Sequence[bytes] = (SECRET,)
    """The one in use, then those that are being replaced."""

    def __post_init__(self) -> None:
        self.events = Events(lambda _, event, __: self.told.append(event))

    def tiers(self, redis: RedisStore, *, memory_max_bytes: int = 10**6) -> Tiers:
        memory = MemoryStore(memory_max_bytes, metrics=self.metrics)
        shared, *others = (self._shared(redis, secret) for secret in self.secrets)
        return Tiers(
            Stores(memory, shared, tuple(others)),
            freshness=FRESHNESS,
            clock=self.clock,
            metrics=self.metrics,
        )

    def _shared(self, redis: RedisStore, secret: bytes) -> Shared:
        sealed = SealedStore(redis, Seal(secret), events=self.events)
        return Shared(Keys(secret, shape()), sealed)

    @asynccontextmanager
    async def redis(
        self, url: str, *, timeout_s: float = TIMEOUT_S
    ) -> AsyncIterator[RedisStore]:
        async with open_redis(
            url,
            timeout_s=timeout_s,
            clock=self.clock,
            metrics=self.metrics,
            events=self.events,
        ) as redis:
            yield redis

    def reads(self, tier: str, result: str) -> float:
        """How often reads of the coverage facet came to this result."""
        return self.metrics.read("tracuu_cache_reads_total", tier, "coverage", result)

    def writes(self, tier: str, result: str) -> float:
        return self.metrics.read("tracuu_cache_writes_total", tier, result)


async def written(redis: RedisStore) -> None:
    """Wait until Redis has confirmed every write."""
    writer = redis._writes._writer
    if writer is not None:
        await writer


@dataclass
class Fleet:
    """A ``RecordCache`` of two workers: what one remembers, the other gives."""

    writing: Tiers
    reading: Tiers
    redis: RedisStore
    """The writing one's."""

    async def get(self, identifier: Identifier, facet: Facet) -> Finding | None:
        return await self.reading.get(identifier, facet)

    async def put(self, identifier: Identifier, facet: Facet, finding: Finding) -> None:
        await self.writing.put(identifier, facet, finding)
        await written(self.redis)

    async def forget(self, citizen_id: Identifier, facet: Facet, version: int) -> None:
        await self.writing.forget(citizen_id, facet, version)
        await self.reading.forget(citizen_id, facet, version)
        await written(self.redis)
