"""A source whose findings are remembered as soon as they are there.

It stands inside ``SingleFlight``, so that an answer that comes too late for all who
waited is still in the cache for the next one.
"""

from dataclasses import dataclass

from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.ports import RecordCache, RecordSource
from lookup.record import Facet, Finding
from lookup.request import Claim


@dataclass(frozen=True, slots=True)
class Filling:
    """A ``RecordSource`` that puts what it finds into a cache.

    What a source withheld is not put: it was said to one claim, and the cache answers
    all.
    """

    cache: RecordCache
    source: RecordSource

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        """Ask the source and remember, as ``RecordSource`` promises."""
        finding = await self.source.fetch(identifier, facet, deadline, claim=claim)
        if finding.withheld is None:
            await self.cache.put(identifier, facet, finding)
        return finding
