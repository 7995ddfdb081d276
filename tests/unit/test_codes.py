from lookup.codes import COUNTS_AS, RESULTS, Outcome
from lookup.notices import BENEFITS, NOTICES, Notice
from lookup.result import outcome_of

OFFICIAL = [
    *("000", "001", "002", "003", "004", "010", "050", "051", "052", "053", "054"),
    *("055", "060", "061", "070", "100", "101", "110", "120", "121", "122", "123"),
    *("124", "130", "205", "401"),
]


def test_the_table_has_the_26_official_codes_in_order():
    assert list(RESULTS) == OFFICIAL


def test_every_outcome_is_counted_one_way():
    assert set(COUNTS_AS) == set(Outcome)
    assert {r.outcome for r in RESULTS.values()} == set(Outcome)


def test_every_no_has_a_next_step_in_both_languages():
    for row in RESULTS.values():
        for text in (row.text_vi, row.text_en, row.next_vi, row.next_en):
            assert text == text.strip()
            assert text[0].isupper()


def test_an_expired_card_is_an_answered_lookup():
    assert COUNTS_AS[outcome_of("010", in_force=False)] == "success"


def test_003_is_active_only_while_the_new_card_is_in_force():
    assert outcome_of("003", in_force=True) is Outcome.ACTIVE
    assert outcome_of("003", in_force=False) is Outcome.INACTIVE


def test_every_notice_has_its_sentence():
    assert set(NOTICES) == set(Notice)


def test_every_benefit_level_says_which_share_it_pays():
    assert {level: row.percent for level, row in BENEFITS.items()} == {
        1: 100,
        2: 100,
        3: 95,
        4: 80,
        5: 100,
    }
