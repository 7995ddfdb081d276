"""The request and the answer of a lookup as pydantic models."""

from datetime import date, datetime
from typing import Literal

from pydantic import ConfigDict

from loadtests.peers.records import (
    Card,
    Document,
    Private,
    Summary,
    Visit,
)
from lookup.record import Sex


class LookupIn(Private):
    """A lookup as it was sent: texts, not yet looked at."""

    model_config = ConfigDict(extra="forbid")

    citizen_id: str | None = None
    qr: str | None = None
    card_number: str | None = None
    full_name: str | None = None
    birth_date: str | None = None
    on: str | None = None
    include: tuple[str, ...] | None = None
    purpose: str | None = None
    operator: str | None = None


class TextOut(Private):
    """The same sentence in Vietnamese and in English."""

    vi: str
    en: str


class ResultOut(Private):
    """What the lookup came to, and what to do next."""

    code: str
    outcome: str
    verdict: Literal["green", "blue", "amber", "red", "grey"]
    text: TextOut
    next_step: TextOut


class PersonOut(Private):
    """The person, shown only when the claimed identity fits."""

    citizen_id: str
    full_name: str
    birth_date: str
    sex: Sex


class BenefitOut(Private):
    """Which share the card pays."""

    level: int
    percent: int
    text: TextOut


class FiveYearOut(Private):
    """When five consecutive years of insurance are reached."""

    on: date
    reached: bool


class WarningOut(Private):
    """What the desk should know beside the verdict."""

    code: str
    text: TextOut


class CoverageOut(Private):
    """The insurance on the day of service."""

    on: date
    in_force: bool
    card: Card | None
    other_cards: list[Card]
    benefit: BenefitOut | None
    five_year: FiveYearOut | None
    warnings: list[WarningOut]


class HealthOut(Private):
    """The summary of the health record."""

    summary: Summary | None
    visits: list[Visit]
    documents: list[Document]


class FreshnessOut(Private):
    """Where the record came from and how old it is."""

    source: Literal["redis", "population"]
    as_of: datetime
    age_s: float
    is_stale: bool


class LookupOut(Private):
    """The answer to one lookup."""

    request_id: str
    result: ResultOut
    person: PersonOut | None
    coverage: CoverageOut | None
    health: HealthOut | None
    freshness: FreshnessOut | None
    resolved_by: str
