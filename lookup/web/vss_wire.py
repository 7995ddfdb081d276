"""Answers in the insurer's protocol: its names, their order and their formats.

Every field is a text. HTTP says 200 whatever happens, as the original does; the result
code in the body says the rest.

Source: Phụ lục 03, công văn 1923/BHXH-CNTT of 20 June 2024, sections 2 to 4; công văn
1245/BHXH-CNTT of 3 May 2024 for the token; công văn 2746/BHXH-CNTT for the history.
"""

from datetime import date, datetime
from typing import Any

import orjson
from aiohttp import web

from lookup.citizen_id import Identifier
from lookup.clock import RECEPTION_ZONE
from lookup.codes import RESULTS, Outcome, Result
from lookup.eligibility import Eligibility
from lookup.errors import InvalidRequestError, TracuuError
from lookup.record import BirthDate, InsuranceCard, Person, Sex, Visit
from lookup.result import Freshness, LookupResult
from lookup.web.problems import PROBLEMS

_CARD_FIELDS = (
    *("maKetQua", "ghiChu", "maThe", "hoTen", "ngaySinh", "gioiTinh", "diaChi"),
    *("maDKBD", "cqBHXH", "gtTheTu", "gtTheDen", "maKV", "ngayDu5Nam", "maSoBHXH"),
    *("maTheCu", "maTheMoi", "gtTheTuMoi", "gtTheDenMoi", "maDKBDMoi", "tenDKBDMoi"),
    *("dsLichSuKCB2018", "dsLichSuKT2018"),
)
"""The answer about a card, in the annex's order.

The history is null, as the original gives it since it has a function of its own; who
else asked is for our audit and stays empty.
"""

_NO_CARD: dict[str, Any] = dict.fromkeys(_CARD_FIELDS) | {"dsLichSuKT2018": []}

_FIELD_NAMES = {
    "maThe": {"/citizen_id", "/card_number"},
    "hoTen": {"/full_name"},
    "ngaySinh": {"/birth_date"},
    "hoTenCb": {"/hoTenCb", "/operator"},
    "cccdCb": {"/cccdCb"},
}
"""Fields that may be named as malformed, and by what they are known inside."""

_SEXES: dict[Sex, str] = {"male": "Nam", "female": "Nữ", "unknown": "Chưa xác định"}

_OUTCOMES = {"cured": "1", "better": "2", "unchanged": "3", "worse": "4", "died": "5"}
"""Result of a treatment (kqDieuTri); empty when it is unknown."""

_DISCHARGED = "1"
"""State at the end of a stay (tinhTrang)."""

_EMERGENCY = "2"
"""Reason of a visit (lyDoVV); of the others we know none."""


def json_response(answer: dict[str, Any]) -> web.Response:
    """An answer of any function."""
    return web.Response(
        body=orjson.dumps(answer),
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store"},
    )


def card_answer(result: LookupResult, asked: Identifier) -> dict[str, Any]:
    """What is known about the card, in the annex's order."""
    told, person, eligibility = result.told, result.person, result.eligibility
    answer = _NO_CARD | {"maKetQua": told.code, "ghiChu": _sentence(told)}
    if person is None or eligibility is None:
        return answer
    answer |= _person(person)
    if eligibility.card is not None:
        card, new = _cards(eligibility, asked)
        answer |= _card(card, new)
        answer["maTheCu"] = card.card_number if new is not card else ""
        answer["ghiChu"] = _note(told, person, card)
    answer["ghiChu"] += _age(result.freshness)
    return answer


def history_answer(result: LookupResult) -> dict[str, Any]:
    """The visits, newest first; none for whom the asker may not see.

    No list at all, and a code that says so, when the health record could not be read:
    an empty one would say that there were no visits.
    """
    if result.health_is_missing:
        unread = RESULTS["100"]
        return _history(unread, _sentence(unread), None)
    visits = result.health.visits if result.health is not None else ()
    note = None if result.told.code == "000" else _sentence(result.told)
    return _history(result.told, note, [_visit(visit) for visit in visits])


def token_answer(
    username: str, *, token: str, id_token: str, expires_at: datetime
) -> dict[str, Any]:
    """A token for a user, with the instant at which it ends."""
    return {
        "maKetQua": "200",
        "APIKey": {
            "access_token": token,
            "id_token": id_token,
            "token_type": "Bearer",
            "username": username,
            # Seven fractional digits, as the original has them.
            "expires_in": f"{expires_at:%Y-%m-%dT%H:%M:%S.%f}0Z",
        },
    }


def card_failure(
    code: str, *, request_id: str, error: TracuuError | None = None
) -> web.Response:
    """Why there is no answer about a card; ``code`` is a row of the problems."""
    del request_id  # the protocol has no place for it but the header
    told = _told(code)
    note = _sentence(told, _named(error))
    return json_response(_NO_CARD | {"maKetQua": told.code, "ghiChu": note})


def history_failure(
    code: str, *, request_id: str, error: TracuuError | None = None
) -> web.Response:
    """Why there is no history; ``code`` is a row of the problems."""
    del request_id
    told = _told(code)
    return json_response(_history(told, _sentence(told, _named(error)), None))


def token_failure(
    code: str, *, request_id: str, error: TracuuError | None = None
) -> web.Response:
    """Why there is no token: the account, or a fault of ours."""
    del request_id, error
    is_ours = PROBLEMS[code].outcome is Outcome.UNAVAILABLE
    return json_response({"maKetQua": "500" if is_ours else "401", "APIKey": None})


def _told(code: str) -> Result:
    return RESULTS[PROBLEMS[code].result_code or "101"]


def _named(error: TracuuError | None) -> str:
    """The fields at fault, by name and never by value."""
    if not isinstance(error, InvalidRequestError):
        return ""
    pointers = {fault.pointer for fault in error.faults}
    named = [name for name, inside in _FIELD_NAMES.items() if inside & pointers]
    return f": {', '.join(named)}" if named else ""


def _history(
    told: Result, note: str | None, visits: list[dict[str, str]] | None
) -> dict[str, Any]:
    return {"maKetQua": told.code, "ghiChu": note, "dsLichSuKCB2025": visits}


def _sentence(told: Result, named: str = "") -> str:
    """The reason and the next step."""
    return f"{told.text_vi}{named}. {told.next_vi}"


def _note(told: Result, person: Person, card: InsuranceCard) -> str:
    """The sentence that most software shows to the desk, in the original's words."""
    verdict = "Thẻ còn giá trị sử dụng" if told.code == "000" else told.text_vi
    facts = (
        "ĐC: ",
        f"Nơi KCBBĐ: {card.facility_code}",
        f"Hạn thẻ: {_day(card.valid_from)} - {_day(card.valid_to)}",
        f"Thời điểm đủ 5 năm liên tục: {_day(card.five_year_on)}",
    )
    return (
        f"{verdict}! Họ tên : {person.full_name}, "
        f"Ngày sinh: {_birth_date(person.birth_date)}, "
        f"Giới tính : {_SEXES[person.sex]}! ({'; '.join(facts)})."
    )


def _age(freshness: Freshness | None) -> str:
    """A word about the age of what is told, when it is older than it should be."""
    if freshness is None or not freshness.is_stale:
        return ""
    as_of = freshness.as_of.astimezone(RECEPTION_ZONE)
    return f" Dữ liệu cũ, tính đến: {as_of:%d/%m/%Y %H:%M}."


def _cards(
    eligibility: Eligibility, asked: Identifier
) -> tuple[InsuranceCard, InsuranceCard]:
    """The card the answer speaks of, and the new one: the same where none is newer.

    003 speaks of the old card and points to the new one, 004 likewise.
    """
    card, others = eligibility.card, eligibility.other_cards
    assert card is not None
    if eligibility.code == "003":
        named = [other for other in others if other.card_number == asked.digits]
        before = [other for other in others if other.valid_from < card.valid_from]
        old = max(named or before, key=_start, default=card)
        return old, card
    if eligibility.code == "004":
        after = [other for other in others if other.valid_from > card.valid_from]
        return card, min(after, key=_start, default=card)
    return card, card


def _start(card: InsuranceCard) -> date:
    return card.valid_from


def _person(person: Person) -> dict[str, str]:
    """The person; no address, for the population holds none."""
    return {
        "hoTen": person.full_name,
        "ngaySinh": _birth_date(person.birth_date),
        "gioiTinh": _SEXES[person.sex],
        "diaChi": "",
    }


def _card(card: InsuranceCard, new: InsuranceCard) -> dict[str, str]:
    return {
        "maThe": card.card_number,
        "maDKBD": card.facility_code,
        "cqBHXH": card.issued_by or "",
        "gtTheTu": _day(card.valid_from),
        "gtTheDen": _day(card.valid_to),
        "maKV": card.area or "",
        "ngayDu5Nam": _day(card.five_year_on),
        "maSoBHXH": card.social_insurance_number,
        "maTheMoi": new.card_number,
        "gtTheTuMoi": _day(new.valid_from),
        "gtTheDenMoi": _day(new.valid_to),
        "maDKBDMoi": new.facility_code,
        "tenDKBDMoi": new.facility_name or "",
    }


def _visit(visit: Visit) -> dict[str, str]:
    has_ended = visit.discharged_on is not None
    return {
        "maHoSo": visit.visit_id,
        "maCSKCB": visit.facility_code,
        "ngayVao": _minute(visit.admitted_on),
        "ngayRa": _minute(visit.discharged_on),
        "tenBenh": visit.diagnosis,
        "tinhTrang": _DISCHARGED if has_ended else "",
        "kqDieuTri": _OUTCOMES.get(visit.outcome, ""),
        "lyDoVV": _EMERGENCY if visit.kind == "emergency" else "",
    }


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day is not None else ""


def _minute(day: date | None) -> str:
    """``yyyyMMddHHmm``; we know the day alone, so the time is midnight."""
    return f"{day:%Y%m%d}0000" if day is not None else ""


def _birth_date(birth: BirthDate) -> str:
    """``dd/MM/yyyy``, cut to what is known."""
    parts = [f"{part:02}" for part in (birth.day, birth.month) if part is not None]
    return "/".join([*parts, f"{birth.year:04}"])
