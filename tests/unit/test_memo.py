import gc

import pytest

from lookup.memo import same_again


class Thing:
    """Equal to every other, and lets nobody keep it by its content."""

    def __eq__(self, other):
        return isinstance(other, Thing)

    __hash__ = None


class Counting:
    """A function that gives something new each time, and counts."""

    def __init__(self):
        self.calls = 0

    def __call__(self, *given):
        self.calls += 1
        return [self.calls, len(given)]


@pytest.fixture
def function():
    return Counting()


def test_same_things_get_the_very_same_answer(function):
    answer, one, other = same_again(function, at_most=10), Thing(), Thing()

    first = answer(one, other)

    assert answer(one, other) is first
    assert function.calls == 1


def test_equal_things_are_asked_about_anew(function):
    answer, things = same_again(function, at_most=10), [Thing(), Thing()]

    answers = [answer(thing) for thing in things]

    assert things[0] == things[1]
    assert [number for number, _ in answers] == [1, 2]


def test_same_things_in_another_order_are_another_question(function):
    answer, one, other = same_again(function, at_most=10), Thing(), Thing()

    answers = [answer(one, other), answer(other, one), answer(one), answer()]

    assert answers == [[1, 2], [2, 2], [3, 1], [4, 0]]


def test_nothing_is_kept_of_a_question_that_failed():
    answer, thing = same_again(lambda _: 1 // next(divisors), at_most=10), Thing()
    divisors = iter([0, 1])

    with pytest.raises(ZeroDivisionError):
        answer(thing)

    assert answer(thing) == 1


def test_answer_that_is_none_is_kept_too():
    calls = []
    answer, thing = same_again(calls.append, at_most=10), Thing()

    answer(thing)
    answer(thing)

    assert len(calls) == 1


@pytest.mark.parametrize(("at_most", "calls"), [(3, 3), (2, 4)])
def test_oldest_makes_room_for_one_too_many(function, at_most, calls):
    answer, things = same_again(function, at_most=at_most), [Thing() for _ in range(3)]
    for thing in things:
        answer(thing)

    answer(things[1])
    answer(things[0])

    assert function.calls == calls


def same_by_place_alone(function, *, at_most):
    """The same, but it forgets what it was asked about."""
    del at_most
    kept = {}

    def answer(*given):
        place = tuple(map(id, given))
        if place not in kept:
            kept[place] = function(*given)
        return kept[place]

    return answer


@pytest.mark.parametrize(
    ("remember", "is_ever_wrong"), [(same_again, False), (same_by_place_alone, True)]
)
def test_nothing_takes_the_place_of_what_is_kept(remember, is_ever_wrong):
    answer = remember(lambda text: int(text[6:]), at_most=1_000)

    wrong = [n for n in range(1_000) if answer(f"thing {n}") != n]

    assert bool(wrong) is is_ever_wrong


def test_what_made_room_is_let_go():
    class Watched(Thing):
        gone = 0

        def __del__(self):
            Watched.gone += 1

    answer = same_again(lambda _: None, at_most=2)

    for _ in range(5):
        answer(Watched())
    gc.collect()

    assert Watched.gone == 3
