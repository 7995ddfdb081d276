from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookup.citizen_id import CardNumber, CitizenId, LegacyId
from lookup.errors import InvalidRequestError
from lookup.record import BirthDate, Facet
from lookup.request import Claim, LookupRequest, Purpose, RequestFields, read_request

TODAY = date(2026, 11, 25)
NUMBER = "068180000001"
NAME = "Nguyễn Thị Ánh"
QR = f"{NUMBER}|250000001|{NAME}|08021980|Nữ|1 Trần Phú, Đà Lạt|01012021"
BORN = BirthDate(year=1980, month=2, day=8)


def read(**fields):
    return read_request(RequestFields(**fields), today=TODAY)


def faults(**fields):
    with pytest.raises(InvalidRequestError) as refusal:
        read(**fields)
    return {fault.pointer: fault.message for fault in refusal.value.faults}


def test_reads_the_shortest_lookup():
    assert read(citizen_id=NUMBER) == LookupRequest(
        identifier=CitizenId(NUMBER),
        claim=Claim(full_name=None, birth_date=None),
        on=TODAY,
        facets=frozenset({Facet.COVERAGE}),
        purpose=Purpose.RECEPTION,
        operator=None,
    )


def test_reads_the_fullest_lookup():
    request = read(
        citizen_id="250 000 001",
        full_name="  nguyễn  thị ánh ",
        birth_date="08/02/1980",
        on="01/12/2026",
        include=("health",),
        purpose="treatment",
        operator=" Điều dưỡng  Lan, NV-042 ",
    )

    assert request == LookupRequest(
        identifier=LegacyId("250000001"),
        claim=Claim(full_name="nguyễn thị ánh", birth_date=BORN),
        on=date(2026, 12, 1),
        facets=frozenset({Facet.COVERAGE, Facet.HEALTH}),
        purpose=Purpose.TREATMENT,
        operator="Điều dưỡng Lan, NV-042",
    )


def test_reads_a_card_number():
    request = read(card_number="dn4680000000001", include=("coverage", "coverage"))

    assert request.identifier == CardNumber("DN4680000000001")
    assert request.facets == {Facet.COVERAGE}


def test_a_qr_code_brings_its_claim_along():
    request = read(qr=QR)

    assert request.identifier == CitizenId(NUMBER)
    assert request.claim == Claim(full_name=NAME, birth_date=BORN)


def test_what_is_sent_beside_a_qr_code_wins():
    request = read(qr=QR, full_name="Trần Thị Bé", birth_date="1981")

    assert request.claim == Claim(
        full_name="Trần Thị Bé", birth_date=BirthDate(year=1981)
    )


@pytest.mark.parametrize(
    ("fields", "has_claim"),
    [
        ({}, False),
        ({"full_name": NAME}, True),
        ({"birth_date": "1980"}, True),
    ],
)
def test_knows_whether_anything_is_claimed(fields, has_claim):
    assert read(citizen_id=NUMBER, **fields).has_claim is has_claim


def test_a_lookup_needs_a_number():
    assert faults(full_name=NAME) == {
        "/citizen_id": "is missing: send one of citizen_id, qr and card_number"
    }


def test_a_lookup_needs_only_one_number():
    crowd = "must be alone: send only one of citizen_id, qr"

    assert faults(citizen_id=NUMBER, qr=QR) == {"/citizen_id": crowd, "/qr": crowd}


def test_says_everything_that_is_wrong_at_once():
    assert faults(
        citizen_id="0681800000011",
        full_name="",
        birth_date="30/02/1980",
        on="someday",
        include=("coverage", "wealth"),
        purpose="curiosity",
        operator="",
    ) == {
        "/citizen_id": "must be 12 digits (or the old 9); 13 were sent",
        "/full_name": "is empty",
        "/birth_date": "is no day of the calendar",
        "/on": "must be a day like 2026-02-28, 28/02/2026 or 28022026",
        "/include/1": "must be one of coverage, health",
        "/purpose": "must be one of reception, treatment, discharge, emergency",
        "/operator": "is empty",
    }


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("qr", "x", "is of no known card"),
        ("card_number", "x", "must be 2 letters and 13 digits"),
        ("operator", "x" * 101, "must be at most 100 characters"),
        ("operator", "Lan\n", "has control or hidden characters"),
        ("purpose", "\ud800", "must be one of"),
        ("include", ("health", "coverage", "health"), "must be at most 2 entries"),
    ],
)
def test_names_the_field_that_is_wrong(field, text, reason):
    number = {} if field in {"qr", "card_number"} else {"citizen_id": NUMBER}

    assert faults(**number, **{field: text})[f"/{field}"].startswith(reason)


def test_health_needs_a_purpose_that_was_given():
    fields = {"citizen_id": NUMBER, "include": ("health",)}

    assert faults(**fields) == {"/purpose": "is missing: health needs a purpose"}
    assert read(**fields, purpose="reception").facets == {Facet.COVERAGE, Facet.HEALTH}


def test_unknown_fields_are_refused_by_shape():
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"citizen_id": NUMBER, "cccd": NUMBER}, RequestFields)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            [
                "citizen_id",
                "qr",
                "card_number",
                "full_name",
                "birth_date",
                "on",
                "purpose",
            ],
            st.text(),
        ),
    )
)
def test_any_texts_are_read_or_refused_with_a_field(fields):
    try:
        request = read(**fields)
    except InvalidRequestError as refusal:
        request = refusal

    pointers = {fault.pointer for fault in getattr(request, "faults", ())}
    assert pointers <= {f"/{name}" for name in RequestFields.__struct_fields__}


def test_never_shows_what_was_asked():
    fields = RequestFields(qr=QR)
    request = read(qr=QR)

    shown = f"{fields} {request!r} {request.claim!r}"

    assert not any(part in shown for part in QR.split("|"))
