import pytest

from adapters.synthetic.errors import ProfileError
from adapters.synthetic.profile import (
    CODES,
    IN_FORCE,
    VARIANTS,
    expected_outcomes,
    profile_from,
    read_profile,
    shares_by_kind,
)
from lookup.codes import COUNTS_AS, RESULTS, SUCCESS_OBJECTIVE


def success_rate(profile):
    return sum(
        share
        for code, share in expected_outcomes(profile).items()
        if COUNTS_AS[RESULTS[code].outcome] == "success"
    )


def test_default_profile_succeeds_as_often_as_the_objective():
    assert success_rate(read_profile("default")) == pytest.approx(SUCCESS_OBJECTIVE)


def test_clean_profile_never_fails():
    assert success_rate(read_profile("clean")) == pytest.approx(1.0)


def test_default_profile_has_every_kind_and_variant():
    profile = read_profile("default")

    assert profile.kinds.keys() == CODES.keys() - {IN_FORCE}
    assert profile.variants.keys() == VARIANTS


def test_shares_sum_to_everybody():
    profile = read_profile("default")

    assert sum(shares_by_kind(profile).values()) == pytest.approx(1.0)
    assert sum(expected_outcomes(profile).values()) == pytest.approx(1.0)


def test_every_kind_has_a_code_of_the_result_table():
    assert set(CODES.values()) <= set(RESULTS)


def test_profile_is_read_from_any_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("[kinds]\nno_card = 0.5\n", "utf-8")

    profile = read_profile(str(file))

    assert expected_outcomes(profile) == {"000": 0.5, "050": 0.5}


def test_all_faults_are_told_at_once_with_their_names():
    content = {
        "kinds": {"no_cards": 0.1, "no_card": 1.2, "stopped": "many"},
        "variants": {"year_only": -0.1, "i_for_y": True},
        "kind": {},
    }

    with pytest.raises(ProfileError) as caught:
        profile_from(content, name="mine")

    assert caught.value.faults == (
        "kinds.no_cards: unknown name",
        "kinds.no_card: must be a number from 0 to 1",
        "kinds.stopped: must be a number from 0 to 1",
        "variants.year_only: must be a number from 0 to 1",
        "variants.i_for_y: must be a number from 0 to 1",
        "kind: unknown section, known are kinds, variants",
        "kinds: the shares sum to 1.3000, more than 1",
    )


@pytest.mark.parametrize("content", [{"kinds": 1}, {"variants": []}])
def test_sections_must_be_tables(content):
    with pytest.raises(ProfileError, match="must be a table of shares"):
        profile_from(content, name="mine")


@pytest.mark.parametrize("text", [b"kinds = [", b"\xff\xfe"])
def test_file_that_is_no_profile_is_refused(tmp_path, text):
    file = tmp_path / "broken.toml"
    file.write_bytes(text)

    with pytest.raises(ProfileError):
        read_profile(str(file))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ProfileError, match="absent"):
        read_profile(str(tmp_path / "absent.toml"))
