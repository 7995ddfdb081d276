import random
from datetime import date, timedelta

import pytest

from lookup.memo import same_again
from lookup.record import BirthDate, Facet
from lookup.request import Claim, LookupRequest, Purpose
from lookup.scopes import Scope
from lookup.service import judge, judge_again
from lookup.web.lookups import _print, print_again
from tests.support.builders import (
    a_card,
    a_citizen_id,
    a_coverage,
    a_finding,
    a_health,
    a_person,
    nobody,
)

DAY = date(2026, 11, 25)
PEOPLE = range(1, 7)
GIVEN_NAMES = ("Lan", "Bình", "Chi", "Dung", "Hoa", "Mai")
STEPS = 2_000
KEY = b"k" * 32

DESK = frozenset({Scope.LOOKUP})
DOCTOR = frozenset({Scope.LOOKUP, Scope.HEALTH, Scope.MISMATCH_DETAIL})
INSURER = frozenset(Scope)

COVERAGE = frozenset({Facet.COVERAGE})
BOTH = frozenset(Facet)


def name_of(number):
    return f"Nguyễn Thị {GIVEN_NAMES[number - 1]}"


def a_request(number=1, **deviations):
    valid = {
        "identifier": a_citizen_id(number),
        "claim": Claim(name_of(number), BirthDate(year=1980, month=3, day=number)),
        "on": DAY,
        "facets": COVERAGE,
        "purpose": Purpose.TREATMENT,
        "operator": None,
    }
    return LookupRequest(**(valid | deviations))


def coverage_of(number=1, *, version=1, ends=date(2026, 12, 31), **person):
    """What memory has of a citizen; each one has another name and another number."""
    valid = {
        "citizen_id": a_citizen_id(number).digits,
        "full_name": name_of(number),
        "birth_date": BirthDate(year=1980, month=3, day=number),
    }
    record = a_coverage(
        person=a_person(**(valid | person)), cards=(a_card(valid_to=ends),)
    )
    return a_finding(record=record, version=version, source="memory")


def health_of(number=1):
    record = a_health(citizen_id=a_citizen_id(number).digits)
    return a_finding(record=record, source="memory")


def drawn_request(number, draw):
    claimed = number if draw.random() < 0.8 else draw.choice(PEOPLE)
    return a_request(
        number,
        claim=a_request(claimed).claim,
        on=DAY + timedelta(days=draw.choice([0, 0, 1, 60])),
        facets=draw.choice([COVERAGE, BOTH]),
    )


def drawn_coverage(number, draw, *, version):
    if draw.random() < 0.1:
        return nobody(source="memory")
    return coverage_of(
        number,
        version=version,
        ends=DAY + timedelta(days=draw.choice([-1, 0, 30, 400])),
        is_restricted=draw.random() < 0.1,
    )


def steps(seed=7):
    """A day at many counters: people come again, records change, days pass."""
    draw = random.Random(seed)
    asked, known = {}, {}
    for version in range(STEPS):
        number = draw.choice(PEOPLE)
        if number not in known or draw.random() < 0.2:
            known[number] = drawn_coverage(number, draw, version=version)
        if number not in asked or draw.random() < 0.3:
            asked[number] = drawn_request(number, draw)
        scopes = draw.choice([DESK, DOCTOR, INSURER, frozenset(list(DOCTOR))])
        health = None
        if Facet.HEALTH in asked[number].facets and draw.random() < 0.8:
            health = health_of(number if draw.random() < 0.9 else draw.choice(PEOPLE))
        yield number, (asked[number], scopes, known[number], health)


def test_judged_again_is_judged_the_same():
    again = same_again(judge, at_most=100)

    wrong = [number for number, given in steps() if again(*given) != judge(*given)]

    assert wrong == []


def test_workers_own_memory_judges_and_prints_the_same():
    told = set()

    for _, given in steps(seed=8):
        judgement = judge_again(*given)
        assert judgement == judge(*given)
        assert print_again(judgement.shown, KEY) == _print(judgement.shown, KEY)
        told.add(judgement.shown.told.code)

    assert told >= {"000", "010", "050", "060"}


def test_nobody_ever_reads_of_anybody_else():
    for number, given in steps(seed=9):
        _, text = print_again(judge_again(*given).shown, KEY)

        others = [a_citizen_id(n).digits for n in PEOPLE if n != number]
        names = [name_of(n) for n in PEOPLE if n != number]
        assert not any(each in text.decode() for each in others + names)


def test_same_question_about_the_same_record_is_judged_and_printed_once():
    given = a_request(), DESK, coverage_of(), None

    first = judge_again(*given)

    assert judge_again(*given) is first
    assert print_again(first.shown, KEY) is print_again(first.shown, KEY)


GIVEN = {
    "request": a_request(facets=BOTH),
    "scopes": DOCTOR,
    "coverage": coverage_of(),
    "health": health_of(),
}


@pytest.mark.parametrize(
    "changed",
    [
        {"coverage": coverage_of(version=2, ends=date(2026, 11, 24))},
        {"coverage": nobody(source="memory")},
        {"coverage": coverage_of(is_restricted=True)},
        {"request": a_request(facets=BOTH, on=date(2027, 1, 1))},
        {"request": a_request(facets=COVERAGE)},
        {"request": a_request(facets=BOTH, claim=a_request(2).claim)},
        {"scopes": DESK, "coverage": coverage_of(full_name="Phạm Quốc Bảo")},
        {"health": None},
        {"health": health_of(2)},
    ],
    ids=[
        "ended",
        "gone",
        "protected",
        "day",
        "facets",
        "claim",
        "scopes",
        "none",
        "of",
    ],
)
def test_whatever_changes_is_judged_anew(changed):
    before = judge_again(*GIVEN.values())

    after = judge_again(*(GIVEN | changed).values())

    assert after != before
    assert after == judge(*(GIVEN | changed).values())
    assert judge_again(*GIVEN.values()) == before


def test_print_of_one_key_is_not_given_out_under_another():
    shown = judge(*GIVEN.values()).shown

    (one, text), (other, again) = print_again(shown, KEY), print_again(shown, b"o" * 32)

    assert text == again
    assert one != other
