"""One question, asked in each of the three dialects, and what each one tells."""

from datetime import UTC, date, datetime
from typing import NamedTuple

from lookup.record import BirthDate
from lookup.web.wire import birth_date_text
from tests.support.builders import CITIZEN_ID
from tests.support.desk import KEY
from tests.support.fhir import an_eligibility_request
from tests.support.insurer import Hospital

IN_FORCE = {"000", "001", "002", "004"}
"""Codes by which the insurer says that the card it names is in force."""


class Question(NamedTuple):
    """Whom a desk asks about, what it claims, and for which day."""

    number: str = CITIZEN_ID
    full_name: str = "Nguyễn Thị Lan"
    birth_date: BirthDate = BirthDate(year=1980, month=3, day=5)
    on: date | None = date(2026, 11, 25)
    """Day of service; None leaves it out, which means today."""


class Answer(NamedTuple):
    """What every dialect has a word for."""

    code: str
    shows_person: bool
    in_force: bool
    card_number: str | None = None
    """Of the card to be used; None without any, as the two below."""

    valid_from: date | None = None
    valid_to: date | None = None
    """None also while no end is set."""


async def ask_everywhere(desk, question):
    """The answers by dialect."""
    return {
        "own": await ask_own(desk, question),
        "FHIR": await ask_fhir(desk, question),
        "gateway": await ask_gateway(desk, question),
    }


def differences(answers):
    """The parts of the answer on which the dialects are not of one mind."""
    told = zip(*answers.values(), strict=True)
    return {
        part
        for part, each in zip(Answer._fields, told, strict=True)
        if len(set(each)) > 1
    }


async def ask_own(desk, question):
    field = "citizen_id" if len(question.number) in {9, 12} else "card_number"
    body = {
        field: question.number,
        "full_name": question.full_name,
        "birth_date": birth_date_text(question.birth_date),
    }
    _, told = await desk.ask(body | _day("on", question))
    coverage = told["coverage"] or {"in_force": False, "card": None}
    card = coverage["card"] or {}
    return Answer(
        told["result"]["code"],
        told["person"] is not None,
        coverage["in_force"],
        card.get("card_number"),
        _iso(card.get("valid_from")),
        _iso(card.get("valid_to")),
    )


async def ask_fhir(desk, question):
    """Not checked as FHIR: the checkers are slow, and other tests ask them."""
    said = {
        "identifier": question.number,
        "name": question.full_name,
        "birthdate": birth_date_text(question.birth_date),
    }
    response = await desk.client.post(
        "/fhir/CoverageEligibilityRequest",
        json=an_eligibility_request(said=said, **_day("servicedDate", question)),
        headers={"Authorization": f"Bearer {KEY}"},
    )
    told = await response.json(content_type=None)
    code, shows_person = told["meta"]["tag"][0]["code"], "reference" in told["patient"]
    if "insurance" not in told:
        return Answer(code, shows_person, in_force=False)
    card = told["insurance"][0]
    return Answer(
        code,
        shows_person,
        card["inforce"],
        card["coverage"]["identifier"]["value"],
        _iso(card["benefitPeriod"]["start"]),
        _iso(card["benefitPeriod"].get("end")),
    )


async def ask_gateway(desk, question):
    """Asked on the day of service itself: this dialect knows no other than today."""
    today = desk.clock.today()
    on = question.on or today
    _turn_to(desk, on)
    told = await Hospital(desk).ask(
        maThe=question.number,
        hoTen=question.full_name,
        ngaySinh="/".join(reversed(birth_date_text(question.birth_date).split("-"))),
    )
    _turn_to(desk, today)
    code, shows_person = told["maKetQua"], told["hoTen"] is not None
    if told["maThe"] is None:
        return Answer(code, shows_person, in_force=False)
    # 003 names the old card first, and the new one is the one to be used.
    number, first, last = (
        ("maTheMoi", "gtTheTuMoi", "gtTheDenMoi")
        if code == "003"
        else ("maThe", "gtTheTu", "gtTheDen")
    )
    valid_from, valid_to = _vietnamese(told[first]), _vietnamese(told[last])
    is_new = code == "003" and valid_from <= on <= (valid_to or date.max)
    return Answer(
        code,
        shows_person,
        code in IN_FORCE or is_new,
        told[number],
        valid_from,
        valid_to,
    )


def _day(field, question):
    return {field: question.on.isoformat()} if question.on else {}


def _turn_to(desk, day):
    desk.clock.turn(by_s=(day - desk.clock.today()).total_seconds())


def _iso(text):
    return date.fromisoformat(text) if text else None


def _vietnamese(text):
    if not text:
        return None
    return datetime.strptime(text, "%d/%m/%Y").replace(tzinfo=UTC).date()
