"""Step 5: what is answered, how old it is and where it came from.

Every dialect prints this one shape.
"""

from datetime import date, datetime

from lookup.codes import RESULTS, Outcome, Result
from lookup.disclosure import Disclosure
from lookup.eligibility import Eligibility
from lookup.record import HealthRecord, Person, Private, SourceName


class Freshness(Private, frozen=True):
    """Where the record came from and when it was true."""

    source: SourceName
    as_of: datetime
    age_s: float
    is_stale: bool


class LookupResult(Private, frozen=True):
    """The answer to one lookup, as far as this asker may see it."""

    request_id: str
    shown: Disclosure
    """What would be the same if it were asked again now."""

    freshness: Freshness | None
    is_near: bool = False
    """Whether ``shown`` is the very same object if it is asked again soon."""

    @property
    def on(self) -> date:
        """Day of service."""
        return self.shown.on

    @property
    def told(self) -> Result:
        """The row of the result table that the caller reads."""
        return self.shown.told

    @property
    def person(self) -> Person | None:
        """None unless the identity fits; so are the two below."""
        return self.shown.person

    @property
    def eligibility(self) -> Eligibility | None:
        """What follows from the cards."""
        return self.shown.eligibility

    @property
    def health(self) -> HealthRecord | None:
        """The health facet, where it was asked for."""
        return self.shown.health

    @property
    def health_is_missing(self) -> bool:
        """Health was asked for and allowed, but no source could be asked for it."""
        return self.shown.health_is_missing

    @property
    def outcome(self) -> Outcome:
        """The told code as it is counted."""
        return outcome_of(self.told.code, in_force=self.in_force)

    @property
    def in_force(self) -> bool:
        """Whether a card gives cover on the day of service."""
        eligibility = self.shown.eligibility
        return eligibility is not None and eligibility.in_force


def outcome_of(code: str, *, in_force: bool) -> Outcome:
    """How a code is counted.

    003 is ``active`` when the new card is in force, as it is when the desk asked by
    the number of the old one.
    """
    if code == "003" and in_force:
        return Outcome.ACTIVE
    return RESULTS[code].outcome
