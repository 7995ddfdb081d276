import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookup.citizen_id import (
    CardNumber,
    CitizenId,
    Identifier,
    LegacyId,
    SocialInsuranceNumber,
    parse_card_number,
    parse_citizen_id,
    parse_person_number,
)
from lookup.errors import MalformedError

PARSERS = [parse_citizen_id, parse_person_number, parse_card_number]
NUMBER = "068180000001"


def reason_against(parse, text):
    try:
        parse(text)
    except MalformedError as refusal:
        return str(refusal)
    return ""


@pytest.mark.parametrize(
    "spelling",
    [
        "068180000001",
        " 068 180 000 001 ",
        "068.180.000.001",
        "068-180-000-001",
        "068\u2013180\u2013000001",
        "068\u00a0180\u3000000001",
        "０６８１８００００００１",
        "\ufeff068180000001\u200b",
    ],
)
def test_reads_every_spelling_a_desk_sends(spelling):
    assert parse_citizen_id(spelling) == CitizenId(NUMBER)
    assert parse_person_number(spelling) == CitizenId(NUMBER)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must be 12 digits; 0 were sent"),
        ("06818000000", "must be 12 digits; 11 were sent"),
        ("0681800000011", "must be 12 digits; 13 were sent"),
        ("250000001", "must be 12 digits; 9 were sent"),
        ("06818000000a", "must be 12 digits; characters that are no digits: 1"),
        ("٠٦٨١٨٠٠٠٠٠٠١", "must be 12 digits; characters that are no digits: 12"),
        ("06818000000²", "must be 12 digits; characters that are no digits: 1"),
        ("06818000000😀", "must be 12 digits; characters that are no digits: 1"),
        ("068180000001\n", "has control or hidden characters in it: 1"),
        ("068180000001\0", "has control or hidden characters in it: 1"),
        ("0" * 65, "must be at most 64 characters; 65 were sent"),
    ],
)
def test_says_what_is_wrong_with_a_citizen_id(text, reason):
    with pytest.raises(MalformedError, match=f"^{re.escape(reason)}$"):
        parse_citizen_id(text)


def test_reads_the_old_number_too_where_it_may_stand():
    assert parse_person_number("250 000 001") == LegacyId("250000001")


def test_names_both_lengths_where_both_may_stand():
    reason = re.escape("must be 12 digits (or the old 9); 10 were sent")

    with pytest.raises(MalformedError, match=f"^{reason}$"):
        parse_person_number("0681800000")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("DN4680000000001", CardNumber("DN4680000000001")),
        ("dn 4 68 0000000001", CardNumber("DN4680000000001")),
        ("ĐN4680000000001", CardNumber("DN4680000000001")),
        ("đn4680000000001", CardNumber("DN4680000000001")),
        ("ＤＮ４６８０００００００００１", CardNumber("DN4680000000001")),
        ("DN0680000000001", CardNumber("DN0680000000001")),
        ("6800000001", SocialInsuranceNumber("6800000001")),
        ("68.0000.0001", SocialInsuranceNumber("6800000001")),
    ],
)
def test_reads_both_kinds_of_card_number(text, number):
    assert parse_card_number(text) == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must be 2 letters and 13 digits, or 10 digits; 0 characters were sent"),
        ("DN468000000001", "10 digits; 14 characters were sent"),
        ("DNA680000000001", "10 digits; 15 characters were sent"),
        ("\u017fs4680000000001", "10 digits; 15 characters were sent"),
        ("ÊN4680000000001", "10 digits; 15 characters were sent"),
        ("68000000011", "10 digits; 11 were sent"),
        ("٦٨٠٠٠٠٠٠٠١", "10 digits; characters that are no digits: 10"),
        ("DN46800000\r00001", "control or hidden"),
        ("D" * 65, "65 were sent"),
    ],
)
def test_says_what_is_wrong_with_a_card_number(text, reason):
    with pytest.raises(MalformedError, match=reason):
        parse_card_number(text)


@given(st.sampled_from(PARSERS), st.text())
def test_any_text_is_read_or_refused(parse, text):
    try:
        number = parse(text)
    except MalformedError:
        return

    assert number.digits.isascii()
    assert parse(number.digits) == number


@given(
    st.sampled_from(PARSERS),
    st.text(st.characters(categories=["Lu", "Ll", "Nd", "So"]), min_size=8),
)
def test_refusal_never_repeats_the_text(parse, text):
    assert text not in reason_against(parse, text)


@pytest.mark.parametrize(
    "number",
    [
        CitizenId(NUMBER),
        LegacyId("250000001"),
        CardNumber("DN4680000000001"),
        SocialInsuranceNumber("6800000001"),
    ],
)
def test_never_shows_its_digits(number):
    assert isinstance(number, Identifier)
    assert number.digits not in f"{number} {number!r} {[number]} {number.kind}"


@pytest.mark.parametrize(
    ("digits", "says"),
    [
        ("068180000001", ("068", 1980, "female")),
        ("001099000001", ("001", 1999, "male")),
        ("079205000001", ("079", 2005, "male")),
        ("079324000001", ("079", 2024, "female")),
        ("079924000001", ("079", 2324, "female")),
    ],
)
def test_says_what_the_number_says(digits, says):
    number = CitizenId(digits)

    assert (number.province_code, number.birth_year, number.sex) == says


def test_same_digits_of_another_kind_are_another_number():
    assert LegacyId("680000000") != SocialInsuranceNumber("680000000")
