"""From records to the answer, by the service's own rules: those are not compared.

The rules only read attributes, so the pydantic models go through them as they are.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, cast

from loadtests.peers.callers import Caller
from loadtests.peers.records import (
    Card,
    Coverage,
    Known,
    KnownCoverage,
    KnownHealth,
    Person,
)
from loadtests.peers.wire import (
    BenefitOut,
    CoverageOut,
    FiveYearOut,
    FreshnessOut,
    HealthOut,
    LookupOut,
    PersonOut,
    ResultOut,
    TextOut,
    WarningOut,
)
from lookup.codes import RESULTS, Outcome
from lookup.disclosure import told_code
from lookup.eligibility import Eligibility, decide
from lookup.notices import BENEFITS, NOTICES
from lookup.record import CoverageRecord, Facet
from lookup.request import LookupRequest
from lookup.result import outcome_of
from lookup.scopes import Scope

Source = Literal["redis", "population"]

Found = dict[Facet, tuple[Source, Known]]
"""What was found by facet, and where; coverage is always there."""


@dataclass(frozen=True, slots=True, repr=False)
class Judged:
    """A lookup that is decided: who asked what, what was found, what follows."""

    request: LookupRequest
    caller: Caller
    request_id: str
    found: Found
    eligibility: Eligibility

    @property
    def record(self) -> Coverage | None:
        """The person and cards that were found; None for nobody."""
        return coverage_of(self.found)

    @property
    def source(self) -> Source:
        """Where coverage was found."""
        return self.found[Facet.COVERAGE][0]

    @property
    def outcome(self) -> Outcome:
        """How it is counted."""
        eligibility = self.eligibility
        return outcome_of(eligibility.code, in_force=eligibility.in_force)


def judge(
    request: LookupRequest, record: Coverage | None, scopes: frozenset[Scope]
) -> Eligibility:
    """What follows from a record for this request."""
    return decide(
        cast("CoverageRecord | None", record),
        request,
        sees_restricted=Scope.RESTRICTED in scopes,
    )


def coverage_of(found: Found) -> Coverage | None:
    """The person and cards that were found; None for nobody."""
    _, known = found[Facet.COVERAGE]
    assert isinstance(known, KnownCoverage)
    return known.record


def answer(judged: Judged) -> LookupOut:
    """What the caller is told."""
    request, eligibility = judged.request, judged.eligibility
    scopes = judged.caller.scopes
    record = judged.record if eligibility.identity_fits else None
    tells_age = eligibility.identity_fits or Scope.MISMATCH_DETAIL in scopes
    return LookupOut(
        request_id=judged.request_id,
        result=_result(eligibility, scopes),
        person=_person(record) if record else None,
        coverage=_coverage(eligibility, request.on) if record else None,
        health=_health(judged.found) if record else None,
        freshness=_freshness(judged.found) if tells_age else None,
        resolved_by=_resolved_by(request, record),
    )


def _result(eligibility: Eligibility, scopes: frozenset[Scope]) -> ResultOut:
    told = RESULTS[told_code(eligibility, scopes)]
    is_green = told.verdict == "amber" and eligibility.in_force
    return ResultOut(
        code=told.code,
        outcome=outcome_of(told.code, in_force=eligibility.in_force),
        verdict="green" if is_green else told.verdict,
        text=TextOut(vi=told.text_vi, en=told.text_en),
        next_step=TextOut(vi=told.next_vi, en=told.next_en),
    )


def _person(record: Coverage) -> PersonOut:
    person = record.person
    return PersonOut(
        citizen_id=person.citizen_id,
        full_name=person.full_name,
        birth_date=birth_date_text(person),
        sex=person.sex,
    )


def birth_date_text(person: Person) -> str:
    """A date of birth as ISO 8601, cut to what is known."""
    parts = [f"{person.birth_year:04}"]
    known = (person.birth_month, person.birth_day)
    parts += [f"{part:02}" for part in known if part is not None]
    return "-".join(parts)


def _coverage(eligibility: Eligibility, on: date) -> CoverageOut:
    card = cast("Card | None", eligibility.card)
    return CoverageOut(
        on=on,
        in_force=eligibility.in_force,
        card=card,
        other_cards=cast("list[Card]", list(eligibility.other_cards)),
        benefit=_benefit(card) if card and eligibility.in_force else None,
        five_year=_five_year(card, on) if card else None,
        warnings=[
            WarningOut(code=notice, text=TextOut.model_validate(NOTICES[notice]))
            for notice in eligibility.notices
        ],
    )


def _benefit(card: Card) -> BenefitOut:
    return BenefitOut.model_validate(BENEFITS[card.benefit_level])


def _five_year(card: Card, on: date) -> FiveYearOut | None:
    if card.five_year_on is None:
        return None
    return FiveYearOut(on=card.five_year_on, reached=card.five_year_on <= on)


def _health(found: Found) -> HealthOut | None:
    if Facet.HEALTH not in found:
        return None
    _, known = found[Facet.HEALTH]
    assert isinstance(known, KnownHealth)
    return HealthOut.model_validate(known.record) if known.record else None


def _freshness(found: Found) -> FreshnessOut:
    """Of two facets, the older one speaks for both."""
    source, known = min(found.values(), key=lambda each: each[1].as_of)
    age_s = (datetime.now(UTC) - known.as_of).total_seconds()
    return FreshnessOut(
        source=source, as_of=known.as_of, age_s=round(age_s, 3), is_stale=False
    )


def _resolved_by(request: LookupRequest, record: Coverage | None) -> str:
    asked = request.identifier
    if record is None or asked.kind != "citizen_id":
        return asked.kind
    is_former = record.person.citizen_id != asked.digits
    return "superseded" if is_former else asked.kind
