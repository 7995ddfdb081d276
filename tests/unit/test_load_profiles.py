"""When lookups come, in a load test."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from loadtests.load.profiles import PROFILES, arrival_times, chosen


def times(profile, seed=7):
    return list(arrival_times(profile, Random(seed)))


@pytest.mark.parametrize("name", PROFILES)
def test_stages_of_a_profile_fill_its_time(name):
    profile = PROFILES[name]

    assert sum(stage.share for stage in profile.stages) == pytest.approx(1)
    assert profile.start_of(len(profile.stages)) == pytest.approx(profile.duration_s)


def test_lookups_come_in_order_and_in_as_many_as_the_rate_says():
    profile = chosen("steady", rate_per_s=200, minutes=1)

    due = [due_s for due_s, _ in times(profile)]

    assert due == sorted(due)
    assert 0 < due[0] < due[-1] < 60
    # Four standard deviations of a Poisson count.
    assert len(due) == pytest.approx(12_000, abs=4 * 12_000**0.5)


def test_gaps_are_those_of_people_who_know_nothing_of_each_other():
    profile = chosen("steady", rate_per_s=100, minutes=5)

    due = [due_s for due_s, _ in times(profile)]

    gaps = [after - before for before, after in pairwise(due)]
    short = sum(gap < 0.01 for gap in gaps) / len(gaps)
    assert short == pytest.approx(1 - 2.718281828**-1, abs=0.02)


def test_gates_open_reaches_five_times_the_rate_within_a_minute():
    profile = chosen("gates-open", rate_per_s=100)

    by_second = Counter(int(due_s) for due_s, _ in times(profile))

    assert sum(by_second[s] for s in range(50, 60)) / 10 == pytest.approx(100, rel=0.1)
    assert sum(by_second[s] for s in range(85, 95)) / 10 == pytest.approx(300, rel=0.1)
    assert sum(by_second[s] for s in range(120, 130)) / 10 == pytest.approx(
        500, rel=0.1
    )


def test_morning_is_busiest_at_eight():
    profile = chosen("morning", rate_per_s=1_000, minutes=5)

    by_hour = Counter(5 + int(due_s / 60) for due_s, _ in times(profile))

    assert by_hour[8] < by_hour[7]
    assert by_hour[5] < by_hour[9] < by_hour[6] < by_hour[8]
    assert profile.rate_of(3) == 1_000


def test_steps_grow_and_keep_their_number():
    profile = chosen("stress", rate_per_s=50, minutes=2)

    stages = Counter(stage for _, stage in times(profile))

    assert list(stages) == list(range(20))
    assert stages[19] / stages[9] == pytest.approx(1.25**10, rel=0.2)
    assert profile.rate_of(1) == 62.5


def test_one_seed_gives_one_schedule():
    profile = chosen("smoke")

    assert times(profile) == times(profile) != times(profile, seed=8)
