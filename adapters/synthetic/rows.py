r"""The tables that a person has rows in, and those rows as COPY reads them.

A row is a tuple of strings, with ``\N`` for NULL. No value holds a tab, a line end or
a backslash, so nothing is escaped.
"""

from collections.abc import Mapping
from datetime import date

from adapters.synthetic.coverage import BENEFITS, Card
from adapters.synthetic.identity import Identity
from adapters.synthetic.visits import Document, Visit

NULL = "\\N"

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "citizens": (
        "citizen_id",
        "full_name",
        "folded_name",
        "birth_year",
        "birth_month",
        "birth_day",
        "sex",
        "province_code",
        "status",
        "superseded_by",
    ),
    "legacy_ids": ("legacy_id", "citizen_id"),
    "insurance_cards": (
        "card_number",
        "citizen_id",
        "social_insurance_number",
        "subject_code",
        "benefit_level",
        "valid_from",
        "valid_to",
        "facility_code",
        "area",
        "five_year_on",
        "status",
        "ended_on",
        "manager",
        "issued_by",
    ),
    "health_summaries": ("citizen_id", "sections", "updated_on"),
    "visits": (
        "visit_id",
        "citizen_id",
        "facility_code",
        "admitted_on",
        "discharged_on",
        "kind",
        "diagnosis_code",
        "diagnosis",
        "outcome",
    ),
    "documents": (
        "document_id",
        "citizen_id",
        "kind",
        "issued_on",
        "valid_to",
        "facility_code",
        "title",
    ),
}
"""Tables that a person has rows in, with the columns that are filled."""

Row = tuple[str, ...]


def card_row(card: Card) -> Row:
    """A row of ``insurance_cards``."""
    return (
        card.card_number,
        card.citizen_id or NULL,
        card.social_insurance_number,
        card.subject_code,
        str(BENEFITS[card.subject_code]),
        card.valid_from.isoformat(),
        _day(card.valid_to),
        card.facility.code,
        card.area or NULL,
        card.five_year_on.isoformat(),
        card.status,
        _day(card.ended_on),
        card.manager,
        card.issued_by,
    )


def visit_row(who: Identity, visit_id: str, visit: Visit) -> Row:
    """A row of ``visits``."""
    return (
        visit_id,
        who.number,
        visit.facility.code,
        visit.admitted_on.isoformat(),
        _day(visit.discharged_on),
        visit.kind,
        visit.diagnosis.code,
        visit.diagnosis.text,
        visit.outcome,
    )


def document_row(who: Identity, document_id: str, paper: Document) -> Row:
    """A row of ``documents``."""
    return (
        document_id,
        who.number,
        paper.kind,
        paper.issued_on.isoformat(),
        _day(paper.valid_to),
        paper.facility.code,
        paper.title,
    )


def _day(day: date | None) -> str:
    return NULL if day is None else day.isoformat()
