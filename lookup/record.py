"""Step 2: what a source said about a citizen, in two facets, and when it said so.

Records are facts; what follows from them on a given day is ``lookup.eligibility``.
Every record hides its content when printed.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec


class Facet(StrEnum):
    """A part of a record that is loaded, kept, authorised and counted apart."""

    COVERAGE = "coverage"
    """The person and the insurance cards."""

    HEALTH = "health"
    """The summary of the electronic health record, visits and documents."""


class Private(msgspec.Struct, frozen=True, kw_only=True):
    """A shape whose content never shows: it prints as its name and ``***``."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("content", "***")]


class BirthDate(Private, frozen=True, order=True):
    """A date of birth as exactly as it is known: year, month and year, or full."""

    year: int
    month: int | None = None
    day: int | None = None


Sex = Literal["male", "female", "unknown"]


class Person(Private, frozen=True):
    """Who the record is about."""

    citizen_id: str | None
    """The living number, 12 digits, even when an older one was asked for.

    None when the source does not tell it: the gateway, asked by card number.
    """

    full_name: str
    birth_date: BirthDate
    sex: Sex
    is_restricted: bool = False
    """Protected by order: shown as unknown to all without the scope for it."""


CardStatus = Literal[
    "active",
    "revoked",
    "decreased",
    "moved_out_of_province",
    "moved_within_province",
    "readded_at_same_unit",
    "stopped",
]
"""Why a card was ended, if it was: insurer's codes 110 and 120 to 124 in order."""

Manager = Literal["social_security", "defence", "public_security"]


class InsuranceCard(Private, frozen=True):
    """A health-insurance card (thẻ BHYT)."""

    card_number: str
    """15 characters."""

    social_insurance_number: str
    """10 digits."""

    subject_code: str
    """Two letters: the group through which the person is insured (mã đối tượng)."""

    benefit_level: int
    """1 to 5 (mã mức hưởng): which share is paid."""

    valid_from: date
    valid_to: date | None
    """Last day in force; None while no end is set."""

    facility_code: str
    """Where the person is registered (nơi ĐKKCB ban đầu, maDKBD): 5 characters."""

    facility_name: str | None = None
    area: Literal["K1", "K2", "K3"] | None = None
    """Difficult or island area (mã khu vực)."""

    five_year_on: date | None = None
    """Day on which five consecutive years of insurance are reached."""

    status: CardStatus = "active"
    ended_on: date | None = None
    """First day on which ``status`` holds; None with another status: always."""

    manager: Manager = "social_security"
    issued_by: str | None = None
    """Name of the issuing office."""


class CoverageRecord(Private, frozen=True, tag="coverage"):
    """The coverage facet: the person and all cards, newest start last."""

    person: Person
    cards: tuple[InsuranceCard, ...] = ()


class CodedItem(Private, frozen=True):
    """One entry of a health summary: a coded thing, since when, how sure."""

    code: str | None = None
    """ICD-10, ATC or vaccine code, by ``system``."""

    system: Literal["icd10", "atc", "vaccine"] | None = None
    text: str = ""
    since: str | None = None
    """ISO date, or only year or month when no more is known."""

    note: str | None = None
    """Reaction, dose or severity, as it was written."""

    is_severe: bool = False


class HealthSummary(Private, frozen=True):
    """Summary of the electronic health record, by section (tóm tắt hồ sơ sức khỏe).

    None means "this section was never recorded", an empty tuple "none known": for
    allergies that difference saves lives.
    """

    allergies: tuple[CodedItem, ...] | None = None
    conditions: tuple[CodedItem, ...] | None = None
    medications: tuple[CodedItem, ...] | None = None
    immunisations: tuple[CodedItem, ...] | None = None
    blood_group: str | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    blood_pressure: str | None = None
    """Systolic over diastolic in mmHg, as ``120/80``."""

    measured_on: date | None = None
    updated_on: date | None = None


class Visit(Private, frozen=True):
    """One stay or consultation (đợt khám chữa bệnh)."""

    visit_id: str
    facility_code: str
    facility_name: str | None
    admitted_on: date
    discharged_on: date | None
    kind: Literal["outpatient", "inpatient", "emergency"]
    diagnosis_code: str
    diagnosis: str
    outcome: Literal["cured", "better", "unchanged", "worse", "died", "unknown"]


class Document(Private, frozen=True):
    """A paper of the record: its facts, not its pages."""

    document_id: str
    kind: Literal["referral", "re_examination", "discharge", "summary"]
    issued_on: date
    valid_to: date | None
    facility_code: str
    title: str


class HealthRecord(Private, frozen=True, tag="health"):
    """The health facet. ``summary`` is None when no record has been opened yet."""

    citizen_id: str | None
    """None when the source does not tell it, as with ``Person``."""

    summary: HealthSummary | None = None
    visits: tuple[Visit, ...] = ()
    """Newest first, at most 20."""

    documents: tuple[Document, ...] = ()
    """Newest first, at most 20."""


Record = CoverageRecord | HealthRecord

SourceName = Literal["memory", "redis", "population", "gateway"]

Withheld = Literal["001", "002", "050", "051", "052", "053", "060", "061", "070", "130"]
"""Result codes that a source which judges claims itself may give without a record."""


class Finding(Private, frozen=True):
    """What a source or a cache holds about one identifier and facet.

    ``record`` None is knowledge too: no such citizen, unless ``withheld`` says more.
    """

    record: Record | None
    as_of: datetime
    """When the source said so (aware, UTC)."""

    version: int
    """Grows with every change of this facet of this citizen.

    0 for nobody, and from a source that does not count changes.
    """

    source: SourceName
    is_stale: bool = False
    """The source could not be asked, and this is older than it should be."""

    withheld: Withheld | None = None
    """What a source that judges the claim itself said in place of a record.

    It was said to one claim and is never remembered.
    """

    @property
    def coverage(self) -> CoverageRecord | None:
        """The record of a finding about the coverage facet."""
        assert self.record is None or isinstance(self.record, CoverageRecord)
        return self.record

    @property
    def health(self) -> HealthRecord | None:
        """The record of a finding about the health facet."""
        assert self.record is None or isinstance(self.record, HealthRecord)
        return self.record
