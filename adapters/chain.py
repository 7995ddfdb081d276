"""A second source for whom the first does not know."""

from dataclasses import dataclass, replace

from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.ports import RecordSource
from lookup.record import Facet, Finding
from lookup.request import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A ``RecordSource`` of two. The second is asked only about the first's nobody.

    When the first fails, the second is not asked: it may know less, and what it says
    would take the place of the first's richer record in the cache. When the second
    fails, that is the answer: nobody in the first alone would be a wrong "no".
    """

    first: RecordSource
    second: RecordSource
    first_max_s: float
    """Longest time for the first; the rest is the second's."""

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        """Ask one, then the other, as ``RecordSource`` promises."""
        ends_s = deadline.monotonic() + deadline.left_s(self.first_max_s)
        share = replace(deadline, expires_s=ends_s)
        finding = await self.first.fetch(identifier, facet, share, claim=claim)
        if finding.record is not None:
            return finding
        return await self.second.fetch(identifier, facet, deadline, claim=claim)
