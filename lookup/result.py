"""Step 5: what is answered, how old it is and where it came from.

Every dialect prints this one shape.
"""

from dataclasses import dataclass
from datetime import date, datetime

from lookup.codes import RESULTS, Outcome, Result
from lookup.eligibility import Eligibility
from lookup.record import HealthRecord, Person, SourceName


@dataclass(frozen=True, slots=True)
class Freshness:
    """Where the record came from and when it was true."""

    source: SourceName
    as_of: datetime
    age_s: float
    is_stale: bool


@dataclass(frozen=True, slots=True, repr=False)
class LookupResult:
    """The answer to one lookup, as far as this asker may see it."""

    request_id: str
    on: date
    """Day of service."""

    told: Result
    """The row of the result table that the caller reads."""

    person: Person | None
    """None unless the identity fits; so are the two below."""

    eligibility: Eligibility | None
    health: HealthRecord | None
    health_is_missing: bool
    """Health was asked for and allowed, but no source could be asked for it."""

    freshness: Freshness | None
    resolved_by: str
    """Kind of number that led here; ``superseded`` for a replaced citizen ID."""

    @property
    def outcome(self) -> Outcome:
        """The told code as it is counted."""
        return outcome_of(self.told.code, in_force=self.in_force)

    @property
    def in_force(self) -> bool:
        """Whether a card gives cover on the day of service."""
        return self.eligibility is not None and self.eligibility.in_force


def outcome_of(code: str, *, in_force: bool) -> Outcome:
    """How a code is counted.

    003 is ``active`` when the new card is in force, as it is when the desk asked by
    the number of the old one.
    """
    if code == "003" and in_force:
        return Outcome.ACTIVE
    return RESULTS[code].outcome
