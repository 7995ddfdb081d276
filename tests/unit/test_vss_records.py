from datetime import date, datetime

import msgspec
import orjson
import pytest

from adapters.vss_answers import CardAnswer, VisitsAnswer
from adapters.vss_codes import CARDS
from adapters.vss_records import (
    VISITS_MAX,
    UnusableError,
    read_age,
    read_coverage,
    read_health,
)
from lookup.citizen_id import CardNumber, CitizenId
from lookup.clock import RECEPTION_ZONE
from lookup.eligibility import decide
from lookup.record import BirthDate
from lookup.request import Claim, LookupRequest, Purpose
from tests.support.builders import (
    CARD_NUMBER,
    CITIZEN_ID,
    a_card,
    a_coverage,
    a_health,
    a_person,
    a_visit,
)
from tests.support.gateway_double import card_answer, visits_answer

TODAY = date(2026, 11, 25)

OLD = a_card(valid_to=date(2026, 6, 30))
NEW = a_card(card_number="HT3686800000001", valid_from=date(2026, 7, 1))
COMING = a_card(
    card_number="HT3686800000001",
    valid_from=date(2027, 1, 1),
    valid_to=date(2027, 12, 31),
)

CARDS_OF = {
    "000": (a_card(),),
    "001": (a_card(),),
    "002": (a_card(),),
    "003": (OLD, COMING),
    "004": (a_card(), COMING),
    "010": (OLD,),
}
"""The cards a gateway shows with each code; those not named show one."""


def read(code="000", *, cards=None, asked=CitizenId(CITIZEN_ID), **deviations):  # noqa: B008 - a value
    cards = cards or CARDS_OF.get(code, (a_card(),))
    texts = card_answer(a_coverage(cards=cards), code, **deviations)
    answer = msgspec.json.decode(orjson.dumps(texts), type=CardAnswer)
    return read_coverage(answer, CARDS[code], asked=asked, today=TODAY)


def decided(record):
    request = LookupRequest(
        identifier=CitizenId(CITIZEN_ID),
        claim=Claim(record.person.full_name, record.person.birth_date),
        on=TODAY,
        facets=frozenset(),
        purpose=Purpose.RECEPTION,
        operator=None,
    )
    return decide(record, request, sees_restricted=False)


@pytest.mark.parametrize("code", CARDS)
def test_a_record_means_what_its_code_said(code):
    assert decided(read(code)).code == code


def test_a_card_is_read_whole():
    assert read() == a_coverage()


def test_an_old_card_whose_new_one_is_in_force_gives_way():
    record = read("003", cards=(OLD, NEW))

    assert decided(record).card.card_number == NEW.card_number
    assert len(record.cards) == 2


def test_an_old_card_that_the_dates_do_not_end_is_left_out():
    record = read("003", cards=(a_card(), NEW))

    assert [card.card_number for card in record.cards] == [NEW.card_number]


def test_a_first_card_that_has_not_begun_is_a_new_one():
    record = read("003", cards=(COMING,))

    assert decided(record).code == "003"


@pytest.mark.parametrize("cards", [(a_card(),), (OLD,)])
def test_an_old_card_without_a_new_one_does_not_carry_its_code(cards):
    with pytest.raises(UnusableError):
        read("003", cards=cards)


def test_a_renewed_card_of_the_same_number_is_a_second_card():
    renewed = a_card(valid_from=date(2027, 1, 1), valid_to=date(2027, 12, 31))

    assert decided(read("004", cards=(a_card(), renewed))).code == "004"


def test_an_ended_card_is_ended_though_a_new_one_is_named():
    record = read("110", cards=(a_card(), NEW))

    assert decided(record).code == "110"


@pytest.mark.parametrize(
    ("text", "birth"),
    [
        ("05/03/1980", BirthDate(year=1980, month=3, day=5)),
        ("03/1980", BirthDate(year=1980, month=3)),
        ("1980", BirthDate(year=1980)),
    ],
)
def test_a_birth_date_is_as_exact_as_it_is_told(text, birth):
    assert read(ngaySinh=text).person.birth_date == birth


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("Nam", "male"),
        ("Nữ", "female"),
        ("Nu\u031b\u0303", "female"),
        (None, "unknown"),
    ],
)
def test_sex_is_read_in_every_spelling(text, sex):
    assert read(gioiTinh=text).person.sex == sex


def test_what_may_be_missing_is_missing():
    bare = dict.fromkeys(
        ["maDKBD", "cqBHXH", "maKV", "ngayDu5Nam", "maSoBHXH", "maTheMoi", "gtTheDen"]
    )

    record = read(**bare)

    assert decided(record).code == "000"
    assert record.cards[0].social_insurance_number == CARD_NUMBER[5:]
    assert record.cards[0].facility_code == ""


def test_a_card_number_does_not_tell_the_citizen_id():
    record = read(asked=CardNumber(CARD_NUMBER))

    assert record.person.citizen_id is None


def test_a_card_of_17_characters_is_read():
    number = f"GD468{CITIZEN_ID}"

    assert read(maThe=number, maTheMoi="").cards[0].card_number == number


@pytest.mark.parametrize(
    ("code", "field", "text"),
    [
        ("000", "maThe", None),
        ("000", "maThe", "6800000001"),
        ("000", "maThe", "GD9686800000001"),
        ("000", "hoTen", ""),
        ("000", "hoTen", "<b>"),
        ("000", "ngaySinh", None),
        ("000", "ngaySinh", "31/02/1980"),
        ("000", "gtTheTu", None),
        ("000", "gtTheTu", "2026-01-01"),
        ("000", "gtTheTu", "01/01/2027"),
        ("000", "gtTheDen", "31/02/2026"),
        ("000", "gtTheDen", "24/11/2026"),
        ("010", "gtTheDen", None),
        ("010", "gtTheDen", "25/11/2026"),
        ("003", "maTheMoi", ""),
        ("003", "gtTheDenMoi", "24/11/2026"),
        ("004", "gtTheTuMoi", ""),
        ("110", "gtTheTu", ""),
    ],
)
def test_what_does_not_carry_the_code_is_no_record(code, field, text):
    with pytest.raises(UnusableError) as raised:
        read(code, **{field: text})

    assert raised.value.field == field


def visits_of(*visits, **deviations):
    texts = visits_answer(a_health(visits=visits), **deviations)
    answer = msgspec.json.decode(orjson.dumps(texts), type=VisitsAnswer)
    return read_health(answer, asked=CitizenId(CITIZEN_ID)).visits


def test_a_visit_is_read_without_what_the_gateway_does_not_know():
    told = a_visit(facility_name=None, diagnosis_code="")

    assert visits_of(a_visit()) == (told,)


def test_who_stays_over_night_is_an_inpatient():
    (visit,) = visits_of(a_visit(discharged_on=date(2026, 10, 3)))

    assert visit.kind == "inpatient"


def test_who_has_not_been_discharged_is_still_there():
    (visit,) = visits_of(a_visit(discharged_on=None))

    assert visit.discharged_on is None


def test_the_newest_visits_come_first_and_not_too_many():
    days = [date(2026, 1, day) for day in range(1, 26)]

    visits = visits_of(*(a_visit(visit_id=str(day), admitted_on=day) for day in days))

    assert [visit.admitted_on for visit in visits] == days[: -VISITS_MAX - 1 : -1]


@pytest.mark.parametrize("none", [None, []])
def test_no_visits_are_an_answer(none):
    assert visits_of(dsLichSuKCB2025=none) == ()


@pytest.mark.parametrize(
    ("row", "kind"),
    [({"lyDoVV": "2"}, "emergency"), ({"lyDoVV": None}, "outpatient")],
)
def test_an_emergency_is_told(row, kind):
    row = {"maHoSo": "1", "ngayVao": "202610010830", **row}

    assert visits_of(dsLichSuKCB2025=[row])[0].kind == kind


@pytest.mark.parametrize(
    ("field", "text"),
    [("maHoSo", ""), ("ngayVao", None), ("ngayVao", "20261001"), ("ngayRa", "x")],
)
def test_a_visit_without_number_or_day_is_no_visit(field, text):
    row = {"maHoSo": "1", "ngayVao": "202610010830", field: text}

    with pytest.raises(UnusableError) as raised:
        visits_of(dsLichSuKCB2025=[row])

    assert raised.value.field == field


@pytest.mark.parametrize(
    ("note", "said_at"),
    [
        (
            "Thẻ còn giá trị! Dữ liệu cũ, tính đến: 24/11/2026 17:05.",
            datetime(2026, 11, 24, 17, 5, tzinfo=RECEPTION_ZONE),
        ),
        ("Thẻ còn giá trị sử dụng!", None),
        ("Dữ liệu cũ, tính đến: 31/02/2026 17:05.", None),
        (None, None),
    ],
)
def test_the_age_of_a_stale_record_is_in_its_note(note, said_at):
    assert read_age(note) == said_at


def test_a_person_is_known_as_the_gateway_writes_it():
    record = read(hoTen="NGUYỄN THỊ LAN")

    assert record.person == a_person(full_name="NGUYỄN THỊ LAN")
