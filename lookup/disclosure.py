"""Step 4: what this asker may learn from an eligibility; pure.

Whoever asks with a wrong claim must not learn that the number belongs to somebody:
a mismatch looks like nobody, in words and in size, unless the client may see the
difference. The exact code still goes to audit and metrics.
"""

from datetime import date

from lookup.codes import RESULTS, Result
from lookup.eligibility import Eligibility
from lookup.record import (
    CoverageRecord,
    Facet,
    Finding,
    HealthRecord,
    Person,
    Private,
)
from lookup.request import LookupRequest
from lookup.scopes import Scope

NOBODY = "050"

_HIDDEN = frozenset({"060", "061", "070"})
"""Mismatches against a person's record. 051 to 053 speak of the typed number alone
and say nothing about anybody."""


class Disclosure(Private, frozen=True):
    """What may be shown of a lookup, whoever else asks so: all of it that lasts."""

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

    tells_age: bool
    """Whether age and source are told.

    "Nobody" is remembered for a shorter time than a person, so the age of an answer
    that shows no person would tell the two apart.
    """

    resolved_by: str
    """Kind of number that led here; ``superseded`` for a replaced citizen ID."""


def disclose(
    eligibility: Eligibility,
    request: LookupRequest,
    scopes: frozenset[Scope],
    *,
    coverage: CoverageRecord | None,
    health: Finding | None,
) -> Disclosure:
    """Cut what is known down to what a client with these scopes may see.

    Args:
        eligibility: What follows from the coverage.
        request: What was asked.
        scopes: How far the client reaches.
        coverage: What the source knows; None for nobody.
        health: What was found of the health facet; None where it was not asked for,
            or no source could be asked.
    """
    fits = eligibility.identity_fits
    person = coverage.person if coverage is not None and fits else None
    is_wanted = fits and Facet.HEALTH in request.facets
    is_theirs = is_wanted and _is_of(health, person)
    return Disclosure(
        on=request.on,
        told=RESULTS[told_code(eligibility, scopes)],
        person=person,
        eligibility=eligibility if fits else None,
        health=health.health if is_theirs and health is not None else None,
        health_is_missing=is_wanted and not is_theirs,
        tells_age=fits or Scope.MISMATCH_DETAIL in scopes,
        resolved_by=_resolved_by(request, person),
    )


def told_code(eligibility: Eligibility, scopes: frozenset[Scope]) -> str:
    """The result code that a client with these scopes reads."""
    if eligibility.code in _HIDDEN and Scope.MISMATCH_DETAIL not in scopes:
        return NOBODY
    return eligibility.code


def _is_of(finding: Finding | None, person: Person | None) -> bool:
    """Whether health was found, and as far as it can be known for this person.

    The two facets are remembered apart. While a card moves to another person, its
    number may lead to the one in one facet and to the other in the other.
    """
    if finding is None or person is None:
        return False
    record = finding.health
    return record is None or record.citizen_id == person.citizen_id


def _resolved_by(request: LookupRequest, person: Person | None) -> str:
    asked = request.identifier
    living = person.citizen_id if person is not None else None
    if asked.kind == "citizen_id" and living not in (None, asked.digits):
        return "superseded"
    return asked.kind
