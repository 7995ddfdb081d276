import json
from datetime import date
from pathlib import Path

import pytest

from lookup.citizen_id import SocialInsuranceNumber
from lookup.codes import RESULTS, Outcome
from lookup.metrics_store import PLACES
from lookup.record import BirthDate, Facet
from lookup.scopes import Scope
from tests.support.builders import (
    a_card,
    a_coverage,
    a_health,
    a_person,
    a_visit,
)
from tests.support.desk import open_desk
from tests.support.insurer import (
    CARD,
    HISTORY,
    LAN,
    OFFICER,
    PASSWORD_MD5,
    USERNAME,
    Hospital,
)

GOLDEN = Path(__file__).parents[1] / "golden/vss"
NAMES = sorted(file.stem for file in GOLDEN.glob("*.json"))

EXPIRED = a_card(
    card_number="GD4686800000000",
    valid_from=date(2025, 1, 1),
    valid_to=date(2025, 12, 31),
)
NEXT = a_card(
    card_number="GD4686800000002",
    valid_from=date(2027, 1, 1),
    valid_to=date(2027, 12, 31),
    facility_code="68002",
    facility_name="Bệnh viện Nhi Lâm Đồng",
)
OFFICIAL = a_coverage(
    person=a_person(
        citizen_id="001094000001",
        full_name="Nguyễn Văn A",
        birth_date=BirthDate(year=1994, month=3, day=5),
        sex="male",
    ),
    cards=(
        a_card(
            card_number="DN4010100000001",
            social_insurance_number="0100000001",
            facility_code="01832",
            facility_name="Phòng khám đa khoa",
            area=None,
            issued_by="BHXH thành phố Hà Nội",
        ),
    ),
)
CHILD = a_coverage(person=a_person(birth_date=BirthDate(year=2024)), cards=())


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        yield desk


@pytest.fixture
def hospital(desk):
    desk.source.know(a_coverage())
    desk.source.know(a_health())
    return Hospital(desk)


POPULATIONS = {
    "official": (OFFICIAL, a_health(citizen_id="001094000001")),
    "old card expired": (a_coverage(cards=(EXPIRED, a_card())),),
    "next card issued": (a_coverage(cards=(a_card(), NEXT)),),
    "first card begins later": (a_coverage(cards=(NEXT,)),),
    "no end": (a_coverage(cards=(a_card(valid_to=None, five_year_on=None),)),),
    "child": (CHILD,),
    "many visits": (
        a_coverage(),
        a_health(
            visits=(
                a_visit(discharged_on=None, kind="emergency", outcome="unknown"),
                a_visit(visit_id="v-0", outcome="cured"),
            )
        ),
    ),
    "nobody": (),
}


@pytest.mark.parametrize("name", NAMES)
async def test_official_examples_are_answered_field_by_field(desk, name):
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    for record in POPULATIONS[golden["population"]]:
        desk.source.know(record)
    hospital = Hospital(desk)
    await hospital.sign_in()

    function = golden["function"]
    _, answer = await hospital.post(f"/api/egw/{function}", golden["sent"])

    assert list(answer.items()) == list(golden["answer"].items())


async def test_a_token_is_given_as_the_original_does(hospital):
    answer = await hospital.take()

    key = answer["APIKey"]
    assert list(answer) == ["maKetQua", "APIKey"]
    assert answer["maKetQua"] == "200"
    assert list(key) == [
        "access_token",
        "id_token",
        "token_type",
        "username",
        "expires_in",
    ]
    assert (key["token_type"], key["username"]) == ("Bearer", USERNAME)
    assert key["expires_in"] == "2026-11-25T02:10:00.0000000Z"


@pytest.mark.parametrize("form", [True, False], ids=["form", "JSON"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
async def test_password_may_come_in_either_case_and_form(hospital, form, case):
    answer = await hospital.take(form=form, password=case(PASSWORD_MD5))

    assert answer["maKetQua"] == "200"


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "0" * 32},
        {"password": "mat khau"},
        {"password": ""},
        {"username": "68002_BV"},
        {"username": ""},
        {"username": ["68001_BV"]},
        {"password": 7},
        {"username": None},
    ],
)
async def test_a_wrong_account_gets_no_token(desk, hospital, wrong):
    answer = await hospital.take(form=False, **wrong)

    assert answer == {"maKetQua": "401", "APIKey": None}
    assert desk.metrics.read("tracuu_lookups_total", "refused", "none", "vss") == 0


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b"username"])
async def test_a_broken_question_for_a_token_gets_none(hospital, raw):
    response, answer = await hospital.post("/api/token/take", raw)

    assert response.status == 200
    assert answer == {"maKetQua": "401", "APIKey": None}


async def test_a_check_that_takes_too_long_is_told_to_who_wants_a_token(desk, hospital):
    desk.gateway_directory.is_late = True

    answer = await hospital.take()

    assert answer == {"maKetQua": "500", "APIKey": None}
    assert desk.log == []


async def test_a_fault_of_ours_is_told_to_who_wants_a_token(desk, hospital):
    desk.gateway_directory.accounts = None

    answer = await hospital.take()

    assert answer == {"maKetQua": "500", "APIKey": None}
    assert [event for event, _ in desk.log] == ["request.failed"]


@pytest.mark.parametrize(
    "function", ["KQNhanLichSuKCB2024", "KQNhanLichSuKCB2019", "NhanLichSuKCB2018"]
)
@pytest.mark.parametrize("form", [True, False], ids=["form", "JSON"])
async def test_every_name_of_the_function_answers(hospital, function, form):
    answer = await hospital.ask(function, form=form)

    assert (answer["maKetQua"], answer["maThe"]) == ("000", "GD4686800000001")


@pytest.mark.parametrize("form", [True, False], ids=["form", "JSON"])
async def test_history_answers_forms_and_json(hospital, form):
    answer = await hospital.ask(HISTORY, form=form)

    assert len(answer["dsLichSuKCB2025"]) == 1


async def test_history_is_empty_for_who_may_not_see_health(desk, hospital):
    desk.gateway_directory.become(scopes=frozenset({Scope.LOOKUP}))

    answer = await hospital.ask(HISTORY)

    assert answer == {"maKetQua": "000", "ghiChu": None, "dsLichSuKCB2025": []}


async def test_history_that_cannot_be_read_is_no_empty_history(desk, hospital):
    desk.source.unplug(Facet.HEALTH)

    answer = await hospital.ask(HISTORY)

    assert (answer["maKetQua"], answer["dsLichSuKCB2025"]) == ("100", None)


async def test_no_history_for_whom_the_claim_does_not_fit(hospital):
    answer = await hospital.ask(HISTORY, hoTen="Phạm Quốc Bảo")

    assert (answer["maKetQua"], answer["dsLichSuKCB2025"]) == ("060", [])


@pytest.mark.parametrize(
    ("code", "card_number"),
    [
        ("068180000001", "GD4686800000001"),
        ("068 180 000 001", "GD4686800000001"),
        ("gd4686800000001", "GD4686800000001"),
        ("ĐN4686800000001", "DN4686800000001"),
    ],
)
async def test_a_card_code_may_be_a_card_or_a_citizen_id(desk, code, card_number):
    desk.source.know(a_coverage(cards=(a_card(card_number=card_number),)))

    answer = await Hospital(desk).ask(maThe=code)

    assert (answer["maKetQua"], answer["maThe"]) == ("000", card_number)


@pytest.mark.parametrize("code", ["6800000001", "GD468068180000001"])
async def test_a_card_code_may_have_10_or_17_characters(desk, code):
    ten = SocialInsuranceNumber("6800000001")
    desk.source.know(a_coverage(), also=[ten])

    answer = await Hospital(desk).ask(maThe=code)

    assert (answer["maKetQua"], answer["maSoBHXH"]) == ("000", "6800000001")


@pytest.mark.parametrize("text", ["05/03/1980", "05031980", "03/1980", "1980"])
async def test_a_birth_date_may_be_partly_known(hospital, text):
    answer = await hospital.ask(ngaySinh=text)

    assert answer["maKetQua"] == "000"


async def test_an_old_answer_says_so(desk, hospital):
    desk.source.grow_stale()

    answer = await hospital.ask()

    assert answer["ghiChu"].endswith("). Dữ liệu cũ, tính đến: 25/11/2026 09:00.")


async def test_officer_is_written_down(desk, hospital):
    await hospital.ask()

    (entry,) = desk.audit.entries
    assert entry.channel == "vss"
    assert entry.client_id == "benh-vien"
    assert entry.operator == f"{OFFICER['cccdCb']} {OFFICER['hoTenCb']}"


@pytest.mark.parametrize(
    ("officers", "function", "sent", "code"),
    [
        ([OFFICER], CARD, {"hoTenCb": "hoang thi thu trang"}, "000"),
        ([], CARD, {"cccdCb": "068190000001"}, "000"),
        ([], "NhanLichSuKCB2018", {"hoTenCb": None, "cccdCb": None}, "000"),
        ([OFFICER], "NhanLichSuKCB2018", {"hoTenCb": None, "cccdCb": None}, "054"),
        ([OFFICER], "KQNhanLichSuKCB2019", {"cccdCb": "068190000001"}, "054"),
        ([OFFICER], HISTORY, {"cccdCb": "068190000001"}, "054"),
        ([OFFICER], CARD, {"hoTenCb": "Hoàng Thị Thu"}, "055"),
        ([], CARD, {"hoTenCb": None, "cccdCb": None}, "205"),
    ],
)
async def test_officers_of_a_list_alone_may_ask(
    desk, hospital, officers, function, sent, code
):
    desk.gateway_directory.become(officers=officers)

    answer = await hospital.ask(function, **sent)

    assert answer["maKetQua"] == code


async def test_a_mismatch_looks_like_nobody_without_the_scope(desk, hospital):
    desk.gateway_directory.become(scopes=frozenset({Scope.LOOKUP}))

    mismatch = await hospital.ask(hoTen="Phạm Quốc Bảo")
    desk.source.forget_all()
    nobody = await hospital.ask()

    assert mismatch == nobody
    assert nobody["maKetQua"] == "050"
    assert [e.code for e in desk.audit.entries] == ["060", "050"]


async def test_a_client_without_the_scope_is_refused_in_the_body(desk, hospital):
    desk.gateway_directory.become(scopes=frozenset())

    answer = await hospital.ask()

    assert answer["maKetQua"] == "401"


def know(desk, *cards, **person):
    desk.source.know(a_coverage(person=a_person(**person), cards=cards))


def by_status(status):
    return lambda desk: know(desk, a_card(status=status))


SCENES = {
    "000": (lambda desk: know(desk, a_card()), {}),
    "001": (lambda desk: know(desk, a_card(manager="defence")), {}),
    "002": (lambda desk: know(desk, a_card(manager="public_security")), {}),
    "003": (lambda d: know(d, EXPIRED, a_card()), {"maThe": EXPIRED.card_number}),
    "004": (lambda desk: know(desk, a_card(), NEXT), {}),
    "010": (lambda desk: know(desk, EXPIRED), {}),
    "050": (None, {}),
    "051": (None, {"maThe": "ZZ4680000000001"}),
    "052": (None, {"maThe": "DN4990000000001"}),
    "053": (None, {"maThe": "DN9680000000001"}),
    "054": (None, {"cccdCb": "068190000001"}),
    "055": (None, {"hoTenCb": "Phạm Quốc Bảo"}),
    "060": (lambda desk: know(desk, a_card()), {"hoTen": "Phạm Quốc Bảo"}),
    "061": (lambda desk: know(desk, a_card()), {"hoTen": "N T Lan"}),
    "070": (lambda desk: know(desk, a_card()), {"ngaySinh": "01/01/1999"}),
    "100": (lambda desk: desk.source.unplug(), {}),
    "101": (lambda desk: desk.audit.break_(), {}),
    "110": (by_status("revoked"), {}),
    "120": (by_status("decreased"), {}),
    "121": (by_status("moved_out_of_province"), {}),
    "122": (by_status("moved_within_province"), {}),
    "123": (by_status("readded_at_same_unit"), {}),
    "124": (by_status("stopped"), {}),
    "130": (lambda d: know(d, birth_date=BirthDate(year=2024)), {"ngaySinh": "2024"}),
    "205": (None, {"ngaySinh": "khong ro"}),
    "401": (lambda desk: desk.gateway_directory.accounts.clear(), {}),
}


def test_there_is_a_scene_for_every_code():
    assert set(SCENES) == set(RESULTS)


@pytest.mark.parametrize("function", [CARD, HISTORY])
@pytest.mark.parametrize("code", SCENES)
async def test_every_code_can_be_told_and_is_counted_once(desk, code, function):
    arrange, sent = SCENES[code]
    hospital = Hospital(desk)
    await hospital.sign_in()
    if arrange:
        arrange(desk)

    answer = await hospital.ask(function, **sent)

    outcome = RESULTS[code].outcome
    assert answer["maKetQua"] == code
    assert desk.metrics.read("tracuu_results_total", code) == 1
    assert counted(desk) == {outcome if code != "003" else Outcome.ACTIVE: 1}
    assert desk.metrics.read("tracuu_lookups_in_flight") == 0


def counted(desk):
    """How many lookups of this dialect there were, by outcome."""
    sums = {
        outcome: sum(
            desk.metrics.read("tracuu_lookups_total", *labels)
            for labels in PLACES["tracuu_lookups_total"]
            if (labels[0], labels[2]) == (outcome, "vss")
        )
        for outcome in Outcome
    }
    return {outcome: count for outcome, count in sums.items() if count}


async def test_a_load_test_names_itself(desk, hospital):
    await hospital.sign_in()
    hospital.headers["X-Tracuu-Channel"] = "loadtest"

    await hospital.ask()

    assert counted(desk) == {}


async def test_requests_are_counted_by_route(desk, hospital):
    await hospital.ask()
    await hospital.ask(HISTORY)

    routes = ("/api/token/take", "/api/egw/{function}", "/api/egw/{history}")
    name = "tracuu_http_requests_total"
    assert [desk.metrics.read(name, "POST", route, "2xx") for route in routes] == [
        1
    ] * 3


@pytest.mark.parametrize("path", ["/api/egw/KQNhanLichSuKCB595", "/api/egw/", "/api"])
async def test_there_are_no_other_functions(hospital, path):
    response, problem = await hospital.post(path, {})

    assert (response.status, problem["code"]) == (404, "route_unknown")


@pytest.mark.parametrize("secret", [LAN["maThe"], PASSWORD_MD5, OFFICER["cccdCb"]])
async def test_nothing_of_a_call_reaches_the_log(desk, hospital, secret):
    await hospital.sign_in()
    desk.source.fail(RuntimeError(f"{LAN} {OFFICER} {hospital.query}"), Facet.COVERAGE)

    answer = await hospital.ask()

    assert answer["maKetQua"] == "101"
    assert [event for event, _ in desk.log] == ["request.failed"]
    assert secret not in str(desk.log)
