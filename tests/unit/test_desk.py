"""The card on the terminal, printed from answers as the service writes them."""

import io
import re

import orjson
import pytest
from rich.console import Console

from lookup.codes import RESULTS
from lookup.desk import show_answer, show_problem
from lookup.disclosure import Disclosure
from lookup.eligibility import decide
from lookup.errors import Fault, InvalidRequestError
from lookup.notices import NOTICES, Notice
from lookup.request import RequestFields, read_request
from lookup.result import Freshness, LookupResult
from lookup.web.problems import problem_response
from lookup.web.wire import write_lasting, write_result
from tests.support.builders import (
    AS_OF,
    CITIZEN_ID,
    a_card,
    a_coverage,
    a_health,
    a_person,
    a_summary,
)

FRESH = Freshness(source="population", as_of=AS_OF, age_s=3.2, is_stale=False)
STALE = Freshness(source="redis", as_of=AS_OF, age_s=900.0, is_stale=True)


def answer(coverage, *, freshness=FRESH, health=None, health_is_missing=False):
    """What the desk is told of the person that these records are about."""
    fields = RequestFields(citizen_id=CITIZEN_ID, full_name="Nguyễn Thị Lan")
    request = read_request(fields, today=AS_OF.date())
    eligibility = decide(coverage, request, sees_restricted=False)
    fits = eligibility.identity_fits
    shown = Disclosure(
        on=request.on,
        told=RESULTS[eligibility.code],
        person=coverage.person if fits else None,
        eligibility=eligibility if fits else None,
        health=health,
        health_is_missing=health_is_missing,
        tells_age=True,
        resolved_by="citizen_id",
    )
    result = LookupResult(request_id="r-1", shown=shown, freshness=freshness)
    return orjson.loads(write_result(result, write_lasting(shown)))


def printed(show, document):
    out = io.StringIO()
    show(document, Console(file=out, width=120))
    return out.getvalue()


def card(coverage, **more):
    return printed(show_answer, answer(coverage, **more))


def test_card_in_force_shows_what_the_desk_writes_down():
    text = card(a_coverage())

    for words in (
        "✔ 000",
        RESULTS["000"].text_vi,
        RESULTS["000"].next_vi,
        "Nguyễn Thị Lan",
        "05/03/1980 · Nữ",
        CITIZEN_ID,
        "GD4686800000001",
        "01/01/2026 – 31/12/2026",
        "68001 Bệnh viện Đa khoa Lâm Đồng",
        "80 % (mức 4)",
        "K1",
        "01/01/2029",
        "cơ sở dữ liệu, 3 giây trước",
    ):
        assert words in text


def test_what_is_not_known_leaves_no_line():
    bare = a_card(valid_to=None, facility_name=None, area=None, five_year_on=None)

    text = card(a_coverage(cards=(bare,)))

    assert "01/01/2026 – -" in text
    assert "None" not in text
    assert "Khu vực" not in text
    assert "Đủ 5 năm" not in text


def test_other_cards_stand_below():
    other = a_card(card_number="HT3686800000001")
    ended = a_card(status="revoked")

    text = card(a_coverage(cards=(other, ended)))

    assert re.search(r"Thẻ BHYT +HT3686800000001", text)
    assert re.search(r"Thẻ khác +GD4686800000001  01/01/2026 – 31/12/2026", text)


def test_card_without_cover_shows_no_benefit():
    text = card(a_coverage(cards=(a_card(status="revoked"),)))

    assert "✘ 110" in text
    assert "Mức hưởng" not in text


def test_person_without_card_is_still_shown():
    text = card(a_coverage(cards=()))

    assert "050" in text
    assert "Nguyễn Thị Lan" in text
    assert "Thẻ BHYT  " not in text


def test_somebody_else_is_not_shown():
    other = a_coverage(person=a_person(full_name="Phạm Quốc Bảo"))

    text = card(other, freshness=None)

    assert "060" in text
    assert "Phạm" not in text
    assert "giây trước" not in text


def test_brackets_in_a_name_are_printed():
    named = a_card(facility_name="Trạm [red]y tế[/red] [/x]")

    assert "Trạm [red]y tế[/red] [/x]" in card(a_coverage(cards=(named,)))


def test_stale_answer_says_so():
    text = card(a_coverage(), freshness=STALE)

    assert "Redis, 900 giây trước · CŨ" in text


def test_warnings_stand_on_the_card():
    text = card(a_coverage(), health_is_missing=True)

    assert f"⚠ {NOTICES[Notice.HEALTH_UNAVAILABLE].vi}" in text


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        (a_summary(), "Dị ứng: Penicillin"),
        (a_summary(), "Bệnh: Tăng huyết áp"),
        (a_summary(), "Thuốc: Amlodipin"),
        (a_summary(), "Nhóm máu: O+"),
        (a_summary(allergies=()), "Dị ứng: không có"),
        (a_summary(allergies=None), "Dị ứng: chưa ghi nhận"),
        (None, "Hồ sơ sức khỏe: chưa lập"),
    ],
)
def test_health_is_told_section_by_section(summary, words):
    assert words in card(a_coverage(), health=a_health(summary=summary))


def test_blood_group_that_is_not_known_leaves_no_line():
    health = a_health(summary=a_summary(blood_group=None))

    assert "Nhóm máu" not in card(a_coverage(), health=health)


def test_problem_says_what_to_correct():
    error = InvalidRequestError(Fault("/birth_date", "is no date"))
    response = problem_response("invalid_request", request_id="r-1", error=error)

    text = printed(show_problem, orjson.loads(response.body))

    assert "Yêu cầu không hợp lệ" in text
    assert "→ Sửa các trường được nêu rồi gửi lại." in text
    assert "/birth_date: is no date" in text
