"""A second source for what the first does not know."""

from dataclasses import dataclass

import msgspec

from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.ports import RecordSource
from lookup.record import CoverageRecord, Facet, Finding
from lookup.request import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A ``RecordSource`` of two.

    The second is asked about whom the first does not know, and for the cards of those
    whom it knows without one.

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
        share = msgspec.structs.replace(deadline, expires_s=ends_s)
        finding = await self.first.fetch(identifier, facet, share, claim=claim)
        if _says_enough(finding, claim):
            return finding
        other = await self.second.fetch(identifier, facet, deadline, claim=claim)
        return other if finding.record is None else _with_cards_of(finding, other)


def _says_enough(finding: Finding, claim: Claim | None) -> bool:
    """Whether the second has nothing to add.

    About somebody known it is asked only with a whole claim: without one it would
    refuse, and the person's lack of a card is an answer.
    """
    record = finding.record
    if not isinstance(record, CoverageRecord):
        return record is not None
    return bool(record.cards) or claim is None or bool(claim.missing())


def _with_cards_of(finding: Finding, other: Finding) -> Finding:
    """The first's person with the second's cards; the first's word if it has none.

    The person stays the first's, because it knows who is protected, and so does the
    version, so that a change there replaces this.
    """
    if not isinstance(other.record, CoverageRecord) or not other.record.cards:
        return finding
    assert isinstance(finding.record, CoverageRecord)
    joined = msgspec.structs.replace(finding.record, cards=other.record.cards)
    return msgspec.structs.replace(other, record=joined, version=finding.version)
