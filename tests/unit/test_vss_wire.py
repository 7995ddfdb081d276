from datetime import date

import orjson
import pytest

from lookup.citizen_id import CardNumber, CitizenId, SocialInsuranceNumber
from lookup.errors import Fault, InvalidRequestError, SourceUnavailableError
from lookup.record import BirthDate, Facet
from lookup.web.forms import FORM
from lookup.web.lookups import JSON
from lookup.web.problems import PROBLEMS
from lookup.web.vss_fields import (
    CARD_FUNCTIONS,
    HISTORY,
    read_question,
    read_sent,
)
from lookup.web.vss_wire import card_failure, history_failure, token_failure
from tests.support.insurer import LAN, OFFICER

TODAY = date(2026, 11, 25)
NEWEST, _, OLDEST = CARD_FUNCTIONS


def read(function=NEWEST, *, sees_health=False, **deviations):
    sent = LAN | OFFICER | deviations
    return read_question(sent, function, sees_health=sees_health, today=TODAY)


def faults(function=NEWEST, **deviations):
    """The fields that are told to be at fault."""
    with pytest.raises(InvalidRequestError) as caught:
        read(function, **deviations)
    return [fault.pointer for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("code", "identifier"),
    [
        ("068180000001", CitizenId("068180000001")),
        ("０６８１８００００００１", CitizenId("068180000001")),
        ("6800000001", SocialInsuranceNumber("6800000001")),
        ("GD4686800000001", CardNumber("GD4686800000001")),
        ("gd 4 68 6800000001", CardNumber("GD4686800000001")),
        ("GD468068180000001", CitizenId("068180000001")),
        ("đn468 068180000001", CitizenId("068180000001")),
    ],
)
def test_a_card_code_is_read_by_its_length(code, identifier):
    assert read(maThe=code).request.identifier == identifier


@pytest.mark.parametrize(
    "code",
    [
        *("", "1", "123456789", "06818000000", "0681800000011", "GD468680000000"),
        *("GD46806818000000", "GD4680681800000011", "GDX68068180000001"),
        *("068180OOOOO1", "A" * 60_000, None, 68180000001, ["068180000001"]),
    ],
)
def test_other_card_codes_are_at_fault(code):
    (pointer,) = faults(maThe=code)

    assert pointer in {"/citizen_id", "/card_number"}


@pytest.mark.parametrize(
    ("text", "birth"),
    [
        ("05/03/1980", BirthDate(year=1980, month=3, day=5)),
        ("05031980", BirthDate(year=1980, month=3, day=5)),
        ("03/1980", BirthDate(year=1980, month=3)),
        ("1980", BirthDate(year=1980)),
    ],
)
def test_birth_dates_are_read_as_the_annex_and_its_users_write_them(text, birth):
    assert read(ngaySinh=text).request.claim.birth_date == birth


def test_everything_wrong_is_told_at_once():
    nothing = dict.fromkeys(LAN | OFFICER)

    assert faults(**nothing) == [
        *("/cccdCb", "/hoTenCb", "/card_number", "/full_name", "/birth_date")
    ]


@pytest.mark.parametrize("function", [NEWEST, HISTORY])
def test_newer_functions_must_name_an_officer(function):
    assert faults(function, hoTenCb=None, cccdCb=None) == ["/cccdCb", "/hoTenCb"]


def test_older_functions_need_not():
    assert read(OLDEST, hoTenCb=None, cccdCb=None).officer is None
    assert faults(OLDEST, hoTenCb=None) == ["/hoTenCb"]


def test_an_officer_too_long_for_the_audit_is_at_fault():
    assert faults(hoTenCb="A" * 95) == ["/operator"]


@pytest.mark.parametrize(
    ("function", "sees_health", "wanted"),
    [
        (NEWEST, True, {Facet.COVERAGE}),
        (HISTORY, False, {Facet.COVERAGE}),
        (HISTORY, True, {Facet.COVERAGE, Facet.HEALTH}),
    ],
)
def test_the_history_alone_asks_for_health(function, sees_health, wanted):
    assert read(function, sees_health=sees_health).request.facets == wanted


def test_fields_of_older_functions_are_passed_over():
    assert read(gioiTinh="2", maCSKCB="68001", ngayBD="", ngayKT="").officer


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"hoTen": "Nguyễn Thị Lan"}'.encode(), JSON),
        (b"hoTen=Nguy%E1%BB%85n%20Th%E1%BB%8B%20Lan", FORM),
    ],
)
def test_bodies_are_read(body, content_type):
    assert read_sent(body, content_type) == {"hoTen": "Nguyễn Thị Lan"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"maThe": "1", "maThe": "2"}', JSON),
        (b"maThe=1&maThe=2", FORM),
        (b"&".join(b"a%d=1" % n for n in range(51)), FORM),
        ("hoTen=Nguyễn".encode(), FORM),
        (b"hoTen=%ff", FORM),
        (b"[1]", JSON),
        (b"\xff", JSON),
    ],
)
def test_bodies_that_are_not_what_they_say_are_refused(body, content_type):
    with pytest.raises(InvalidRequestError):
        read_sent(body, content_type)


@pytest.mark.parametrize("code", PROBLEMS)
@pytest.mark.parametrize("write", [card_failure, history_failure])
def test_every_failure_is_a_row_of_the_result_table(write, code):
    response = write(code, request_id="r")

    answer = orjson.loads(response.body)
    assert response.status == 200
    assert answer["maKetQua"] == (PROBLEMS[code].result_code or "101")
    assert answer["ghiChu"]


@pytest.mark.parametrize(
    ("code", "result"), [("invalid_request", "401"), ("internal", "500")]
)
def test_a_token_is_refused_or_failed(code, result):
    response = token_failure(code, request_id="r")

    assert orjson.loads(response.body) == {"maKetQua": result, "APIKey": None}


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (InvalidRequestError(Fault("/full_name", "is empty")), "số: hoTen."),
        (
            InvalidRequestError(
                *(Fault(f"/{name}", "x") for name in ("operator", "card_number"))
            ),
            "số: maThe, hoTenCb.",
        ),
        (InvalidRequestError(Fault("/068180000001", "x")), "tham số. "),
        (SourceUnavailableError("/full_name"), "tham số. "),
        (None, "tham số. "),
    ],
)
def test_fields_of_the_annex_alone_are_named(error, named):
    response = card_failure("invalid_request", request_id="r", error=error)

    assert named in orjson.loads(response.body)["ghiChu"]
    assert b"068180000001" not in response.body
