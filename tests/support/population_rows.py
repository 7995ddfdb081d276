"""Writes what the builders build into the tables of the population."""

import msgspec

from tests.support.builders import CITIZEN_ID, a_person

FORMER_ID = "068180000099"
"""A number that the citizen of the builders had before."""

LEGACY_ID = "250000001"
"""The number of the old identity card of the citizen of the builders."""


async def insert(connection, table, row):
    """Insert one row, given by column."""
    places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values()
    )


async def insert_person(connection, person=None, **columns):
    person = person or a_person()
    row = {
        "citizen_id": person.citizen_id,
        "full_name": person.full_name,
        "folded_name": "",
        "birth_year": person.birth_date.year,
        "birth_month": person.birth_date.month,
        "birth_day": person.birth_date.day,
        "sex": person.sex,
        "province_code": person.citizen_id[:3],
        "status": "restricted" if person.is_restricted else "active",
    }
    await insert(connection, "citizens", row | columns)


async def insert_former(connection, citizen_id=FORMER_ID, *, by=CITIZEN_ID):
    """Insert a number that another one replaced."""
    person = a_person(citizen_id=citizen_id)
    await insert_person(connection, person, status="superseded", superseded_by=by)


async def insert_card(connection, card, citizen_id=CITIZEN_ID):
    row = msgspec.structs.asdict(card)
    if row.pop("facility_name"):
        await insert_facility(connection, card)
    await insert(connection, "insurance_cards", row | {"citizen_id": citizen_id})


async def insert_facility(connection, part):
    """Insert the place of a card or a visit, unless it is there."""
    await connection.execute(
        "INSERT INTO facilities VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        part.facility_code,
        part.facility_name,
        part.facility_code[:2],
    )


async def insert_coverage(connection, coverage):
    """Insert a person with all cards."""
    await insert_person(connection, coverage.person)
    for card in coverage.cards:
        await insert_card(connection, card, coverage.person.citizen_id)


async def insert_health(connection, health):
    """Insert the parts of a health record."""
    if health.summary is not None:
        await insert_summary(connection, health.summary, health.citizen_id)
    for visit in health.visits:
        await insert_visit(connection, visit, health.citizen_id)
    for document in health.documents:
        await insert_document(connection, document, health.citizen_id)


async def insert_summary(connection, summary, citizen_id=CITIZEN_ID):
    sections = msgspec.to_builtins(summary)
    del sections["updated_on"]
    row = {
        "citizen_id": citizen_id,
        "sections": msgspec.json.encode(sections).decode(),
        "updated_on": summary.updated_on,
    }
    await insert(connection, "health_summaries", row)


async def insert_visit(connection, visit, citizen_id=CITIZEN_ID):
    row = msgspec.structs.asdict(visit)
    if row.pop("facility_name"):
        await insert_facility(connection, visit)
    await insert(connection, "visits", row | {"citizen_id": citizen_id})


async def insert_document(connection, document, citizen_id=CITIZEN_ID):
    row = msgspec.structs.asdict(document)
    await insert(connection, "documents", row | {"citizen_id": citizen_id})
