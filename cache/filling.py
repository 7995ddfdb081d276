"""A source whose findings are remembered as soon as they are there.

It stands inside ``SingleFlight``, so that an answer that comes too late for all who
waited is still in the cache for the next one.
"""

from dataclasses import dataclass

from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.ports import RecordCache, RecordSource
from lookup.record import Facet, Finding


@dataclass(frozen=True, slots=True)
class Filling:
    """A ``RecordSource`` that puts whatever it finds into a cache."""

    cache: RecordCache
    source: RecordSource

    async def fetch(
        self, identifier: Identifier, facet: Facet, deadline: Deadline
    ) -> Finding:
        """Ask the source and remember, as ``RecordSource`` promises."""
        finding = await self.source.fetch(identifier, facet, deadline)
        await self.cache.put(identifier, facet, finding)
        return finding
