import pytest

from lookup.deadline import Deadline
from lookup.errors import DeadlineExceededError


def test_what_is_left_shrinks_with_time():
    now = 10.0
    deadline = Deadline(11.0, lambda: now)

    assert deadline.left_s() == 1.0
    assert deadline.left_s(at_most_s=0.3) == 0.3


def test_nothing_is_left_at_the_end():
    deadline = Deadline(11.0, lambda: 11.0)

    with pytest.raises(DeadlineExceededError):
        deadline.left_s()
