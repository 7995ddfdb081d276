from datetime import date, timedelta

import pytest

from lookup.citizen_id import CardNumber, CitizenId, LegacyId
from lookup.eligibility import decide
from lookup.notices import Notice
from lookup.record import BirthDate, CoverageRecord, Facet, InsuranceCard
from lookup.request import Claim, LookupRequest, Purpose
from tests.support.builders import a_card, a_coverage, a_person

DAY = date(2026, 11, 25)
CITIZEN = CitizenId("068180000001")


def asking(identifier=CITIZEN, **deviations):
    person = a_person()
    given = {
        "identifier": identifier,
        "claim": Claim(full_name=person.full_name, birth_date=person.birth_date),
        "on": DAY,
        "facets": frozenset({Facet.COVERAGE}),
        "purpose": Purpose.RECEPTION,
        "operator": None,
    }
    return LookupRequest(**(given | deviations))


def code(record, request=None, *, sees_restricted=False):
    return decide(record, request or asking(), sees_restricted=sees_restricted).code


def card(starts_in, ends_in, **deviations):
    """A card by days from the day of service; ``ends_in`` None is open."""
    return a_card(
        valid_from=DAY + timedelta(days=starts_in),
        valid_to=None if ends_in is None else DAY + timedelta(days=ends_in),
        **deviations,
    )


def holding(*cards, **person):
    return a_coverage(person=a_person(**person), cards=cards)


def test_nobody_is_known():
    eligibility = decide(None, asking(), sees_restricted=True)

    assert (eligibility.code, eligibility.identity_fits) == ("050", False)


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ([card(-10, 10)], "000"),
        ([card(-10, None)], "000"),
        ([card(0, 0)], "000"),
        ([card(-10, 10), card(11, 300)], "004"),
        ([card(-300, -1), card(5, 300)], "003"),
        ([card(5, 300)], "003"),
        ([card(-300, -1)], "010"),
        ([card(-300, -1), card(0, 300)], "000"),
        ([card(-10, 10, manager="defence")], "001"),
        ([card(-10, 10, manager="public_security")], "002"),
        ([card(-10, 10, status="revoked")], "110"),
        ([card(-10, 10, status="decreased")], "120"),
        ([card(-10, 10, status="moved_out_of_province")], "121"),
        ([card(-10, 10, status="moved_within_province")], "122"),
        ([card(-10, 10, status="readded_at_same_unit")], "123"),
        ([card(-10, 10, status="stopped")], "124"),
        ([card(-10, 10, status="stopped", ended_on=DAY)], "124"),
        ([card(-10, 10, status="stopped", ended_on=DAY + timedelta(days=1))], "000"),
        ([card(-10, 10, status="revoked"), card(-5, 10)], "000"),
    ],
)
def test_the_cards_decide_on_the_day_of_service(cards, expected):
    assert code(holding(*cards)) == expected


def test_the_day_of_service_may_lie_before_the_end_of_a_card():
    record = holding(card(-300, -1))

    assert code(record, asking(on=DAY - timedelta(days=2))) == "000"


def test_of_two_cards_in_force_the_better_benefit_counts():
    plain = card(-10, 300, benefit_level=4)
    better = card(-20, 10, benefit_level=2)

    eligibility = decide(holding(plain, better), asking(), sees_restricted=False)

    assert eligibility.card is better
    assert eligibility.other_cards == (plain,)


def test_an_old_cards_number_leads_to_the_new_card():
    old = card(-300, -1, card_number="DN4680000000001")
    new = card(0, 300, card_number="DN4680000000002")
    request = asking(CardNumber(old.card_number))

    eligibility = decide(holding(old, new), request, sees_restricted=False)

    assert (eligibility.code, eligibility.in_force) == ("003", True)
    assert eligibility.card is new


def test_the_number_of_the_card_in_force_is_simply_right():
    valid = card(-10, 300)

    assert code(holding(valid), asking(CardNumber(valid.card_number))) == "000"


def test_a_revoked_card_asked_by_its_number_says_so():
    revoked = card(-300, 300, status="revoked", card_number="DN4680000000001")
    expired = card(-200, -1, card_number="DN4680000000002")

    assert code(holding(revoked, expired), asking(CardNumber("DN4680000000001"))) == (
        "110"
    )


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("DN4680000000001", "050"),
        ("ZZ4680000000001", "051"),
        ("DN4990000000001", "052"),
        ("DN9680000000001", "053"),
    ],
)
def test_an_unknown_card_number_says_which_part_is_wrong(number, expected):
    assert code(None, asking(CardNumber(number))) == expected


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        (BirthDate(year=2020, month=11, day=26), "130"),
        (BirthDate(year=2020, month=11, day=25), "050"),
        (BirthDate(year=2020, month=11), "130"),
        (BirthDate(year=2020), "130"),
        (BirthDate(year=2019), "050"),
    ],
)
def test_a_child_below_six_needs_no_card(born, expected):
    person = a_person(birth_date=born)
    claim = Claim(full_name=person.full_name, birth_date=None)

    assert code(CoverageRecord(person=person), asking(claim=claim)) == expected


@pytest.mark.parametrize(
    ("name", "birth_date", "expected"),
    [
        ("Phạm Quốc Bảo", None, "060"),
        ("N T Lan", None, "061"),
        (None, BirthDate(year=1999, month=1, day=1), "070"),
        ("Phạm Quốc Bảo", BirthDate(year=1999, month=1, day=1), "060"),
    ],
)
def test_a_claim_that_does_not_fit_stops_before_the_cards(name, birth_date, expected):
    record = holding(card(-10, 10), full_name="Nguyễn Thị Lan")
    request = asking(claim=Claim(full_name=name, birth_date=birth_date))

    eligibility = decide(record, request, sees_restricted=False)

    assert (eligibility.code, eligibility.identity_fits) == (expected, False)
    assert eligibility.card is None


@pytest.mark.parametrize(
    ("sees_restricted", "expected"), [(False, "050"), (True, "000")]
)
def test_a_protected_person_is_nobody_to_most(sees_restricted, expected):
    record = holding(card(-10, 10), is_restricted=True)

    assert code(record, sees_restricted=sees_restricted) == expected


@pytest.mark.parametrize(
    ("cards", "expected"),
    [
        ([card(-10, 31)], set()),
        ([card(-10, 30)], {Notice.EXPIRES_SOON}),
        ([card(5, 300)], {Notice.STARTS_LATER}),
        ([card(-10, 40), card(41, 300)], {Notice.NEW_CARD_ISSUED}),
        ([card(-10, 300, five_year_on=DAY)], {Notice.FIVE_YEARS_REACHED}),
        ([card(-10, 300, five_year_on=DAY + timedelta(days=1))], set()),
        ([card(-300, -1)], set()),
    ],
)
def test_what_the_desk_should_know_goes_with_the_verdict(cards, expected):
    eligibility = decide(holding(*cards), asking(), sees_restricted=False)

    assert set(eligibility.notices) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (CITIZEN, ()),
        (CitizenId("068180999999"), (Notice.NUMBER_SUPERSEDED,)),
        (LegacyId("250000001"), ()),
    ],
)
def test_a_replaced_citizen_id_is_pointed_out(asked, expected):
    record = holding(card(-10, 300), citizen_id=CITIZEN.digits)

    assert decide(record, asking(asked), sees_restricted=False).notices == expected


def test_nothing_about_the_person_shows_when_printed():
    record: CoverageRecord = holding(card(-10, 300))
    eligibility = decide(record, asking(), sees_restricted=False)

    shown = f"{eligibility} {record} {asking()}"

    assert isinstance(eligibility.card, InsuranceCard)
    assert record.person.full_name not in shown
    assert CITIZEN.digits not in shown
