import asyncio
import re
from datetime import date

import pytest

from lookup.record import BirthDate, Facet
from lookup.scopes import Scope
from tests.support.builders import a_card, a_coverage, a_health, a_person
from tests.support.desk import open_desk

LAN = a_person(
    citizen_id="068180000001",
    full_name="Nguyễn Thị Lan",
    birth_date=BirthDate(year=1980, month=3, day=5),
)
CARD = a_card(valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31))
QUESTION = {
    "citizen_id": LAN.citizen_id,
    "full_name": "NGUYEN THI LAN",
    "birth_date": "05/03/1980",
}


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        desk.source.know(a_coverage(person=LAN, cards=(CARD,)))
        desk.source.know(a_health(citizen_id=LAN.citizen_id))
        yield desk


async def test_a_question_has_its_whole_answer(desk):
    response, answer = await desk.ask(QUESTION)

    assert response.status == 200
    assert answer["result"]["code"] == "000"
    assert answer["result"]["verdict"] == "green"
    assert answer["person"]["birth_date"] == "1980-03-05"
    assert answer["coverage"]["in_force"] is True
    assert answer["coverage"]["card"]["card_number"] == CARD.card_number
    assert answer["coverage"]["benefit"]["percent"] == 80
    assert answer["health"] is None
    assert answer["freshness"]["source"] == "population"
    assert answer["resolved_by"] == "citizen_id"
    assert answer["request_id"] == response.headers["X-Request-Id"]


async def test_health_is_answered_with_a_purpose(desk):
    question = QUESTION | {"include": ["health"], "purpose": "treatment"}

    _, answer = await desk.ask(question)

    assert answer["health"]["summary"]["blood_group"] == "O+"
    assert answer["coverage"]["in_force"] is True


async def test_health_out_of_reach_is_said_beside_the_coverage(desk):
    desk.source.unplug(Facet.HEALTH)
    question = QUESTION | {"include": ["health"], "purpose": "treatment"}

    _, answer = await desk.ask(question)

    codes = [warning["code"] for warning in answer["coverage"]["warnings"]]
    assert (answer["health"], codes) == (None, ["health_unavailable"])


async def test_a_no_is_an_answer(desk):
    response, answer = await desk.ask(QUESTION | {"full_name": "Phạm Quốc Bảo"})

    assert response.status == 200
    assert answer["result"]["code"] == "060"
    assert answer["result"]["next_step"]["vi"]
    assert answer["person"] is answer["coverage"] is None


async def test_a_mismatch_and_nobody_are_the_same_to_the_last_byte(desk):
    desk.directory.scopes = frozenset({Scope.LOOKUP})
    wrong = QUESTION | {"full_name": "Phạm Quốc Bảo"}
    first, mismatch = await desk.ask(wrong)
    desk.source.forget_all()

    second, nobody = await desk.ask(wrong)

    del mismatch["request_id"], nobody["request_id"]
    assert mismatch == nobody
    assert first.headers["ETag"] == second.headers["ETag"]
    assert first.content_length == second.content_length


async def test_the_same_answer_is_not_sent_twice(desk):
    first, _ = await desk.ask(QUESTION)
    desk.clock.move(by_s=30)

    second, body = await desk.ask(QUESTION, If_None_Match=first.headers["ETag"])

    assert (second.status, body) == (304, None)
    assert len(desk.audit.entries) == 2


async def test_a_changed_record_is_sent_again(desk):
    first, _ = await desk.ask(QUESTION)
    desk.source.know(a_coverage(person=LAN, cards=()))

    second, _ = await desk.ask(QUESTION, If_None_Match=first.headers["ETag"])

    assert second.status == 200


async def test_answers_are_never_kept_on_the_way(desk):
    response, _ = await desk.ask(QUESTION)

    assert response.headers["Cache-Control"] == "private, no-store"
    assert re.fullmatch(r"total;dur=\d+\.\d\d", response.headers["Server-Timing"])


@pytest.mark.parametrize("key", [None, "", "wrong", "tracuu_tes"])
async def test_no_key_and_a_wrong_key_are_told_the_same(desk, key):
    response, problem = await desk.ask(QUESTION, key=key)

    assert (response.status, problem["code"]) == (401, "not_authenticated")
    assert response.headers["WWW-Authenticate"]
    assert desk.source.loads == {}


async def test_a_missing_scope_is_named(desk):
    desk.directory.scopes = frozenset({Scope.LOOKUP})
    question = QUESTION | {"include": ["health"], "purpose": "treatment"}

    response, problem = await desk.ask(question)

    assert (response.status, problem["code"]) == (403, "not_allowed")
    assert "health:read" in problem["detail"]


@pytest.mark.parametrize(
    ("broken", "code", "counted"),
    [
        ("source", "source_unavailable", "unavailable"),
        ("audit", "audit_unavailable", "unavailable"),
        ("code", "internal", "unavailable"),
    ],
)
async def test_a_failure_of_ours_says_what_to_do_meanwhile(desk, broken, code, counted):
    {
        "source": desk.source.unplug,
        "audit": desk.audit.break_,
        "code": lambda: desk.source.fail(ZeroDivisionError("068180000001"), "coverage"),
    }[broken]()

    response, problem = await desk.ask(QUESTION)

    assert response.status == problem["status"] >= 500
    assert problem["code"] == code
    assert problem["retryable"] is True
    assert "tiếp nhận" in problem["action"]["vi"]
    assert desk.metrics.read("tracuu_lookups_total", counted, "none", "api") == 1


async def test_a_defect_is_logged_without_what_it_says(desk):
    desk.source.fail(ZeroDivisionError("068180000001"), Facet.COVERAGE)

    response, _ = await desk.ask(QUESTION)

    ((event, fields),) = desk.log
    assert event == "request.failed"
    assert fields["request_id"] == response.headers["X-Request-Id"]
    assert fields["error"] == "ZeroDivisionError"
    assert "068180000001" not in repr(desk.log)


@pytest.mark.parametrize(
    ("sent", "is_kept"),
    [
        ("0d3c0b1e-6f0a-4c39-9a59-0a6a4a3f1c2d", True),
        ("0d3c0b1e6f0a4c399a590a6a4a3f1c2d", True),
        ("01JDHXG0T9V1M2N3P4Q5R6S7T8", True),
        ("068180000001", False),
        ("Nguyen Thi Lan", False),
        ("", False),
    ],
)
async def test_a_request_id_is_kept_unless_it_could_be_somebody(desk, sent, is_kept):
    response, answer = await desk.ask(QUESTION, X_Request_Id=sent)

    assert (answer["request_id"] == sent) is is_kept
    assert response.headers["X-Request-Id"] == answer["request_id"]


@pytest.mark.parametrize(
    ("sent", "counted"), [("page", "page"), ("loadtest", "loadtest"), ("x", "api")]
)
async def test_lookups_are_counted_by_their_door(desk, sent, counted):
    await desk.ask(QUESTION, X_Tracuu_Channel=sent)

    assert desk.metrics.read("tracuu_lookups_total", "active", "population", counted)


async def test_a_qr_code_brings_name_and_birth_date(desk):
    qr = f"{LAN.citizen_id}||Nguyễn Thị Lan|05031980|Nữ|Đà Lạt|01012021"

    _, answer = await desk.ask({"qr": qr})

    assert answer["result"]["code"] == "000"


async def test_a_card_number_says_how_it_was_resolved(desk):
    question = {"card_number": CARD.card_number, "birth_date": "1980-03-05"}

    _, answer = await desk.ask(question)

    assert (answer["result"]["code"], answer["resolved_by"]) == ("000", "card_number")


async def test_a_body_in_another_form_is_refused(desk):
    response, problem = await desk.ask(QUESTION, Content_Type="text/plain")

    assert (response.status, problem["code"]) == (415, "media_type_unsupported")


async def test_a_body_of_a_megabyte_is_refused(desk):
    response, problem = await desk.ask(raw=b'{"qr":"' + b"x" * 1_000_000 + b'"}')

    assert (response.status, problem["code"]) == (413, "body_too_large")


async def test_a_body_that_trickles_in_is_cut_off(desk, monkeypatch):
    monkeypatch.setattr("lookup.web.lookups.BODY_TIMEOUT_S", 0.05)

    async def trickle():
        yield b"{"
        await asyncio.Event().wait()

    headers = {
        "Authorization": "Bearer tracuu_test",
        "Content-Type": "application/json",
    }
    sending = desk.client.post("/v1/lookups", data=trickle(), headers=headers)
    response = await sending

    assert response.status == 408


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/lookups/068180000001", 404, "route_unknown"),
        ("GET", "/v1/lookups", 405, "method_not_allowed"),
        ("DELETE", "/v1/lookups", 405, "method_not_allowed"),
    ],
)
async def test_a_wrong_address_is_a_problem_that_repeats_nothing(
    desk, method, path, status, code
):
    response = await desk.client.request(method, path)

    text = await response.text()
    assert response.status == status
    assert f'"{code}"' in text
    assert "068180000001" not in text


async def test_the_contract_is_served(desk):
    response = await desk.client.get("/openapi.json")

    document = await response.json()
    assert document["openapi"] == "3.1.0"
    assert "LookupRequest" in document["components"]["schemas"]
