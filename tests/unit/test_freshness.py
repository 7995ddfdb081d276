import hashlib
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache import freshness
from cache.freshness import AHEAD_MAX_S, JITTER, YOUNG, Freshness, Grade
from tests.support.builders import AS_OF

TIMES = Freshness(fresh_s=600, usable_s=86_400, nobody_fresh_s=60)


def graded(age_s, *, is_nobody=False, as_of=AS_OF):
    now = as_of + timedelta(seconds=age_s)
    return TIMES.grade(as_of, is_nobody=is_nobody, now=now)


@pytest.mark.parametrize(
    ("age_s", "is_nobody", "expected"),
    [
        (0, False, Grade.FRESH),
        (599.9, False, Grade.FRESH),
        (600, False, Grade.STALE),
        (86_399, False, Grade.STALE),
        (86_400, False, Grade.TOO_OLD),
        (59.9, True, Grade.FRESH),
        (60, True, Grade.STALE),
        (599.9, True, Grade.STALE),
        (600, True, Grade.TOO_OLD),
    ],
)
def test_knowledge_is_fresh_then_stale_then_nothing(age_s, is_nobody, expected):
    assert graded(age_s, is_nobody=is_nobody) is expected


@pytest.mark.parametrize(
    ("ahead_s", "expected"),
    [(AHEAD_MAX_S, Grade.FRESH), (AHEAD_MAX_S + 1, Grade.STALE), (3600, Grade.STALE)],
)
def test_knowledge_from_the_future_is_not_trusted(ahead_s, expected):
    assert graded(-ahead_s) is expected


@given(
    age_s=st.floats(0, 100_000),
    microsecond=st.integers(0, 999_999),
    is_nobody=st.booleans(),
)
def test_jitter_shortens_the_fresh_time_by_a_tenth_at_most(
    age_s, microsecond, is_nobody
):
    fresh_s = TIMES.nobody_fresh_s if is_nobody else TIMES.fresh_s
    as_of = AS_OF.replace(microsecond=microsecond)

    grade = graded(age_s, is_nobody=is_nobody, as_of=as_of)

    if age_s < (1 - JITTER) * fresh_s - 1e-3:
        assert grade is Grade.FRESH
    if age_s > fresh_s + 1e-3:
        assert grade is not Grade.FRESH


def test_what_was_loaded_together_does_not_expire_together():
    grades = {
        graded(570, as_of=AS_OF.replace(microsecond=microsecond))
        for microsecond in range(0, 1_000_000, 1000)
    }

    assert grades == {Grade.FRESH, Grade.STALE}


def due(age_s, draw, *, is_nobody=False):
    now = AS_OF + timedelta(seconds=age_s)
    return TIMES.should_refresh(AS_OF, is_nobody=is_nobody, now=now, draw=draw)


@pytest.mark.parametrize(
    ("age_s", "draw", "is_nobody", "expected"),
    [
        (0, 0.999, False, False),
        (598, 0.0, False, False),
        (598, 0.2, False, False),
        (598, 0.3, False, True),
        (590, 0.8, False, False),
        (590, 0.9, False, True),
        (600, 0.0, False, True),
        (590, 0.0, True, True),
        (59, 0.5, True, False),
        (59, 0.9, True, True),
    ],
)
def test_refresh_grows_likelier_towards_the_end(age_s, draw, *, is_nobody, expected):
    assert due(age_s, draw, is_nobody=is_nobody) is expected


def die(*throw):
    """A fair number from 0 up to 1, the same in every run."""
    digest = hashlib.blake2b(repr(throw).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def test_once_a_second_most_readers_never_meet_the_end_and_few_loads_are_added():
    refreshed_at_s = [
        next((s for s in range(500, 600) if due(s, die(round_, s))), 600)
        for round_ in range(300)
    ]

    met_the_end = refreshed_at_s.count(600) / 300
    loads_per_fresh_time = 300 * 600 / sum(refreshed_at_s)

    assert met_the_end < 0.1
    assert loads_per_fresh_time < 1.1


LAST_THROW = 1 - 2**-53
"""The largest number below 1: no die throws a longer head start."""

throws = st.floats(0, 1, exclude_max=True) | st.sampled_from([0.0, LAST_THROW])
ages_s = st.floats(-10, 700) | st.floats(YOUNG * 600 - 1, YOUNG * 600 + 1)
instants = st.integers(0, 999_999).map(lambda part: AS_OF.replace(microsecond=part))


def has_doubt(as_of, age_s, *, draw, is_nobody):
    """Whether young knowledge is stale after all, or due to be loaded again."""
    known = {"is_nobody": is_nobody, "now": as_of + timedelta(seconds=age_s)}
    return TIMES.is_young(as_of, **known) and (
        TIMES.grade(as_of, **known) is not Grade.FRESH
        or TIMES.should_refresh(as_of, **known, draw=draw)
    )


@settings(max_examples=500)
@given(as_of=instants, age_s=ages_s, draw=throws, is_nobody=st.booleans())
def test_what_is_young_is_fresh_whatever_the_die_says(as_of, *, age_s, draw, is_nobody):
    age_s = age_s / 10 if is_nobody else age_s

    assert not has_doubt(as_of, age_s, draw=draw, is_nobody=is_nobody)


@pytest.mark.parametrize(
    ("share", "is_doubtful"),
    [(YOUNG, False), ((1 - JITTER) * 0.64, True)],
    ids=["as it is", "a little longer"],
)
def test_young_is_as_long_as_it_can_be(share, is_doubtful, monkeypatch):
    monkeypatch.setattr(freshness, "YOUNG", share)
    most_jitter = AS_OF.replace(microsecond=999_999)

    doubts = [
        has_doubt(most_jitter, tenth_s / 10, draw=LAST_THROW, is_nobody=False)
        for tenth_s in range(6000)
    ]

    assert any(doubts) is is_doubtful


@pytest.mark.parametrize(
    ("age_s", "is_nobody", "is_young"),
    [
        (0, False, True),
        (YOUNG * 600 - 0.001, False, True),
        (YOUNG * 600 + 0.001, False, False),
        (YOUNG * 60 - 0.001, True, True),
        (YOUNG * 60 + 0.001, True, False),
        (-0.001, False, False),
    ],
)
def test_knowledge_is_young_for_half_its_fresh_time(age_s, *, is_nobody, is_young):
    now = AS_OF + timedelta(seconds=age_s)

    assert TIMES.is_young(AS_OF, is_nobody=is_nobody, now=now) is is_young
