"""The answer as JSON: typed structs, the only place that knows their names."""

from datetime import date, datetime
from functools import cache
from typing import Literal

import msgspec

from lookup.codes import RESULTS
from lookup.disclosure import Disclosure
from lookup.eligibility import Eligibility
from lookup.notices import BENEFITS, NOTICES, Notice, Text
from lookup.record import (
    BirthDate,
    Document,
    HealthRecord,
    HealthSummary,
    InsuranceCard,
    Person,
    Private,
    Sex,
    SourceName,
    Visit,
)
from lookup.result import Freshness, LookupResult, outcome_of


class TextOut(msgspec.Struct, frozen=True):
    """The same sentence in Vietnamese and in English."""

    vi: str
    en: str


class ResultOut(msgspec.Struct, frozen=True):
    """What the lookup came to, and what to do next."""

    code: str
    outcome: str
    verdict: Literal["green", "blue", "amber", "red", "grey"]
    text: TextOut
    next_step: TextOut


class PersonOut(Private, frozen=True):
    """The person, shown only when the claimed identity fits."""

    citizen_id: str | None
    full_name: str
    birth_date: str
    """``YYYY-MM-DD``, ``YYYY-MM`` or ``YYYY``, as exactly as it is known."""

    sex: Sex


class BenefitOut(msgspec.Struct, frozen=True):
    """Which share the card pays."""

    level: int
    percent: int
    text: TextOut


class FiveYearOut(msgspec.Struct, frozen=True):
    """When five consecutive years of insurance are reached."""

    on: date
    reached: bool


class WarningOut(msgspec.Struct, frozen=True):
    """What the desk should know beside the verdict."""

    code: str
    text: TextOut


class CoverageOut(Private, frozen=True):
    """The insurance on the day of service."""

    on: date
    in_force: bool
    card: InsuranceCard | None
    """The card the result speaks of."""

    other_cards: tuple[InsuranceCard, ...]
    benefit: BenefitOut | None
    five_year: FiveYearOut | None
    warnings: tuple[WarningOut, ...]


class HealthOut(Private, frozen=True):
    """The summary of the health record; a section that is null was never recorded."""

    summary: HealthSummary | None
    visits: tuple[Visit, ...]
    documents: tuple[Document, ...]


class FreshnessOut(msgspec.Struct, frozen=True):
    """Where the record came from and how old it is."""

    source: SourceName
    as_of: str
    age_s: float
    is_stale: bool


class LookupOut(Private, frozen=True):
    """The answer to one lookup."""

    request_id: str
    result: ResultOut
    person: PersonOut | None
    coverage: CoverageOut | None
    health: HealthOut | None
    freshness: FreshnessOut | None
    resolved_by: str


_JSON = msgspec.json.Encoder()


def write_lasting(shown: Disclosure) -> bytes:
    """Print what would be the same if it were asked again; ETags are made of it."""
    return _JSON.encode(
        {
            "result": _result(shown),
            "person": _person(shown.person),
            "coverage": _coverage(shown),
            "health": _health(shown.health),
            "resolved_by": shown.resolved_by,
        }
    )


def write_result(result: LookupResult, lasting: bytes) -> bytes:
    """Print a result, of which the lasting part is printed already."""
    passing = _JSON.encode(
        {
            "request_id": result.request_id,
            "freshness": _freshness(result.freshness),
        }
    )
    return passing[:-1] + b"," + lasting[1:]


def birth_date_text(birth: BirthDate) -> str:
    """A date of birth as ISO 8601, cut to what is known."""
    parts = [f"{birth.year:04}"]
    parts += [f"{part:02}" for part in (birth.month, birth.day) if part is not None]
    return "-".join(parts)


@cache
def _both(text: Text) -> TextOut:
    return TextOut(text.vi, text.en)


def _result(shown: Disclosure) -> msgspec.Raw:
    eligibility = shown.eligibility
    is_covered = eligibility is not None and eligibility.in_force
    return _row(shown.told.code, in_force=is_covered)


@cache
def _row(code: str, *, in_force: bool) -> msgspec.Raw:
    """A row of the result table, printed once."""
    told = RESULTS[code]
    is_green = told.verdict == "amber" and in_force
    row = ResultOut(
        code=code,
        outcome=outcome_of(code, in_force=in_force),
        verdict="green" if is_green else told.verdict,
        text=TextOut(told.text_vi, told.text_en),
        next_step=TextOut(told.next_vi, told.next_en),
    )
    return msgspec.Raw(_JSON.encode(row))


def _person(person: Person | None) -> PersonOut | None:
    if person is None:
        return None
    return PersonOut(
        citizen_id=person.citizen_id,
        full_name=person.full_name,
        birth_date=birth_date_text(person.birth_date),
        sex=person.sex,
    )


def _coverage(shown: Disclosure) -> CoverageOut | None:
    eligibility = shown.eligibility
    if eligibility is None:
        return None
    card = eligibility.card
    return CoverageOut(
        on=shown.on,
        in_force=eligibility.in_force,
        card=card,
        other_cards=eligibility.other_cards,
        benefit=_benefit(card) if card and eligibility.in_force else None,
        five_year=_five_year(card, shown.on) if card else None,
        warnings=_warnings(eligibility, shown),
    )


def _benefit(card: InsuranceCard) -> BenefitOut:
    row = BENEFITS[card.benefit_level]
    return BenefitOut(row.level, row.percent, _both(row.text))


def _five_year(card: InsuranceCard, on: date) -> FiveYearOut | None:
    if card.five_year_on is None:
        return None
    return FiveYearOut(card.five_year_on, card.five_year_on <= on)


def _warnings(eligibility: Eligibility, shown: Disclosure) -> tuple[WarningOut, ...]:
    missing = (Notice.HEALTH_UNAVAILABLE,) if shown.health_is_missing else ()
    return tuple(
        WarningOut(notice, _both(NOTICES[notice]))
        for notice in eligibility.notices + missing
    )


def _health(health: HealthRecord | None) -> HealthOut | None:
    if health is None:
        return None
    return HealthOut(
        summary=health.summary, visits=health.visits, documents=health.documents
    )


def _freshness(freshness: Freshness | None) -> FreshnessOut | None:
    if freshness is None:
        return None
    return FreshnessOut(
        source=freshness.source,
        as_of=_instant(freshness.as_of),
        age_s=round(freshness.age_s, 3),
        is_stale=freshness.is_stale,
    )


def _instant(at: datetime) -> str:
    """An instant in UTC, to the millisecond."""
    return at.isoformat("T", "milliseconds")[: -len("+00:00")] + "Z"
