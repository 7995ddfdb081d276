import pytest

from cache.pause import LONGEST_S, TRIAL_S, Pause
from lookup.events import Events
from lookup.metrics import Metrics
from tests.support.clock import HandClock

ERROR = OSError("gone")
CLOSED, HALF_OPEN, OPEN = 0, 1, 2


class Redis:
    """A pause and all that is seen of it."""

    def __init__(self):
        self.clock = HandClock()
        self.metrics = Metrics.in_memory()
        self.told = []
        events = Events(lambda _, event, __: self.told.append(event))
        self.pause = Pause(self.clock, metrics=self.metrics, events=events)

    def state(self):
        return self.metrics.read("tracuu_breaker_state", "redis")


@pytest.fixture
def redis():
    return Redis()


def test_a_failure_begins_a_pause(redis):
    assert redis.pause.admits()

    redis.pause.failed(ERROR)

    assert (redis.pause.is_on, redis.pause.left_s) == (True, 1.0)
    assert not redis.pause.admits()
    assert (redis.state(), redis.told) == (OPEN, ["redis.unreachable"])


def test_after_the_pause_one_trial_is_admitted(redis):
    redis.pause.failed(ERROR)
    redis.clock.move(by_s=1)

    assert not redis.pause.is_on
    assert [redis.pause.admits() for _ in range(3)] == [True, False, False]
    assert redis.state() == HALF_OPEN


def test_a_good_trial_ends_the_pause(redis):
    redis.pause.failed(ERROR)
    redis.clock.move(by_s=1)
    redis.pause.admits()

    redis.pause.succeeded()

    assert [redis.pause.admits() for _ in range(3)] == [True, True, True]
    assert redis.state() == CLOSED
    assert redis.told == ["redis.unreachable", "redis.recovered"]


def test_each_failed_trial_doubles_the_pause_up_to_a_limit(redis):
    redis.pause.failed(ERROR)
    pauses_s = [redis.pause.left_s]

    for _ in range(2000):
        redis.clock.move(by_s=redis.pause.left_s)
        assert redis.pause.admits()
        redis.pause.failed(ERROR)
        pauses_s.append(redis.pause.left_s)

    assert pauses_s[:7] == [1, 2, 4, 8, 16, LONGEST_S, LONGEST_S]
    assert pauses_s[-1] == LONGEST_S
    assert redis.told == ["redis.unreachable"]


def test_answers_to_what_was_asked_before_the_pause_change_nothing(redis):
    redis.pause.failed(ERROR)

    redis.pause.failed(ERROR)
    redis.pause.succeeded()

    assert (redis.pause.is_on, redis.pause.left_s) == (True, 1.0)


def test_success_as_usual_is_not_news(redis):
    redis.pause.succeeded()

    assert redis.told == []


def test_a_trial_that_never_tells_is_followed_by_another(redis):
    redis.pause.failed(ERROR)
    redis.clock.move(by_s=1)
    redis.pause.admits()

    redis.clock.move(by_s=TRIAL_S)

    assert [redis.pause.admits() for _ in range(2)] == [True, False]
