import re

import pytest

from lookup.citizen_id import CardNumber, LegacyId, SocialInsuranceNumber
from lookup.web.fhir.ids import Ids
from tests.support.builders import CARD_NUMBER, CITIZEN_ID, a_citizen_id

IDS = Ids(b"k" * 32)
OWNER = {"resource": "Patient", "client_id": "benh-vien"}
NUMBERS = [
    *map(a_citizen_id, range(200)),
    LegacyId("250000001"),
    SocialInsuranceNumber("6800000001"),
    CardNumber(CARD_NUMBER),
]


@pytest.mark.parametrize("number", NUMBERS[-4:])
def test_an_id_opens_for_its_owner_and_is_always_the_same(number):
    sealed = IDS.seal(number, **OWNER)

    assert IDS.open(sealed, **OWNER) == number
    assert type(IDS.open(sealed, **OWNER)) is type(number)
    assert Ids(b"k" * 32).seal(number, **OWNER) == sealed


def test_ids_are_what_fhir_allows_and_tell_nothing():
    sealed = [IDS.seal(number, **OWNER) for number in NUMBERS]

    assert len(set(sealed)) == len(NUMBERS)
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", text) for text in sealed)
    assert not any(CITIZEN_ID[:6] in text for text in sealed)


@pytest.mark.parametrize(
    ("ids", "owner"),
    [
        (IDS, OWNER | {"client_id": "phong-kham"}),
        (IDS, OWNER | {"resource": "Coverage"}),
        (Ids(b"o" * 32), OWNER),
    ],
)
def test_an_id_opens_for_nobody_else(ids, owner):
    sealed = IDS.seal(NUMBERS[0], **OWNER)

    assert ids.open(sealed, **owner) is None


def test_a_changed_id_opens_nothing():
    sealed = IDS.seal(NUMBERS[0], **OWNER)

    for place in range(len(sealed)):
        for other in "AQgw9-.":
            changed = sealed[:place] + other + sealed[place + 1 :]
            assert changed == sealed or IDS.open(changed, **OWNER) is None


@pytest.mark.parametrize(
    "text",
    ["", "x", "A" * 23, "A" * 24, "A" * 25, "A" * 64, "A" * 65, "_" * 30, "é" * 30],
)
def test_other_texts_open_nothing(text):
    assert IDS.open(text, **OWNER) is None


def test_id_of_another_secret_opens_while_that_is_replaced():
    number = a_citizen_id()
    sealed = IDS.seal(number, **OWNER)

    rotated = Ids(b"n" * 32, b"k" * 32)

    assert rotated.open(sealed, **OWNER) == number
    assert IDS.open(rotated.seal(number, **OWNER), **OWNER) is None
