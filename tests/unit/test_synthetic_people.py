import re
from collections import Counter
from datetime import date

import pytest

from adapters.synthetic.draws import draws
from adapters.synthetic.errors import RecipeError
from adapters.synthetic.identity import identity
from adapters.synthetic.people import SyntheticPopulation
from adapters.synthetic.places import FACILITIES, LOCAL_CODES, PROVINCES
from adapters.synthetic.profile import CODES, expected_outcomes, read_profile
from adapters.synthetic.recipe import CITIZENS_MAX
from lookup.card_tables import card_number_fault
from lookup.citizen_id import parse_card_number, parse_citizen_id
from lookup.names import fold_name
from lookup.notices import Notice
from lookup.qr import parse_qr
from tests.support.synthetic import (
    ANCHOR,
    Registers,
    a_recipe,
    everybody,
    rows_of,
)


@pytest.fixture(scope="module")
def registers():
    return Registers(everybody())


def within(share, seen, people):
    """Whether a count may come from that share; five standard deviations."""
    spread = (share * (1 - share) * people) ** 0.5
    return abs(seen - share * people) <= 5 * spread + 2


def test_every_person_gets_the_result_code_they_are_made_for(registers):
    people = [person.presented for person in everybody()]

    wrong = Counter(
        (person.expected_code, code)
        for person in people
        if (code := registers.look_up(person).code) != person.expected_code
    )

    assert not wrong


def test_result_codes_come_in_the_shares_of_the_profile():
    promised = expected_outcomes(read_profile("default"))

    seen = Counter(person.presented.expected_code for person in everybody())

    assert seen.keys() == promised.keys()
    assert all(
        within(share, seen[code], len(everybody())) for code, share in promised.items()
    )


def test_smallest_population_has_somebody_for_every_code():
    population = SyntheticPopulation(a_recipe(citizens=17))

    codes = {population.citizen(n).presented.expected_code for n in range(17)}

    assert codes == set(CODES.values())


@pytest.mark.parametrize(
    "anchor", [date(2026, 1, 1), date(2028, 2, 29), date(2026, 12, 31)]
)
def test_codes_hold_on_any_anchor_day(anchor):
    recipe = a_recipe(citizens=2000, anchor=anchor)
    population = SyntheticPopulation(recipe)
    people = [population.citizen(n) for n in range(recipe.citizens)]
    registers = Registers(people)

    codes = [registers.look_up(p.presented, on=anchor).code for p in people]

    assert codes == [person.presented.expected_code for person in people]


def test_clean_profile_gives_only_cards_that_count():
    recipe = a_recipe(citizens=2000, profile=read_profile("clean"))
    population = SyntheticPopulation(recipe)
    people = [population.citizen(n) for n in range(recipe.citizens)]
    registers = Registers(people)

    codes = {registers.look_up(person.presented).code for person in people}

    assert codes == {"000", "001", "002", "004"}


def test_same_recipe_makes_the_same_person_whoever_was_made_before():
    population, other = SyntheticPopulation(a_recipe()), SyntheticPopulation(a_recipe())

    other.citizen(3)

    assert other.citizen(9_345) == population.citizen(9_345)


def test_another_seed_makes_other_people():
    population, other = (
        SyntheticPopulation(a_recipe()),
        SyntheticPopulation(a_recipe(seed=8)),
    )

    assert population.citizen(100) != other.citizen(100)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("citizens", "citizen_id"),
        ("legacy_ids", "legacy_id"),
        ("insurance_cards", "card_number"),
        ("visits", "visit_id"),
        ("documents", "document_id"),
    ],
)
def test_no_number_is_given_out_twice(table, column):
    numbers = [row[column] for row in rows_of(everybody(), table)]

    assert len(set(numbers)) == len(numbers)


def test_social_insurance_number_belongs_to_one_person():
    holders = [
        {row["social_insurance_number"] for row in rows_of([p], "insurance_cards")}
        for p in everybody()
    ]
    numbers = [number for held in holders for number in held]

    assert max(len(held) for held in holders) == 1
    assert len(set(numbers)) == len(numbers)


def test_numbers_stay_unique_at_the_end_of_the_range():
    recipe = a_recipe(citizens=CITIZENS_MAX, health_records=0)
    population = SyntheticPopulation(recipe)
    near = range(CITIZENS_MAX - 4000, CITIZENS_MAX)

    people = [population.citizen(n) for n in (*range(4000), *near)]
    numbers = [row["citizen_id"] for row in rows_of(people, "citizens")]

    assert len(set(numbers)) == len(numbers)


def test_unknown_number_is_in_no_register():
    known = {row["citizen_id"] for row in rows_of(everybody(), "citizens")}
    strangers = [p for p in everybody() if p.presented.citizen_id not in known]

    assert {person.presented.expected_code for person in strangers} == {"050"}
    assert within(0.012, len(strangers), len(everybody()))


def test_citizen_id_tells_province_year_and_sex():
    codes = {province.code for province in PROVINCES}
    rows = [row for row in rows_of(everybody(), "citizens") if row["birth_day"]]

    parsed = [(parse_citizen_id(row["citizen_id"]), row) for row in rows]

    assert all(number.province_code in codes for number, _ in parsed)
    assert all(number.sex == row["sex"] for number, row in parsed)
    wrong_year = [n for n, row in parsed if n.birth_year != int(row["birth_year"])]
    assert len(wrong_year) < 0.02 * len(rows)  # people with a wrong date of birth


def test_seven_in_ten_were_born_in_the_province():
    rows = rows_of(everybody(), "citizens")

    local = sum(row["province_code"] in LOCAL_CODES for row in rows)

    assert len(PROVINCES) == 63
    assert within(0.70, local, len(rows))


def test_card_numbers_pass_the_insurers_tables():
    cards = rows_of(everybody(), "insurance_cards")

    faults = {card_number_fault(parse_card_number(c["card_number"])) for c in cards}

    assert faults == {None}
    assert all(
        c["card_number"]
        == c["subject_code"]
        + c["benefit_level"]
        + c["facility_code"][:2]
        + c["social_insurance_number"]
        for c in cards
    )


def test_dates_of_a_card_hang_together():
    for person in everybody():
        born = date.fromisoformat(person.presented.birth_date)
        for card in rows_of([person], "insurance_cards"):
            begun = date.fromisoformat(card["valid_from"])
            assert card["valid_to"] is None or card["valid_to"] >= card["valid_from"]
            assert date.fromisoformat(card["five_year_on"]) >= born
            assert begun >= born
            if card["ended_on"]:
                assert card["valid_from"] <= card["ended_on"] <= ANCHOR.isoformat()


def test_children_below_six_have_the_children_card():
    for person in everybody():
        born = date.fromisoformat(person.presented.birth_date)
        for card in rows_of([person], "insurance_cards"):
            is_small = born > date(ANCHOR.year - 6, ANCHOR.month, ANCHOR.day)
            assert (card["subject_code"] == "TE") == is_small


def test_every_notice_about_coverage_occurs(registers):
    seen = {
        notice
        for person in everybody()
        for notice in registers.look_up(person.presented).notices
    }

    assert seen == set(Notice) - {Notice.HEALTH_UNAVAILABLE}


def test_qr_says_what_the_desk_types():
    for person in everybody()[:500]:
        shown = person.presented

        content = parse_qr(shown.qr, today=ANCHOR)

        assert content.identifier.digits == shown.citizen_id
        assert content.full_name == shown.full_name
        assert (content.legacy_id and content.legacy_id.digits) == shown.legacy_id


def test_folded_name_is_folded_as_lookups_fold():
    rows = rows_of(everybody(), "citizens")

    assert all(row["folded_name"] == fold_name(row["full_name"]) for row in rows)


def test_facility_codes_are_well_formed_and_unique():
    codes = [facility.code for facility in FACILITIES]

    assert all(re.fullmatch("[0-9]{2}[0-9A-Z][0-9]{2}", code) for code in codes)
    assert len(set(codes)) == len(codes)
    cards = rows_of(everybody(), "insurance_cards")
    assert {card["facility_code"] for card in cards} <= set(codes)


def test_people_print_without_content():
    person = everybody()[40]

    recipe = a_recipe()
    who = identity(recipe, 40, kind="in_force", draw=draws(recipe.key, 40))

    printed = f"{person} {person!r} {person.presented} {person.presented!r} {who!r}"

    for value in (person.presented.citizen_id, who.number, who.full_name):
        assert value not in printed


@pytest.mark.parametrize(
    "wrong",
    [
        {"citizens": 0},
        {"citizens": CITIZENS_MAX + 1},
        {"citizens": 10, "health_records": 11},
        {"seed": -1},
    ],
)
def test_impossible_recipes_are_refused(wrong):
    with pytest.raises(RecipeError):
        a_recipe(**wrong)


def test_exactly_as_many_have_a_health_record_as_asked():
    recipe = a_recipe(citizens=997, health_records=601)

    having = [recipe.has_health_record(n) for n in range(recipe.citizens)]

    assert sum(having) == 601
