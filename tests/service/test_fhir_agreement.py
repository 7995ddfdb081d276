"""The same citizens asked in two dialects, which must never differ."""

import asyncio
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookup.codes import RESULTS
from lookup.record import BirthDate
from tests.support.builders import (
    CARD_NUMBER,
    CITIZEN_ID,
    a_card,
    a_coverage,
    a_person,
)
from tests.support.desk import open_desk
from tests.support.fhir import LAN, an_eligibility_request, fhir, matches, told

NEW_CARD = "GD4686800000002"
ON = "2026-11-25"

ENDED = {
    "110": "revoked",
    "120": "decreased",
    "121": "moved_out_of_province",
    "122": "moved_within_province",
    "123": "readded_at_same_unit",
    "124": "stopped",
}
EXPIRED = a_card(valid_from=date(2025, 1, 1), valid_to=date(2025, 12, 31))
LATER = a_card(card_number=NEW_CARD, valid_from=date(2027, 1, 1), valid_to=None)
CASES = {
    "000": ({}, {}),
    "001": ({"cards": (a_card(manager="defence"),)}, {}),
    "002": ({"cards": (a_card(manager="public_security"),)}, {}),
    "003": ({"cards": (EXPIRED, LATER)}, {}),
    "004": ({"cards": (a_card(), LATER)}, {}),
    "010": ({"cards": (EXPIRED,)}, {}),
    "050": ({"cards": ()}, {}),
    "051": ({}, {"identifier": "ZZ4686800000009"}),
    "052": ({}, {"identifier": "GD4006800000009"}),
    "053": ({}, {"identifier": "GD9686800000009"}),
    "060": ({}, {"name": "Phạm Quốc Bảo"}),
    "061": ({}, {"name": "Nguyễn Lan Thị"}),
    "070": ({}, {"birthdate": "1981-03-05"}),
    "130": (
        {
            "cards": (),
            "person": a_person(birth_date=BirthDate(year=2024, month=1, day=1)),
        },
        {"birthdate": "2024-01-01"},
    ),
    **{code: ({"cards": (a_card(status=s),)}, {}) for code, s in ENDED.items()},
}
"""For each code a citizen, and what to say otherwise than usual."""

UNSPOKEN = {"054", "055", "100", "101", "205", "401"}
"""Codes that are no answer: they are problems, or belong to the gateway."""


async def both_ways(desk, said, on):
    """What our own dialect and FHIR say: code, and what is in force."""
    number = said["identifier"]
    field = "citizen_id" if number.isdigit() else "card_number"
    names = {"name": "full_name", "birthdate": "birth_date"}
    claim = {names[name]: said[name] for name in names if name in said}
    _, own = await desk.ask({field: number, "on": on} | claim)
    asked = an_eligibility_request(said=LAN | said, servicedDate=on)
    _, theirs = await fhir(desk, "POST", "CoverageEligibilityRequest", json=asked)
    insurance = theirs.get("insurance", [])
    return (
        (
            own["result"]["code"],
            own["result"]["text"]["vi"],
            bool(own["coverage"] and own["coverage"]["in_force"]),
            own["freshness"] and own["freshness"]["source"],
        ),
        (
            theirs["meta"]["tag"][0]["code"],
            theirs["disposition"],
            bool(insurance) and insurance[0]["inforce"],
            theirs["meta"].get("source", "").rpartition(":")[2] or None,
        ),
    )


@pytest.mark.parametrize("code", sorted(CASES))
async def test_every_code_is_the_same_in_both_dialects(code):
    deviations, otherwise = CASES[code]
    async with open_desk() as desk:
        desk.source.know(a_coverage(**deviations))

        own, theirs = await both_ways(desk, LAN | otherwise, ON)
        _, bundle = await fhir(desk, "POST", "Patient/_search", data=LAN | otherwise)

    assert own == theirs
    assert own[0] == told(bundle) == code


def test_every_code_has_a_case():
    assert set(CASES) == set(RESULTS) - UNSPOKEN


cards = st.builds(
    a_card,
    card_number=st.sampled_from([CARD_NUMBER, NEW_CARD]),
    valid_from=st.dates(date(2024, 1, 1), date(2028, 1, 1)),
    valid_to=st.none() | st.dates(date(2024, 1, 1), date(2028, 1, 1)),
    benefit_level=st.integers(1, 5),
    status=st.sampled_from(["active", "active", "active", *ENDED.values()]),
    manager=st.sampled_from(["social_security", "social_security", "defence"]),
    five_year_on=st.none() | st.dates(date(2020, 1, 1), date(2028, 1, 1)),
).filter(lambda card: card.valid_to is None or card.valid_from <= card.valid_to)
claims = st.fixed_dictionaries(
    {
        "identifier": st.sampled_from([CITIZEN_ID, CARD_NUMBER, "068180000002"]),
        "name": st.sampled_from(["Nguyen Thi Lan", "Nguyễn Lan", "Phạm Quốc Bảo"]),
        "birthdate": st.sampled_from(["1980-03-05", "1980", "1980-05-03"]),
    }
)
days = st.dates(date(2024, 1, 1), date(2028, 1, 1)).map(date.isoformat)


@settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    cards=st.lists(cards, max_size=3, unique_by=lambda c: c.card_number),
    claim=claims,
    on=days,
)
def test_the_dialects_agree_about_everybody(cards, claim, on):
    async def ask():
        async with open_desk() as desk:
            desk.source.know(a_coverage(cards=tuple(cards)))
            own, theirs = await both_ways(desk, claim, on)
            _, bundle = await fhir(
                desk,
                "POST",
                "Coverage/_search",
                data={f"patient.{name}": text for name, text in claim.items()},
            )
            return own, theirs, matches(bundle)

    own, theirs, found = asyncio.run(ask())

    assert own == theirs
    numbers = {card.card_number for card in cards}
    assert {each["identifier"][0]["value"] for each in found} <= numbers
