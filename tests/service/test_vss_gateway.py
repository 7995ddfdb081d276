from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.vss_contract import EMPTY_MAX
from lookup.citizen_id import CitizenId, LegacyId, SocialInsuranceNumber
from lookup.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    SourceUnavailableError,
)
from lookup.record import BirthDate, Facet
from tests.support.builders import CITIZEN_ID, a_coverage, a_health
from tests.support.clock import MORNING
from tests.support.gateway_asker import (
    CLAIM,
    LAN,
    NUMBERS,
    an_asker,
    open_double_of_lan,
)
from tests.support.gateway_double import (
    ACCOUNT,
    COVERAGE_PATH,
    breaks_off,
    card_answer,
    floods,
    redirects,
    resets,
    says,
    says_bytes,
    visits_answer,
)


@pytest.fixture
async def double():
    async with open_double_of_lan() as double:
        yield double


@pytest.fixture
async def asker(double):
    async with an_asker(double) as asker:
        yield asker


async def test_a_question_is_asked_as_the_annex_has_it(asker, double):
    await asker.ask()

    query = {
        "token": "token+1=",
        "id_token": "id-1",
        "username": ACCOUNT.username,
        "password": ACCOUNT.password_md5,
    }
    fields = {
        "maThe": CITIZEN_ID,
        "hoTen": "NGUYEN THI LAN",
        "ngaySinh": "05/03/1980",
        "hoTenCb": ACCOUNT.officer_name,
        "cccdCb": ACCOUNT.officer_citizen_id,
    }
    assert double.asked == [(COVERAGE_PATH, query, fields)]


@pytest.mark.parametrize(
    ("birth", "text"),
    [
        (BirthDate(year=1950, month=2), "02/1950"),
        (BirthDate(year=1950), "1950"),
    ],
)
async def test_a_birth_date_is_sent_as_exactly_as_it_is_claimed(
    asker, double, birth, text
):
    await asker.ask(claim=replace(CLAIM, birth_date=birth))

    assert double.asked[0][2]["ngaySinh"] == text


@pytest.mark.parametrize(
    ("told", "as_of"),
    [
        ("24/11/2026 07:30", datetime(2026, 11, 24, 0, 30, tzinfo=UTC)),
        ("24/11/2999 07:30", MORNING),
    ],
)
async def test_the_age_of_a_stale_answer_travels_on(asker, double, told, as_of):
    note = f"Dữ liệu cũ, tính đến: {told}."
    double.fail(says(card_answer(a_coverage(), ghiChu=note)))

    finding = await asker.ask()

    assert (finding.is_stale, finding.as_of) == (True, as_of)


async def test_visits_come_without_summary(asker):
    finding = await asker.ask(facet=Facet.HEALTH)

    assert finding.record.summary is None
    assert [visit.visit_id for visit in finding.record.visits] == ["v-1"]


@pytest.mark.parametrize(
    ("number", "claim", "code"),
    [
        (CitizenId("068180999999"), CLAIM, "050"),
        (LAN, replace(CLAIM, full_name="Trần Văn An"), "060"),
        (LAN, replace(CLAIM, birth_date=BirthDate(year=1981)), "070"),
        (LegacyId("259999999"), CLAIM, "050"),
    ],
)
async def test_a_judged_claim_brings_a_code_and_no_record(asker, number, claim, code):
    finding = await asker.ask(number, claim=claim)

    assert (finding.record, finding.version, finding.withheld) == (None, 0, code)


@pytest.mark.parametrize("code", ["051", "052", "053", "061", "130"])
async def test_a_code_without_a_card_speaks_for_itself(asker, double, code):
    double.fail(says({"maKetQua": code}))

    assert (await asker.ask()).withheld == code


@pytest.mark.parametrize("code", ["001", "002"])
async def test_a_ministry_may_keep_its_card_to_itself(asker, double, code):
    double.fail(says({"maKetQua": code, "maThe": None}))

    assert (await asker.ask()).withheld == code


async def test_who_is_asked_by_card_stays_without_citizen_id(asker):
    finding = await asker.ask(SocialInsuranceNumber("6800000001"))

    assert finding.record.person.citizen_id is None


@pytest.mark.parametrize(
    ("claim", "fields"),
    [
        (None, ["/full_name", "/birth_date"]),
        (replace(CLAIM, full_name=None), ["/full_name"]),
        (replace(CLAIM, birth_date=None), ["/birth_date"]),
    ],
)
async def test_a_thin_claim_is_sent_back_unasked(asker, double, claim, fields):
    with pytest.raises(InvalidRequestError) as raised:
        await asker.ask(claim=claim)

    assert [fault.pointer for fault in raised.value.faults] == fields
    assert double.asked == []


NULLS = dict.fromkeys(card_answer(a_coverage())) | {"maKetQua": "000"}

THEIR_FAULTS = {
    "HTML 502": says_bytes(b"<h1>502 Bad Gateway</h1>", status=502),
    "HTML 200": says_bytes(b"<h1>Maintenance</h1>", content_type="text/html"),
    "503": says_bytes(b"", status=503),
    "redirect": redirects,
    "reset": resets,
    "half an answer": breaks_off,
    "flood": floods,
    "nothing": says_bytes(b""),
    "text": says_bytes("Lỗi hệ thống".encode()),
    "text as JSON": says("Lỗi hệ thống"),
    "null": says(None),
    "list": says([]),
    "no UTF-8": says_bytes(b'{"maKetQua": "000", "hoTen": "\xff"}'),
    "deep JSON": says_bytes(b'{"maKetQua": "000", "x":' + b"[" * 100_000),
    "cut JSON": says_bytes(b'{"maKetQua": "000",'),
    "no code": says({}),
    "null code": says({"maKetQua": None}),
    "code as number": says({"maKetQua": 0}),
    "unknown code": says({"maKetQua": "701"}),
    "empty code": says({"maKetQua": ""}),
    "nothing but the code": says({"maKetQua": "000"}),
    "nulls": says(NULLS),
    "wrong types": says(card_answer(a_coverage(), maThe=5, hoTen=[])),
    "100": says({"maKetQua": "100"}),
    "101": says({"maKetQua": "101"}),
    "500": says({"maKetQua": "500"}),
    "expired without a card": says({"maKetQua": "010"}),
    "in force without its dates": says(card_answer(a_coverage(), gtTheTu="")),
}


@pytest.mark.parametrize("fault", THEIR_FAULTS)
async def test_a_failure_of_theirs_is_no_answer(asker, double, fault):
    double.fail(THEIR_FAULTS[fault])

    await asker.fails()

    assert asker.counted("faults", "theirs") == 1
    assert asker.says("source.unavailable")
    assert (await asker.ask()).record == a_coverage()
    assert asker.says("source.recovered") == [{"source": "gateway"}]


@pytest.mark.parametrize("fault", ["null", "wrong types", "no code", "unknown code"])
async def test_the_same_holds_for_visits(asker, double, fault):
    double.fail(THEIR_FAULTS[fault])

    await asker.fails(facet=Facet.HEALTH)


@pytest.mark.parametrize("visits", ["", 5, [None], [{"maHoSo": 1}]])
async def test_malformed_visits_are_no_answer(asker, double, visits):
    double.fail(says({"maKetQua": "000", "dsLichSuKCB2025": visits}))

    await asker.fails(facet=Facet.HEALTH)

    assert asker.counted("contract_changes", "field_malformed") == 1


async def test_silence_ends_with_the_time_limit(double):
    double.hold()

    async with an_asker(double, timeout_s=0.05) as asker:
        await asker.fails()

    assert asker.metrics.read("tracuu_source_requests_total", "gateway", "late") == 1


async def test_silence_beyond_the_deadline_is_late(asker, double):
    double.hold()

    with pytest.raises(DeadlineExceededError):
        await asker.ask(within_s=0.05)


async def test_a_closed_door_is_no_answer(double):
    url, double.url = double.url, "http://127.0.0.1:1"

    async with an_asker(double) as asker:
        await asker.fails()

    double.url = url
    assert asker.counted("faults", "theirs") == 1


@pytest.mark.parametrize("code", ["054", "055", "205"])
async def test_our_configuration_is_told_of_each_time(asker, double, code):
    double.fail(says({"maKetQua": code}), says({"maKetQua": code}))

    await asker.fails()
    await asker.fails()

    assert asker.says("gateway.refused") == [{"code": code}, {"code": code}]
    assert asker.counted("faults", "ours") == 2


async def test_a_code_nobody_knows_is_a_change_of_contract(asker, double):
    double.fail(says({"maKetQua": "701"}))

    await asker.fails()

    assert asker.counted("contract_changes", "code_unknown") == 1
    assert asker.says("gateway.contract_changed") == [
        {"change": "code_unknown", "field": "maKetQua"}
    ]


async def test_a_field_that_stays_empty_is_a_change_of_contract(asker, double):
    answer = card_answer(a_coverage(), ngayDu5Nam=None)
    double.know(NUMBERS, answer, visits_answer(a_health()))

    for _ in range(EMPTY_MAX + 3):
        await asker.ask()

    assert asker.says("gateway.contract_changed") == [
        {"change": "field_empty", "field": "ngayDu5Nam"}
    ]


async def test_a_field_that_is_empty_now_and_then_is_none(asker, double):
    empty = says(card_answer(a_coverage(), ngayDu5Nam=None))

    for _ in range(EMPTY_MAX):
        double.fail(empty)
        await asker.ask()
        await asker.ask()

    assert asker.counted("contract_changes", "field_empty") == 0


async def test_visits_that_are_never_there_are_a_change_of_contract(asker, double):
    none = visits_answer(a_health(), dsLichSuKCB2025=None)
    double.know(NUMBERS, card_answer(a_coverage()), none)

    for _ in range(EMPTY_MAX):
        await asker.ask(facet=Facet.HEALTH)

    assert asker.counted("contract_changes", "field_empty") == 1


async def test_nothing_about_people_or_accounts_is_told(asker, double):
    double.fail(*THEIR_FAULTS.values())

    for _ in THEIR_FAULTS:
        with pytest.raises(SourceUnavailableError) as raised:
            await asker.ask()
        told = f"{asker.told} {raised.value} {raised.value.__cause__}"
        for secret in (CITIZEN_ID, "Lan", ACCOUNT.username, ACCOUNT.password_md5):
            assert secret not in told
