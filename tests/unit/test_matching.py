import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookup.matching import (
    BirthMatch,
    NameMatch,
    match_birth_date,
    match_claim,
    match_name,
)
from lookup.record import BirthDate, Person
from lookup.request import Claim

DAY = BirthDate(year=1980, month=5, day=12)
SWAPPED = BirthDate(year=1980, month=12, day=5)
MONTH = BirthDate(year=1980, month=5)
YEAR = BirthDate(year=1980)
NAME = "Nguyễn Văn An"

BIRTHS = st.one_of(
    st.builds(BirthDate, year=st.integers(1979, 1981)),
    st.builds(BirthDate, year=st.integers(1979, 1981), month=st.integers(1, 3)),
    st.builds(
        BirthDate,
        year=st.integers(1979, 1981),
        month=st.integers(1, 3),
        day=st.integers(1, 3),
    ),
)
NAMES = st.one_of(st.text(), st.text(st.sampled_from("anvAN  ")))


def fit(name=NAME, birth=DAY, *, stored=DAY):
    person = Person(
        citizen_id="068080000001", full_name=NAME, birth_date=stored, sex="male"
    )
    return match_claim(Claim(full_name=name, birth_date=birth), person)


@pytest.mark.parametrize(
    ("claimed", "stored", "match"),
    [
        (NAME, "NGUYEN VAN AN", NameMatch.EXACT),
        ("K Brèo", "K'Brèo", NameMatch.EXACT),
        ("An Nguyễn Văn", NAME, NameMatch.NEAR),
        ("Nguyễn Vănan", NAME, NameMatch.NEAR),
        ("N. V. An", NAME, NameMatch.NEAR),
        ("Nguyễn V An", NAME, NameMatch.NEAR),
        ("Nguyễn Văn Anh", NAME, NameMatch.NEAR),
        ("Nguyễn An", NAME, NameMatch.NEAR),
        ("Nguyễn Thị Ngọc An", "Nguyễn Thị An", NameMatch.NEAR),
        ("Nguyễn Văn", NAME, NameMatch.DIFFERENT),
        ("Văn An", NAME, NameMatch.DIFFERENT),
        ("Nguyễn An", "Nguyễn Thị Ngọc An", NameMatch.DIFFERENT),
        ("Trần Văn An", NAME, NameMatch.DIFFERENT),
        ("", NAME, NameMatch.DIFFERENT),
    ],
)
def test_grades_names(claimed, stored, match):
    assert match_name(claimed, stored) is match
    assert match_name(stored, claimed) is match


@pytest.mark.parametrize(
    ("claimed", "stored", "match"),
    [
        (DAY, BirthDate(year=1980, month=5, day=12), BirthMatch.EXACT),
        (YEAR, YEAR, BirthMatch.EXACT),
        (MONTH, DAY, BirthMatch.PARTIAL),
        (YEAR, DAY, BirthMatch.PARTIAL),
        (YEAR, MONTH, BirthMatch.PARTIAL),
        (SWAPPED, DAY, BirthMatch.SWAPPED),
        (BirthDate(year=1981, month=12, day=5), DAY, BirthMatch.DIFFERENT),
        (BirthDate(year=1980, month=6), DAY, BirthMatch.DIFFERENT),
        (BirthDate(year=1981), DAY, BirthMatch.DIFFERENT),
        (BirthDate(year=1980, month=5, day=13), DAY, BirthMatch.DIFFERENT),
    ],
)
def test_grades_birth_dates(claimed, stored, match):
    assert match_birth_date(claimed, stored) is match
    assert match_birth_date(stored, claimed) is match


@pytest.mark.parametrize(
    ("name", "birth", "match"),
    [
        ("nguyen van an", DAY, "fits"),
        (NAME, None, "fits"),
        (None, DAY, "fits"),
        (None, None, "fits"),
        (NAME, YEAR, "fits"),
        (NAME, MONTH, "fits"),
        (None, YEAR, "birth_differs"),
        (None, MONTH, "birth_differs"),
        (NAME, SWAPPED, "birth_differs"),
        (NAME, BirthDate(year=1981), "birth_differs"),
        ("Nguyễn V. An", DAY, "name_nearly"),
        ("Nguyễn V. An", SWAPPED, "name_nearly"),
        ("Trần Thị Bé", DAY, "name_differs"),
        ("Trần Thị Bé", SWAPPED, "name_differs"),
    ],
)
def test_a_claim_must_fit_the_person(name, birth, match):
    assert fit(name, birth) == match


@pytest.mark.parametrize("name", [NAME, None])
@pytest.mark.parametrize("birth", [DAY, MONTH, YEAR])
def test_a_record_of_only_the_year_asks_for_no_more(name, birth):
    assert fit(name, birth, stored=YEAR) == "fits"


def test_a_record_of_only_the_year_still_asks_for_the_year():
    assert fit(birth=BirthDate(year=1981, month=5), stored=YEAR) == "birth_differs"


@given(NAMES, NAMES)
def test_names_fit_the_same_either_way_round(one, other):
    assert match_name(one, other) is match_name(other, one)
    assert match_name(one, one) is NameMatch.EXACT


@given(BIRTHS, BIRTHS)
def test_birth_dates_fit_the_same_either_way_round(one, other):
    assert match_birth_date(one, other) is match_birth_date(other, one)
    assert (match_birth_date(one, other) is BirthMatch.EXACT) == (one == other)


@given(st.one_of(st.none(), NAMES), st.one_of(st.none(), BIRTHS), BIRTHS)
def test_every_claim_gets_a_verdict(name, birth, stored):
    verdicts = {"fits", "name_differs", "name_nearly", "birth_differs"}

    assert fit(name, birth, stored=stored) in verdicts
