"""What a peer knows of a person, as pydantic models: read from rows, kept as JSON."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from lookup.record import BirthDate, CardStatus, Manager, Sex


class Private(BaseModel):
    """A model that reads from rows, and whose content never shows when printed."""

    model_config = ConfigDict(from_attributes=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [(None, "***")]


class Person(Private):
    """Who the record is about."""

    citizen_id: str
    full_name: str
    birth_year: int
    birth_month: int | None
    birth_day: int | None
    sex: Sex
    status: str

    @property
    def birth_date(self) -> BirthDate:
        """The date of birth as the rules read it."""
        return BirthDate(
            year=self.birth_year, month=self.birth_month, day=self.birth_day
        )

    @property
    def is_restricted(self) -> bool:
        """Protected by order: shown as unknown to all without the scope for it."""
        return self.status == "restricted"


class Card(Private):
    """A health-insurance card."""

    card_number: str
    social_insurance_number: str
    subject_code: str
    benefit_level: int
    valid_from: date
    valid_to: date | None
    facility_code: str
    facility_name: str | None
    area: Literal["K1", "K2", "K3"] | None
    five_year_on: date | None
    status: CardStatus
    ended_on: date | None
    manager: Manager
    issued_by: str | None


class Coverage(Private):
    """The person and all cards, newest start last."""

    person: Person
    cards: list[Card]


class CodedItem(Private):
    """One entry of a health summary."""

    code: str | None = None
    system: Literal["icd10", "atc", "vaccine"] | None = None
    text: str = ""
    since: str | None = None
    note: str | None = None
    is_severe: bool = False


class Summary(Private):
    """The health summary; None is a section that was never recorded."""

    allergies: list[CodedItem] | None = None
    conditions: list[CodedItem] | None = None
    medications: list[CodedItem] | None = None
    immunisations: list[CodedItem] | None = None
    blood_group: str | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    blood_pressure: str | None = None
    measured_on: date | None = None
    updated_on: date | None = None


class Visit(Private):
    """One stay or consultation."""

    visit_id: str
    facility_code: str
    facility_name: str | None
    admitted_on: date
    discharged_on: date | None
    kind: Literal["outpatient", "inpatient", "emergency"]
    diagnosis_code: str
    diagnosis: str
    outcome: Literal["cured", "better", "unchanged", "worse", "died", "unknown"]


class Document(Private):
    """A paper of the record."""

    document_id: str
    kind: Literal["referral", "re_examination", "discharge", "summary"]
    issued_on: date
    valid_to: date | None
    facility_code: str
    title: str


class Health(Private):
    """Summary, and the newest 20 visits and documents."""

    summary: Summary | None
    visits: list[Visit]
    documents: list[Document]


class KnownCoverage(Private):
    """What is known about a number; ``record`` None for nobody."""

    as_of: datetime
    record: Coverage | None


class KnownHealth(Private):
    """The same for the health record."""

    as_of: datetime
    record: Health | None


Known = KnownCoverage | KnownHealth
