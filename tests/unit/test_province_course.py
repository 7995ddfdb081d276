"""How a course is judged, by questions whose answers are known."""

from math import inf

import pytest

from loadtests.province.course import Asked, Course, Scale
from loadtests.province.page import Ratio

SCALE = Scale(duration_s=120.0, stretch_s=10.0, end_s=30.0, normal_within_s=60.0)


def a_course(latency_s, *, event_s=0.0):
    """Ten questions a second; what each took follows from when it was due."""
    due_s = [number / 10 for number in range(1_200)]
    asked = [
        Asked(due_s=each, latency_s=latency_s(each), is_miss=each < 10)
        for each in due_s
    ]
    return Course(asked, SCALE, event_s)


def slow_between(begins_s, ends_s, *, slow_s=0.5):
    """What questions take when those of some seconds are slow."""
    return lambda due_s: slow_s if begins_s <= due_s < ends_s else 0.01


@pytest.mark.parametrize(
    ("latency_s", "success", "worst_second"),
    [
        (slow_between(0, 0), 1.0, 1.0),
        (slow_between(0, 12, slow_s=1.0), 1.0, 1.0),
        (slow_between(0, 12, slow_s=1.001), 0.9, 0.0),
        (slow_between(0, 12, slow_s=inf), 0.9, 0.0),
        (slow_between(5.5, 6), 1.0, 1.0),
        (slow_between(5.5, 6, slow_s=inf), 1_195 / 1_200, 0.5),
    ],
)
def test_success_is_the_right_answer_within_a_second(latency_s, success, worst_second):
    course = a_course(latency_s)

    assert course.success == pytest.approx(success)
    assert course.worst_second == pytest.approx(worst_second)


def test_success_counts_from_what_happened():
    course = a_course(slow_between(60, 66, slow_s=inf), event_s=60.0)

    assert course.success == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("latency_s", "event_s", "normal_after_s"),
    [
        (slow_between(0, 0), 0.0, 0.0),
        (slow_between(0, 25), 0.0, 30.0),
        (slow_between(0, 25, slow_s=0.02), 0.0, 0.0),
        (slow_between(40, 41), 0.0, 50.0),
        (slow_between(0, 25), 60.0, 0.0),
        (slow_between(62, 69), 60.2, 9.8),
        (slow_between(0, 90), 0.0, 90.0),
        (slow_between(100, 101), 0.0, 0.0),
        (slow_between(100, 120, slow_s=inf), 0.0, inf),
    ],
)
def test_normal_is_near_the_end_and_for_good(latency_s, event_s, normal_after_s):
    course = a_course(latency_s, event_s=event_s)

    assert course.normal_after_s == pytest.approx(normal_after_s)


def test_stretches_tell_what_came_and_from_where():
    first, second, *others = a_course(slow_between(0, 1, slow_s=inf)).stretches()

    assert (first.asked, first.success, first.misses) == (100, 0.9, 1.0)
    assert first.p99_ms == inf
    assert (second.success, second.misses, second.p99_ms) == (1.0, 0.0, 10.0)
    assert len(others) == 10


@pytest.mark.parametrize(
    ("ratio", "line"),
    [
        (Ratio("a", 0.95, 0.95), "ratio a 0.95 at least 0.95: met"),
        (Ratio("a", 0.9491, 0.95), "ratio a 0.949 at least 0.95: MISSED"),
        (Ratio("a", 60, 60, is_ceiling=True), "ratio a 60 at most 60: met"),
        (Ratio("a", inf, 60, is_ceiling=True), "ratio a inf at most 60: MISSED"),
    ],
)
def test_line_of_a_ratio_tells_value_target_and_verdict(ratio, line):
    assert ratio.line == line
