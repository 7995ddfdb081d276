from typing import get_args

import pytest

from adapters.vss_codes import CARDS, FAULTS, TOKEN_REFUSED, WITHHELD
from lookup.codes import RESULTS, Outcome
from lookup.record import CardStatus


def test_every_code_of_the_annex_has_its_meaning():
    known = CARDS.keys() | WITHHELD.keys() | FAULTS.keys() | TOKEN_REFUSED

    assert RESULTS.keys() <= known


def test_a_code_says_something_about_a_person_or_nothing():
    about_people = CARDS.keys() | WITHHELD.keys()

    assert about_people.isdisjoint(FAULTS)
    assert about_people.isdisjoint(TOKEN_REFUSED)


def test_only_cards_managed_elsewhere_come_with_or_without_a_card():
    both = CARDS.keys() & WITHHELD.keys()

    assert {RESULTS[code].outcome for code in both} == {Outcome.MANAGED_ELSEWHERE}


def test_a_code_without_a_card_is_never_a_yes():
    outcomes = {RESULTS[code].outcome for code in WITHHELD}

    assert Outcome.ACTIVE not in outcomes


def test_every_end_of_a_card_has_its_code():
    statuses = {meaning.status for meaning in CARDS.values()}

    assert statuses == set(get_args(CardStatus))


@pytest.mark.parametrize("code", ["054", "055", "205"])
def test_our_configuration_is_our_fault(code):
    assert FAULTS[code] == "ours"


@pytest.mark.parametrize("code", ["100", "101", "500"])
def test_their_machine_is_their_fault(code):
    assert FAULTS[code] == "theirs"
