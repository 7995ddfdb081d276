from collections import Counter

import pytest

from adapters.synthetic import names
from adapters.synthetic.draws import bijection, draws, happens, pick, urn
from adapters.synthetic.name_tables import PEOPLES
from lookup.matching import NameMatch, match_name
from lookup.names import fold_name, parse_name
from tests.support.synthetic import everybody


def some_names(people, *, sex="male", count=200):
    return [names.full_name(people, sex, draws(b"names", n)) for n in range(count)]


def test_family_names_come_as_often_as_among_vietnamese():
    families = Counter(p.presented.full_name.split(" ")[0] for p in everybody())

    shares = {name: count / len(everybody()) for name, count in families.items()}

    assert 0.30 <= shares["Nguyễn"] <= 0.36
    assert shares["Nguyễn"] > shares["Trần"] > shares["Lê"] > shares["Phạm"]


def test_middle_names_tell_the_sex():
    women = Counter(name.split(" ")[1] for name in some_names("kinh", sex="female"))
    men = Counter(name.split(" ")[1] for name in some_names("kinh"))

    assert women.most_common(1)[0][0] == "Thị"
    assert men.most_common(1)[0][0] == "Văn"


@pytest.mark.parametrize(
    ("people", "sex", "mark"),
    [
        ("kho", "male", "K'"),
        ("ma", "female", "Ka "),
        ("mnong", "male", "Điểu "),
        ("ede", "male", "Y "),
        ("ede", "female", "H'"),
        ("churu", "male", " Ya "),
        ("nung", "male", " Văn "),
        ("raglai", "female", " Thị "),
    ],
)
def test_peoples_of_the_highlands_have_names_of_their_own(people, sex, mark):
    assert any(mark in name for name in some_names(people, sex=sex))


@pytest.mark.parametrize("people", PEOPLES)
@pytest.mark.parametrize("sex", ["male", "female"])
def test_every_name_may_be_sent_to_a_lookup(people, sex):
    called = some_names(people, sex=sex)

    assert [parse_name(name) for name in called] == called


@pytest.mark.parametrize(
    ("spell", "name", "spelled"),
    [
        (names.tone_elsewhere, "Trần Thị Hòa", "Trần Thị Hoà"),
        (names.tone_elsewhere, "Lê Thủy", "Lê Thuỷ"),
        (names.tone_elsewhere, "Võ Quý", "Võ Quý"),
        (names.i_for_y, "Lý Thị Mỹ", "Lí Thị Mĩ"),
        (names.i_for_y, "Võ Quý", "Võ Quí"),
        (names.i_for_y, "Lê Duy Thúy", "Lê Duy Thúy"),
        (names.i_for_y, "Y Wan Niê", "Y Wan Niê"),
        (names.d_for_d_bar, "Đỗ Đức Anh", "Dỗ Dức Anh"),
        (names.without_accents, "Đặng Thị Hường", "Dang Thi Huong"),
    ],
)
def test_other_spellings_are_one_name_to_a_lookup(spell, name, spelled):
    assert spell(name) == spelled
    assert match_name(name, spelled) is NameMatch.EXACT


@pytest.mark.parametrize("people", PEOPLES)
def test_no_spelling_of_a_register_changes_who_it_is(people):
    always = dict.fromkeys(
        ("tone_elsewhere", "i_for_y", "d_for_d_bar", "name_without_accents"), 1.0
    )

    for n, name in enumerate(some_names(people)):
        spelled = names.spelled(name, always, draws(b"spelled", n))
        assert fold_name(spelled) == fold_name(name)


@pytest.mark.parametrize(
    ("fault", "match"),
    [
        (names.given_name_first, NameMatch.NEAR),
        (names.middle_abbreviated, NameMatch.NEAR),
        (
            lambda name: names.other_name(name, "male", draws(b"other", len(name))),
            NameMatch.DIFFERENT,
        ),
    ],
)
def test_faults_of_names_are_graded_as_meant(fault, match):
    grades = {match_name(name, fault(name)) for name in some_names("kinh")}

    assert grades == {match}


def test_given_name_first_and_abbreviated_look_like_this():
    assert names.given_name_first("Lê Thị Kim Hoa") == "Hoa Lê Thị Kim"
    assert names.middle_abbreviated("Lê Thị Kim Hoa") == "Lê T. K. Hoa"


def test_urn_holds_lots_by_weight_and_something_of_everything():
    lots = urn({"often": 1000.0, "seldom": 0.001}, size=100)

    assert Counter(lots) == {"often": 100, "seldom": 1}
    assert {pick(lots, draws(b"urn", n)) for n in range(2000)} == {"often", "seldom"}


def test_share_happens_as_often_as_it_says():
    seen = sum(happens(0.25, draws(b"share", n)) for n in range(10_000))

    assert 2300 < seen < 2700
    assert not happens(0.0, draws(b"share", 0))


@pytest.mark.parametrize("purpose", [f"068{n}90" for n in range(10)])
def test_bijection_gives_every_number_once(purpose):
    factor, offset = bijection(b"key", purpose, 4)

    images = {(factor * j + offset) % 10_000 for j in range(10_000)}

    assert len(images) == 10_000
