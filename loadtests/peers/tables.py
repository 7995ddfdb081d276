"""The population's tables as SQLAlchemy models, as far as the peers read and write."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CHAR, ForeignKey, Identity
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

CITIZEN_ID = CHAR(12)
FACILITY_CODE = CHAR(5)


class Table(DeclarativeBase):
    """Root of the models."""


class Facility(Table):
    """A place of care."""

    __tablename__ = "facilities"

    facility_code: Mapped[str] = mapped_column(FACILITY_CODE, primary_key=True)
    name: Mapped[str]


class Citizen(Table):
    """A person's identity, under one number."""

    __tablename__ = "citizens"

    citizen_id: Mapped[str] = mapped_column(CITIZEN_ID, primary_key=True)
    full_name: Mapped[str]
    birth_year: Mapped[int]
    birth_month: Mapped[int | None]
    birth_day: Mapped[int | None]
    sex: Mapped[str]
    status: Mapped[str]
    superseded_by: Mapped[str | None] = mapped_column(CITIZEN_ID)


class LegacyId(Table):
    """A number of an old identity card."""

    __tablename__ = "legacy_ids"

    legacy_id: Mapped[str] = mapped_column(CHAR(9), primary_key=True)
    citizen_id: Mapped[str] = mapped_column(CITIZEN_ID)


class InsuranceCard(Table):
    """A health-insurance card."""

    __tablename__ = "insurance_cards"

    card_number: Mapped[str] = mapped_column(CHAR(15), primary_key=True)
    citizen_id: Mapped[str | None] = mapped_column(CITIZEN_ID)
    social_insurance_number: Mapped[str] = mapped_column(CHAR(10))
    subject_code: Mapped[str] = mapped_column(CHAR(2))
    benefit_level: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    facility_code: Mapped[str] = mapped_column(
        FACILITY_CODE, ForeignKey(Facility.facility_code)
    )
    area: Mapped[str | None] = mapped_column(CHAR(2))
    five_year_on: Mapped[date | None]
    status: Mapped[str]
    ended_on: Mapped[date | None]
    manager: Mapped[str]
    issued_by: Mapped[str | None]
    facility: Mapped[Facility | None] = relationship()

    @property
    def facility_name(self) -> str | None:
        """The facility's name; None for one that the list lacks."""
        return self.facility.name if self.facility is not None else None


class HealthSummary(Table):
    """The summary of a health record."""

    __tablename__ = "health_summaries"

    citizen_id: Mapped[str] = mapped_column(CITIZEN_ID, primary_key=True)
    sections: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_on: Mapped[date]


class Visit(Table):
    """One stay or consultation."""

    __tablename__ = "visits"

    visit_id: Mapped[str] = mapped_column(primary_key=True)
    citizen_id: Mapped[str] = mapped_column(CITIZEN_ID)
    facility_code: Mapped[str] = mapped_column(
        FACILITY_CODE, ForeignKey(Facility.facility_code)
    )
    admitted_on: Mapped[date]
    discharged_on: Mapped[date | None]
    kind: Mapped[str]
    diagnosis_code: Mapped[str]
    diagnosis: Mapped[str]
    outcome: Mapped[str]
    facility: Mapped[Facility | None] = relationship()

    @property
    def facility_name(self) -> str | None:
        """The facility's name; None for one that the list lacks."""
        return self.facility.name if self.facility is not None else None


class Document(Table):
    """A paper of the record."""

    __tablename__ = "documents"

    document_id: Mapped[str] = mapped_column(primary_key=True)
    citizen_id: Mapped[str] = mapped_column(CITIZEN_ID)
    kind: Mapped[str]
    issued_on: Mapped[date]
    valid_to: Mapped[date | None]
    facility_code: Mapped[str] = mapped_column(FACILITY_CODE)
    title: Mapped[str]


class Client(Table):
    """A system that may ask."""

    __tablename__ = "clients"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    expires_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class AuditEntry(Table):
    """Who asked about whom, and what left the house."""

    __tablename__ = "audit_log"

    audit_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    request_id: Mapped[str]
    client_id: Mapped[str]
    channel: Mapped[str]
    operator: Mapped[str | None]
    purpose: Mapped[str]
    facets: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    asked_kind: Mapped[str]
    asked_number: Mapped[str]
    citizen_id: Mapped[str | None] = mapped_column(CITIZEN_ID)
    code: Mapped[str] = mapped_column(CHAR(3))
    outcome: Mapped[str]
    source: Mapped[str]
    disclosed: Mapped[bool]
