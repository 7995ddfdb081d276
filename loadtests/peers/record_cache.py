"""Cache-aside in Redis: one JSON text for each facet of a person."""

from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256

from redis.asyncio import Redis
from redis.exceptions import RedisError

from loadtests.peers.records import Known, KnownCoverage, KnownHealth
from lookup.citizen_id import Identifier
from lookup.record import Facet

PREFIX = "fastapi-peer"

FRESH_S = 600
"""How long a record is kept, as in ours."""

NOBODY_FRESH_S = 60
"""How long it is kept that there is nobody, as in ours."""

_SHAPES: dict[Facet, type[Known]] = {
    Facet.COVERAGE: KnownCoverage,
    Facet.HEALTH: KnownHealth,
}


class RecordCache:
    """Remembers what is known; a Redis that fails knows nothing."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def read(
        self, identifier: Identifier, facets: frozenset[Facet]
    ) -> dict[Facet, Known]:
        """What is kept about a number, by facet."""
        wanted = sorted(facets)
        try:
            texts = await self._redis.mget([_key(identifier, each) for each in wanted])
        except RedisError:
            return {}
        return {
            facet: _SHAPES[facet].model_validate_json(text)
            for facet, text in zip(wanted, texts, strict=True)
            if text is not None
        }

    async def write(self, identifier: Identifier, known: Mapping[Facet, Known]) -> None:
        """Keep what the population said."""
        pipeline = self._redis.pipeline(transaction=False)
        for facet, each in known.items():
            ttl_s = NOBODY_FRESH_S if each.record is None else FRESH_S
            _ = pipeline.set(_key(identifier, facet), each.model_dump_json(), ex=ttl_s)
        with suppress(RedisError):
            await pipeline.execute()


def _key(identifier: Identifier, facet: Facet) -> str:
    number = f"{identifier.kind}:{identifier.digits}"
    return f"{PREFIX}:{facet}:{sha256(number.encode()).hexdigest()}"
