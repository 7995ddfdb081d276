"""The gateway's answers read strictly: a record, or the field that spoils it.

Only what the annex promises is read. A "yes" without a card, or a card whose dates
belie the code, is no answer: better none than a wrong one.

Source: as for ``adapters.vss_answers``; cards of 17 characters by công văn
2746/BHXH-CNTT.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from unicodedata import normalize

import msgspec

from adapters.vss_answers import CardAnswer, VisitAnswer, VisitsAnswer
from adapters.vss_codes import CardMeaning
from lookup.citizen_id import Identifier
from lookup.clock import RECEPTION_ZONE
from lookup.dates import parse_birth_date
from lookup.errors import MalformedError
from lookup.names import parse_name
from lookup.record import (
    BirthDate,
    CoverageRecord,
    HealthRecord,
    InsuranceCard,
    Person,
    Sex,
    Visit,
)

VISITS_MAX = 20
"""As many as a ``HealthRecord`` holds."""

_NUMBER = re.compile("[A-Z]{2}[1-5][0-9]{2}(?:[0-9]{10}|[0-9]{12})")
_DAY = re.compile("([0-9]{2})/([0-9]{2})/([0-9]{4})")
_STALE = re.compile(
    "Dữ liệu cũ, tính đến: ([0-9]{2})/([0-9]{2})/([0-9]{4}) ([0-9]{2}):([0-9]{2})"
)
_MOMENT = re.compile("([0-9]{4})([0-9]{2})([0-9]{2})[0-9]{4}")

_SEXES: dict[str | None, Sex] = {"Nam": "male", "Nữ": "female"}
_AREAS: dict[str | None, Literal["K1", "K2", "K3"]] = {
    "K1": "K1",
    "K2": "K2",
    "K3": "K3",
}
_OUTCOMES: dict[
    str | None, Literal["cured", "better", "unchanged", "worse", "died"]
] = {"1": "cured", "2": "better", "3": "unchanged", "4": "worse", "5": "died"}
_EMERGENCY = "2"


class UnusableError(Exception):
    """A field of the annex is missing, malformed or belies the result code."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is not as the annex says")
        self.field = field


def read_coverage(
    answer: CardAnswer, meaning: CardMeaning, *, asked: Identifier, today: date
) -> CoverageRecord:
    """The person and the cards of an answer.

    Args:
        answer: What was answered.
        meaning: What its result code says about the card.
        asked: The number asked for; the answer itself names no citizen ID.
        today: This day at the desk.

    Raises:
        UnusableError: A field does not carry what the code says.
    """
    cards = [_card(answer, meaning)]
    if meaning.has_new_card:
        cards += _new_cards(answer, cards[0])
    if meaning.stands == "in_force":
        _refuse_unless_in_force(cards[0], today)
    elif meaning.stands == "over":
        cards = _with_the_first_over(cards, meaning, today)
    person = Person(
        citizen_id=citizen_id_of(asked),
        full_name=_name(answer.full_name),
        birth_date=_birth_date(answer.birth_date, today),
        sex=_SEXES.get(_text(answer.sex), "unknown"),
    )
    cards.sort(key=lambda card: card.valid_from)
    return CoverageRecord(person=person, cards=tuple(cards))


def read_health(answer: VisitsAnswer, *, asked: Identifier) -> HealthRecord:
    """The newest visits; the gateway knows no summary and no documents.

    Raises:
        UnusableError: A visit has no number or no first day.
    """
    visits = [_visit(row) for row in answer.visits or ()]
    visits.sort(key=lambda visit: visit.admitted_on, reverse=True)
    return HealthRecord(
        citizen_id=citizen_id_of(asked), visits=tuple(visits[:VISITS_MAX])
    )


def read_age(note: str | None) -> datetime | None:
    """When a stale record was true, by the note (``ghiChu``) of a Tracuu out there.

    None for what is not stale, and for the gateway itself, which tells no age.
    """
    match = _STALE.search(_text(note) or "")
    if match is None:
        return None
    day, month, year, hour, minute = (int(part) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=RECEPTION_ZONE)
    except ValueError:
        return None


def citizen_id_of(asked: Identifier) -> str | None:
    """The citizen ID that was asked for, None when it was a card."""
    return asked.digits if asked.kind == "citizen_id" else None


def _card(answer: CardAnswer, meaning: CardMeaning) -> InsuranceCard:
    number = _number(answer.number, "maThe")
    facility_code = _text(answer.facility_code) or ""
    is_the_same = _text(answer.new_facility_code) == facility_code
    return InsuranceCard(
        card_number=number,
        social_insurance_number=_social(answer, number),
        subject_code=number[:2],
        benefit_level=int(number[2]),
        valid_from=_needed_day(answer.valid_from, "gtTheTu"),
        valid_to=_day(answer.valid_to, "gtTheDen"),
        facility_code=facility_code,
        facility_name=_text(answer.new_facility_name) if is_the_same else None,
        area=_AREAS.get(_text(answer.area)),
        five_year_on=_day(answer.five_year_on, "ngayDu5Nam"),
        status=meaning.status,
        manager=meaning.manager,
        issued_by=_text(answer.issued_by),
    )


def _new_cards(answer: CardAnswer, old: InsuranceCard) -> list[InsuranceCard]:
    """The new card; empty when there is none, or when it is the old one once more."""
    if _text(answer.new_number) is None:
        return []
    number = _number(answer.new_number, "maTheMoi")
    new = msgspec.structs.replace(
        old,
        card_number=number,
        social_insurance_number=_social(answer, number),
        subject_code=number[:2],
        benefit_level=int(number[2]),
        valid_from=_needed_day(answer.new_valid_from, "gtTheTuMoi"),
        valid_to=_day(answer.new_valid_to, "gtTheDenMoi"),
        facility_code=_text(answer.new_facility_code) or old.facility_code,
        facility_name=_text(answer.new_facility_name),
    )
    return [] if _period(new) == _period(old) else [new]


def _period(card: InsuranceCard) -> tuple[str, date, date | None]:
    return card.card_number, card.valid_from, card.valid_to


def _refuse_unless_in_force(card: InsuranceCard, today: date) -> None:
    if card.valid_from > today:
        raise UnusableError("gtTheTu")
    if _is_over(card, today):
        raise UnusableError("gtTheDen")


def _with_the_first_over(
    cards: list[InsuranceCard], meaning: CardMeaning, today: date
) -> list[InsuranceCard]:
    """The cards of a code by which the first gives no cover any more, or not yet.

    Where the dates say that it does, the code wins: it is left out.
    """
    old, *new = cards
    gives_cover = old.valid_from <= today and not _is_over(old, today)
    kept = new if gives_cover else cards
    if meaning.has_new_card and all(_is_over(card, today) for card in kept):
        raise UnusableError("gtTheDenMoi" if new else "maTheMoi")
    if not meaning.has_new_card and not _is_over(old, today):
        raise UnusableError("gtTheDen")
    return kept


def _is_over(card: InsuranceCard, today: date) -> bool:
    return card.valid_to is not None and card.valid_to < today


def _visit(row: VisitAnswer) -> Visit:
    """One visit. Its kind is not told: whoever stays over night was an inpatient."""
    visit_id = _text(row.visit_id)
    if visit_id is None:
        raise UnusableError("maHoSo")
    admitted_on = _moment(row.admitted, "ngayVao")
    if admitted_on is None:
        raise UnusableError("ngayVao")
    discharged_on = _moment(row.discharged, "ngayRa")
    is_over_night = discharged_on is not None and discharged_on > admitted_on
    kind: Literal["inpatient", "outpatient"] = (
        "inpatient" if is_over_night else "outpatient"
    )
    return Visit(
        visit_id=visit_id,
        facility_code=_text(row.facility_code) or "",
        facility_name=None,
        admitted_on=admitted_on,
        discharged_on=discharged_on,
        kind="emergency" if _text(row.reason) == _EMERGENCY else kind,
        diagnosis_code="",
        diagnosis=_text(row.diagnosis) or "",
        outcome=_OUTCOMES.get(_text(row.outcome), "unknown"),
    )


def _text(value: str | None) -> str | None:
    return normalize("NFC", value).strip() or None if value else None


def _number(value: str | None, field: str) -> str:
    number = _text(value) or ""
    if not _NUMBER.fullmatch(number):
        raise UnusableError(field)
    return number


def _social(answer: CardAnswer, number: str) -> str:
    return _text(answer.social_insurance_number) or number[5:]


def _name(value: str | None) -> str:
    try:
        return parse_name(value or "")
    except MalformedError:
        raise UnusableError("hoTen") from None


def _birth_date(value: str | None, today: date) -> BirthDate:
    try:
        return parse_birth_date(value or "", today=today)
    except MalformedError:
        raise UnusableError("ngaySinh") from None


def _needed_day(value: str | None, field: str) -> date:
    day = _day(value, field)
    if day is None:
        raise UnusableError(field)
    return day


def _day(value: str | None, field: str) -> date | None:
    """The day a text like 28/02/2026 names, None for an empty one."""
    return _calendar_day(value, _DAY, field=field, order=(2, 1, 0))


def _moment(value: str | None, field: str) -> date | None:
    """The day of a text like 202602281430, None for an empty one."""
    return _calendar_day(value, _MOMENT, field=field, order=(0, 1, 2))


def _calendar_day(
    value: str | None, form: re.Pattern[str], *, field: str, order: Sequence[int]
) -> date | None:
    text = _text(value)
    if text is None:
        return None
    match = form.fullmatch(text)
    try:
        parts = [int(part) for part in match.groups()] if match else []
        return date(*(parts[place] for place in order))
    except (IndexError, ValueError):
        raise UnusableError(field) from None
