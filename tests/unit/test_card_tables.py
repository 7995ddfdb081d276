import pytest

from lookup.card_tables import (
    PROVINCES,
    SUBJECT_BENEFITS,
    card_number_fault,
    known_province,
)
from lookup.citizen_id import CardNumber


def test_has_every_province_once():
    assert len(PROVINCES) == len(set(PROVINCES.values())) == 63
    assert (PROVINCES["001"], PROVINCES["068"]) == ("Hà Nội", "Lâm Đồng")


@pytest.mark.parametrize(
    ("code", "is_known"), [("068", True), ("096", True), ("003", False), ("68", False)]
)
def test_knows_provinces_by_three_digits(code, is_known):
    assert known_province(code) is is_known


def test_every_subject_has_benefit_digits():
    digits = {digit for digits in SUBJECT_BENEFITS.values() for digit in digits}

    assert all(len(subject) == 2 for subject in SUBJECT_BENEFITS)
    assert digits == set("12345")
    assert SUBJECT_BENEFITS["CN"] == "23"


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("DN4680000000001", None),
        ("TE1010000000001", None),
        ("QN5970000000001", None),
        ("CA5980000000001", None),
        ("ZZ4680000000001", "051"),
        ("DN4030000000001", "052"),
        ("DN4990000000001", "052"),
        ("DN0680000000001", "053"),
        ("DN6680000000001", "053"),
        ("ZZ9990000000001", "051"),
        ("DN9990000000001", "052"),
    ],
)
def test_says_what_no_card_can_bear(number, fault):
    assert card_number_fault(CardNumber(number)) == fault
