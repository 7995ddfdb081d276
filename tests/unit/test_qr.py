from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookup.citizen_id import (
    CardNumber,
    CitizenId,
    LegacyId,
    SocialInsuranceNumber,
)
from lookup.errors import MalformedError
from lookup.qr import QrContent, parse_qr
from lookup.record import BirthDate

TODAY = date(2026, 11, 25)
NAME = "Nguyễn Thị Ánh"
BORN = BirthDate(year=1980, month=2, day=8)
HEX = NAME.encode().hex().upper()
CITIZEN = f"068180000001|250000001|{NAME}|08021980|Nữ|1 Trần Phú, P. 3, Đà Lạt|01012021"
CARD_15 = (
    f"DN4680000000001|{HEX}|08/02/1980|2|{HEX}|68 - 001|01/01/2020|-|20/12/2019|"
    "68000000000001|-|4|01/01/2025|0123456789abcdef-0001|$"
)
CARD_17 = (
    f"6800000001|{HEX}|08/02/1980|2|-|68 - C54|01/01/2026|-|20/12/2025|"
    f"68000000000001|-|4| 01/01/2025|0123456789abcdef-0001|-|{HEX}|$"
)
CARD_10 = f"DN4680000000001|{HEX}|1980|2|-|68 - 001|01/01/2020|-|20/12/2019|$"


def read(text):
    return parse_qr(text, today=TODAY)


def a_citizen_card(**deviations):
    card = {
        "kind": "citizen_card",
        "identifier": CitizenId("068180000001"),
        "full_name": NAME,
        "birth_date": BORN,
        "legacy_id": LegacyId("250000001"),
    }
    return QrContent(**(card | deviations))


def an_insurance_card(**deviations):
    card = {
        "kind": "insurance_card",
        "identifier": CardNumber("DN4680000000001"),
        "full_name": NAME,
        "birth_date": BORN,
    }
    return QrContent(**(card | deviations))


def without(text, *places):
    parts = text.split("|")
    return "|".join(p for place, p in enumerate(parts) if place not in places)


def changed(text, place, part):
    parts = text.split("|")
    return "|".join([*parts[:place], part, *parts[place + 1 :]])


@pytest.mark.parametrize(
    ("payload", "legacy_id"),
    [
        (CITIZEN, LegacyId("250000001")),
        (CITIZEN + "|Nguyễn Văn Cha|Trần Thị Mẹ|", LegacyId("250000001")),
        (changed(CITIZEN, 1, ""), None),
        (changed(CITIZEN, 1, "-"), None),
        (changed(CITIZEN, 1, "068180000009"), None),
        (without(CITIZEN, 1), None),
        (without(CITIZEN, 6), LegacyId("250000001")),
    ],
)
def test_reads_every_variant_of_the_citizen_card(payload, legacy_id):
    assert read(payload) == a_citizen_card(legacy_id=legacy_id)


@pytest.mark.parametrize(
    ("payload", "deviations"),
    [
        (CARD_15, {}),
        (CARD_17, {"identifier": SocialInsuranceNumber("6800000001")}),
        (CARD_10, {"birth_date": BirthDate(year=1980)}),
        (changed(CARD_10, 9, "68000000000001"), {"birth_date": BirthDate(year=1980)}),
        (changed(CARD_15, 2, "1980"), {"birth_date": BirthDate(year=1980)}),
        (changed(CARD_15, 2, "-"), {"birth_date": None}),
        (changed(CARD_15, 1, "-"), {"full_name": None}),
    ],
)
def test_reads_every_variant_of_the_insurance_card(payload, deviations):
    assert read(payload) == an_insurance_card(**deviations)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("|", "\\"),
        lambda text: text.replace("|", "｜"),
        lambda text: text.replace("|", " | "),
        lambda text: text.replace(" ", "  "),
        lambda text: f"\ufeff{text}\r\n",
        lambda text: f"{text} \n \t",
        lambda text: f"]Q1{text}",
        lambda text: f"]Q3{text}",
    ],
)
def test_undoes_what_scanners_do(damage):
    assert read(damage(CITIZEN)) == a_citizen_card()
    assert read(damage(CARD_15)) == an_insurance_card()


@pytest.mark.parametrize(
    "payload",
    [
        CARD_15.replace("DN", "ĐN"),
        CARD_15.lower(),
        without(CARD_15, 14),
        CARD_15.removesuffix("$"),
        changed(CARD_15, 0, "ＤＮ4680000000001"),
    ],
)
def test_undoes_what_input_methods_do_to_an_insurance_card(payload):
    assert read(payload) == an_insurance_card()


def test_leaves_a_backslash_alone_where_the_divider_is_whole():
    payload = changed(CITIZEN, 5, "1\\2 Trần Phú")

    assert read(payload) == a_citizen_card()


def test_leaves_a_name_in_keystrokes_alone():
    payload = changed(CITIZEN, 2, "Nguyeenx Thij Ansh")

    assert read(payload) == a_citizen_card(full_name="Nguyeenx Thij Ansh")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("", "is of no known card"),
        ("https://example.invalid/", "is of no known card"),
        ("068180000001", "is cut off: a citizen card has 6 or 7 parts; 1 were sent"),
        (without(CITIZEN, 5, 6), "is cut off: .* 5 were sent"),
        (changed(CITIZEN, 0, "06818000001"), "is of no known card"),
        (changed(CITIZEN, 2, "Nguyễn 7"), "name: has characters in it that no name"),
        (changed(CITIZEN, 3, "30021980"), "date of birth: is no day of the calendar"),
        (without(CITIZEN, 1, 2) + "||", "date of birth: must be like"),
        (without(CARD_15, 3, 14), "is cut off: an insurance card .* 13 were sent"),
        (changed(CARD_15, 1, "C490ê"), "name: is not hexadecimal UTF-8; switch the"),
        (changed(CARD_15, 1, HEX[:-1]), "name: is not hexadecimal UTF-8"),
        (changed(CARD_15, 1, "E1BB"), "name: is not hexadecimal UTF-8"),
        (changed(CARD_15, 1, "00"), "name: has control or hidden characters"),
        (changed(CARD_15, 2, "31/02/1980"), "date of birth: is no day"),
        (CITIZEN.replace("|", "|\0"), "control or hidden characters in it: 6"),
        (CITIZEN + "|" * 1024, "must be at most 1024 characters"),
    ],
)
def test_refuses_what_it_cannot_be_sure_of(payload, reason):
    with pytest.raises(MalformedError, match=reason):
        read(payload)


@given(st.text(), st.sampled_from([CITIZEN, CARD_15, CARD_17]), st.integers(0, 20))
def test_any_text_is_read_or_refused(part, payload, place):
    for text in (part, changed(payload, place, part)):
        try:
            content = read(text)
        except MalformedError:
            continue

        assert content.kind in {"citizen_card", "insurance_card"}


@given(st.integers(0, len(CARD_17)), st.sampled_from([CITIZEN, CARD_15, CARD_17]))
def test_a_cut_off_text_never_makes_another_person(length, payload):
    try:
        content = read(payload[:length])
    except MalformedError:
        return

    assert content == read(payload)


def test_never_shows_what_it_says():
    assert repr(read(CITIZEN)) == "QrContent(***)"
