"""Reads a person's records: two statements for coverage, three more for health."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload

from loadtests.peers import records, tables
from loadtests.peers.records import Known, KnownCoverage, KnownHealth
from loadtests.peers.tables import (
    Citizen,
    Document,
    HealthSummary,
    InsuranceCard,
    LegacyId,
    Visit,
)
from lookup.citizen_id import Identifier
from lookup.record import Facet

NEWEST = 20
"""Visits and documents that are shown, each."""

_NAMED = aliased(Citizen)
"""Whom a number names; it may have been superseded."""


async def read_known(
    session: AsyncSession, identifier: Identifier, facets: frozenset[Facet]
) -> dict[Facet, Known]:
    """What the population knows about a number, by facet."""
    as_of = datetime.now(UTC)
    person = await _living(session, identifier)
    known: dict[Facet, Known] = {}
    if Facet.COVERAGE in facets:
        coverage = await _coverage(session, person) if person else None
        known[Facet.COVERAGE] = KnownCoverage(as_of=as_of, record=coverage)
    if Facet.HEALTH in facets:
        health = await _health(session, person) if person else None
        known[Facet.HEALTH] = KnownHealth(as_of=as_of, record=health)
    return known


async def _living(session: AsyncSession, identifier: Identifier) -> Citizen | None:
    """The one person a number leads to; None for nobody, or for two."""
    living_id = func.coalesce(_NAMED.superseded_by, _NAMED.citizen_id)
    people = await session.scalars(
        select(Citizen)
        .join(_NAMED, Citizen.citizen_id == living_id)
        .where(_is_named(_NAMED.citizen_id, identifier))
    )
    found = people.unique().all()
    return found[0] if len(found) == 1 else None


def _is_named(
    citizen_id: InstrumentedAttribute[str], identifier: Identifier
) -> ColumnElement[bool]:
    """Whether a row of the citizens is meant by a number of any kind."""
    if identifier.kind == "citizen_id":
        return citizen_id == identifier.digits
    column, meant = {
        "legacy_id": (LegacyId.legacy_id, LegacyId.citizen_id),
        "card_number": (InsuranceCard.card_number, InsuranceCard.citizen_id),
        "social_insurance_number": (
            InsuranceCard.social_insurance_number,
            InsuranceCard.citizen_id,
        ),
    }[identifier.kind]
    return citizen_id.in_(select(meant).where(column == identifier.digits))


def _numbers(person: Citizen) -> Select[str]:
    """Every number the person ever had: cards may still hang on a former one."""
    return select(Citizen.citizen_id).where(
        or_(
            Citizen.citizen_id == person.citizen_id,
            Citizen.superseded_by == person.citizen_id,
        )
    )


async def _coverage(session: AsyncSession, person: Citizen) -> records.Coverage:
    cards = await session.scalars(
        select(InsuranceCard)
        .where(InsuranceCard.citizen_id.in_(_numbers(person)))
        .options(joinedload(InsuranceCard.facility))
        .order_by(InsuranceCard.valid_from, InsuranceCard.card_number)
    )
    return records.Coverage(
        person=records.Person.model_validate(person),
        cards=[records.Card.model_validate(card) for card in cards],
    )


async def _health(session: AsyncSession, person: Citizen) -> records.Health:
    numbers = _numbers(person)
    summary = await session.scalar(
        select(HealthSummary)
        .where(HealthSummary.citizen_id.in_(numbers))
        .order_by(
            (HealthSummary.citizen_id == person.citizen_id).desc(),
            HealthSummary.updated_on.desc(),
        )
        .limit(1)
    )
    visits = await session.scalars(
        select(Visit)
        .where(Visit.citizen_id.in_(numbers))
        .options(joinedload(Visit.facility))
        .order_by(Visit.admitted_on.desc(), Visit.visit_id)
        .limit(NEWEST)
    )
    documents = await session.scalars(
        select(Document)
        .where(Document.citizen_id.in_(numbers))
        .order_by(Document.issued_on.desc(), Document.document_id)
        .limit(NEWEST)
    )
    return records.Health(
        summary=_summary(summary) if summary else None,
        visits=[records.Visit.model_validate(visit) for visit in visits],
        documents=[records.Document.model_validate(paper) for paper in documents],
    )


def _summary(row: tables.HealthSummary) -> records.Summary:
    return records.Summary.model_validate(row.sections | {"updated_on": row.updated_on})
