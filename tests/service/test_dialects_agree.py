"""Whatever dialect a hospital speaks, it is told the same about the same citizen."""

import asyncio
from collections import Counter
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookup.citizen_id import CitizenId, LegacyId, SocialInsuranceNumber
from lookup.codes import RESULTS
from lookup.record import BirthDate, CoverageRecord
from lookup.scopes import Scope
from tests.support.builders import (
    CARD_NUMBER,
    CITIZEN_ID,
    a_card,
    a_coverage,
    a_person,
)
from tests.support.desk import open_desk
from tests.support.dialects import (
    Answer,
    Question,
    ask_everywhere,
    ask_fhir,
    ask_gateway,
    ask_own,
    differences,
)
from tests.support.insurer import Hospital

NEW_CARD = "GD4686800000002"
STRANGE_CARDS = ("GD4686800000009", "ZZ4686800000009", "GD4006800000009")
OLD_ID, LEGACY_ID = "068180999999", "250000001"
INSURANCE_NUMBER = "6800000001"
ALSO = (
    CitizenId(OLD_ID),
    LegacyId(LEGACY_ID),
    SocialInsuranceNumber(INSURANCE_NUMBER),
)
"""Other numbers by which the citizen is known."""

ENDED = {
    "110": "revoked",
    "120": "decreased",
    "121": "moved_out_of_province",
    "122": "moved_within_province",
    "123": "readded_at_same_unit",
    "124": "stopped",
}
NOT_OF_A_RECORD = {"054", "055", "100", "101", "205", "401"}
"""Codes of a refusal or a failure; no citizen brings them about."""


class Case(NamedTuple):
    """A citizen, a question, and what the client may see."""

    record: CoverageRecord
    question: Question = Question()
    scopes: frozenset[Scope] = frozenset(Scope)


EXPIRED = a_card(valid_from=date(2025, 1, 1), valid_to=date(2025, 12, 31))
CURRENT = a_card(card_number=NEW_CARD)
LATER = a_card(card_number=NEW_CARD, valid_from=date(2027, 1, 1), valid_to=None)
BABY = BirthDate(year=2024, month=1, day=1)
LAN = a_coverage()
CASES = {
    "000": Case(LAN),
    "001": Case(a_coverage(cards=(a_card(manager="defence"),))),
    "002": Case(a_coverage(cards=(a_card(manager="public_security"),))),
    "003": Case(a_coverage(cards=(EXPIRED, CURRENT)), Question(CARD_NUMBER)),
    "004": Case(a_coverage(cards=(a_card(), LATER))),
    "010": Case(a_coverage(cards=(EXPIRED,))),
    "050": Case(LAN, Question("068180000002")),
    "051": Case(LAN, Question("ZZ4686800000009")),
    "052": Case(LAN, Question("GD4006800000009")),
    "053": Case(LAN, Question("GD9686800000009")),
    "060": Case(LAN, Question(full_name="Phạm Quốc Bảo")),
    "061": Case(LAN, Question(full_name="Nguyễn Lan Thị")),
    "070": Case(LAN, Question(birth_date=BirthDate(year=1981))),
    "130": Case(
        a_coverage(person=a_person(birth_date=BABY), cards=()),
        Question(birth_date=BABY),
    ),
    **{code: Case(a_coverage(cards=(a_card(status=ENDED[code]),))) for code in ENDED},
}


def arrange(desk, case):
    """Let the desk know the citizen, and the client as its two accounts."""
    desk.source.forget_all()
    desk.source.know(case.record, also=ALSO)
    desk.directory.scopes = case.scopes
    desk.gateway_directory.become(scopes=case.scopes)


@contextmanager
def open_desk_in_a_loop():
    """A desk that stays open between examples, and what runs a coroutine beside it."""
    with asyncio.Runner() as runner:
        opened = open_desk()
        desk = runner.run(opened.__aenter__())
        try:
            yield desk, runner.run
        finally:
            runner.run(opened.__aexit__(None, None, None))


@pytest.mark.parametrize("code", sorted(CASES))
async def test_every_code_is_told_in_every_dialect(code):
    async with open_desk() as desk:
        arrange(desk, CASES[code])

        answers = await ask_everywhere(desk, CASES[code].question)

    assert differences(answers) == set(), answers
    assert answers["own"].code == code


def test_every_code_that_a_record_can_give_has_a_case():
    assert set(CASES) == set(RESULTS) - NOT_OF_A_RECORD


def cut(day, precision):
    """A date of birth as far as it is known: the year, the month too, or the day."""
    parts = (day.year, day.month, day.day)[:precision]
    return BirthDate(**dict(zip(("year", "month", "day"), parts, strict=False)))


def mostly(usual, *others):
    """One thing half of the time, one of the others else."""
    return st.sampled_from([*[usual] * len(others), *others])


# Nobody is born later than anybody is asked about, or the question is refused.
births = st.dates(date(1950, 1, 1), date(1999, 12, 31)) | st.dates(
    date(2019, 1, 1), date(2024, 12, 31)
)
days = st.dates(date(2025, 1, 1), date(2028, 1, 1))
cards = st.builds(
    a_card,
    card_number=st.sampled_from([CARD_NUMBER, NEW_CARD, "DN4686800000003"]),
    valid_from=st.dates(date(2024, 1, 1), date(2027, 6, 30)),
    valid_to=st.none() | st.dates(date(2027, 7, 1), date(2028, 1, 1)),
    benefit_level=st.integers(1, 5),
    status=mostly("active", *ENDED.values()),
    ended_on=st.none() | days,
    manager=mostly("social_security", "defence", "public_security"),
)
past_cards = st.builds(
    a_card,
    card_number=st.just("DN4686800000004"),
    valid_from=st.dates(date(2020, 1, 1), date(2023, 12, 31)),
    valid_to=st.dates(date(2024, 1, 1), date(2027, 1, 1)),
)
hands = st.sampled_from([1, 1, 1, 1, 0]).flatmap(
    lambda least: st.lists(
        cards | past_cards,
        min_size=least,
        max_size=3,
        unique_by=lambda card: card.card_number,
    )
)
"""The cards of one citizen; most have one."""

names = st.sampled_from(["Nguyễn Thị Lan", "K’ Brèo", "Đặng Quý Hòa"])
scopes = st.sets(
    st.sampled_from([Scope.MISMATCH_DETAIL, Scope.RESTRICTED, Scope.ID_ONLY])
).map(lambda some: frozenset({Scope.LOOKUP, *some}))


def numbers_of(cards):
    """By what a citizen with these cards is asked for, or somebody who is not."""
    on_cards = [card.card_number for card in cards]
    return mostly(CITIZEN_ID, OLD_ID, INSURANCE_NUMBER, *on_cards, *STRANGE_CARDS)


@st.composite
def cases(draw):
    """Anybody, asked about by what is right, nearly right or wrong."""
    name, birth, precisions = draw(names), draw(births), mostly(3, 2, 1)
    person = a_person(
        full_name=name,
        birth_date=cut(birth, draw(precisions)),
        is_restricted=draw(st.integers(1, 5)) == 1,
    )
    held = draw(hands)
    nearly = " ".join(reversed(name.split()))
    wrong_births = draw(births), birth.replace(day=birth.day % 28 + 1)
    question = Question(
        number=draw(numbers_of(held)),
        full_name=draw(mostly(name, name.upper(), nearly, "Phạm Quốc Bảo")),
        birth_date=cut(draw(mostly(birth, *wrong_births)), draw(precisions)),
        on=draw(days),
    )
    record = a_coverage(person=person, cards=tuple(held))
    return Case(record, question, draw(scopes))


def test_the_dialects_agree_about_everybody():
    told = Counter()

    @settings(max_examples=500, derandomize=True, database=None, deadline=None)
    @given(case=cases())
    def they_agree(case):
        arrange(desk, case)
        answers = run(ask_everywhere(desk, case.question))
        assert differences(answers) == set(), answers
        told[answers["own"].code] += 1

    with open_desk_in_a_loop() as (desk, run):
        they_agree()

    # Had they all been told the same thing, that they agree would say little. Which
    # cases are drawn hangs on the modules that are loaded; these are never missing.
    assert told.keys() >= {"000", "003", "010", "050", "060"}, told


def another_day(desk, question):
    return ask_gateway(desk, question._replace(on=date(2028, 1, 1)))


def other_scopes(desk, question):
    desk.gateway_directory.become(scopes=frozenset({Scope.LOOKUP}))
    return ask_gateway(desk, question)


def another_population(desk, question):
    desk.source.know(a_coverage(cards=(CURRENT,)))
    return ask_gateway(desk, question)


@pytest.mark.parametrize(
    ("code", "ask_otherwise", "parts"),
    [
        ("000", another_day, {"code", "in_force"}),
        ("070", other_scopes, {"code"}),
        ("000", another_population, {"card_number"}),
        ("010", another_population, set(Answer._fields) - {"shows_person"}),
    ],
)
async def test_a_dialect_of_another_mind_is_found_out(code, ask_otherwise, parts):
    async with open_desk() as desk:
        case = CASES[code]
        arrange(desk, case)
        answers = await ask_everywhere(desk, case.question)

        answers["gateway"] = await ask_otherwise(desk, case.question)

    assert differences(answers) == parts


@pytest.mark.parametrize("hours", [15.5, 38.5], ids=["just begun", "nearly over"])
async def test_today_is_one_day_in_every_dialect(hours):
    tomorrow = date(2026, 11, 26)
    card = a_card(valid_from=tomorrow, valid_to=tomorrow)
    async with open_desk() as desk:
        arrange(desk, Case(a_coverage(cards=(card,))))
        desk.clock.turn(by_s=hours * 3600)

        answers = await ask_everywhere(desk, Question(on=None))

    assert differences(answers) == set(), answers
    assert (answers["own"].code, answers["own"].valid_from) == ("000", tomorrow)


async def test_the_old_number_is_no_card_code_of_the_gateway():
    async with open_desk() as desk:
        arrange(desk, CASES["000"])
        question = Question(LEGACY_ID)

        own, theirs = await ask_own(desk, question), await ask_fhir(desk, question)
        refusal = await Hospital(desk).ask(maThe=LEGACY_ID)

    assert own == theirs
    assert (own.code, refusal["maKetQua"]) == ("000", "205")
