"""Requests leave at their time, whatever became of the earlier ones."""

from collections import Counter

import pytest
from gevent.event import Event

from loadtests.load import open_loop
from loadtests.load.morning import Arrival, Kind
from loadtests.load.open_loop import LATE_S, OpenLoop
from loadtests.load.tally import FaultKind, Tally
from tests.support.load import a_person


@pytest.fixture
def tally():
    return Tally()


def due(*moments_s):
    return [Arrival(s, 0, Kind.PLAIN, (a_person(),), "NV-00-01") for s in moments_s]


def test_requests_leave_while_the_first_waits_for_its_answer(tally):
    sent, last = [], Event()

    def send(arrival, _):
        sent.append(arrival.due_s)
        if arrival.due_s == 0.02:
            last.set()
        # In a closed loop the first would wait for ever.
        last.wait()

    OpenLoop(send, tally).run(due(0, 0.01, 0.02), duration_s=0.03)

    assert sent == [0, 0.01, 0.02]
    assert tally.sent == Counter({"0": 3})
    assert tally.is_finished


@pytest.mark.parametrize(("places", "crowded"), [(2, 0), (1, 1)])
def test_request_that_finds_no_place_is_counted(places, crowded, tally, monkeypatch):
    monkeypatch.setattr(open_loop, "PLACES", places)
    monkeypatch.setattr(open_loop, "PATIENCE_S", 0.01)
    answered = Event()

    def arrivals():
        yield from due(0, 0)
        answered.set()

    loop = OpenLoop(lambda *_: answered.wait(), tally)
    loop.run(arrivals(), duration_s=60)

    assert (tally.sent.total(), tally.crowded) == (2 - crowded, crowded)


@pytest.mark.parametrize(("since_s", "late"), [(0, 0), (10 * LATE_S, 1)])
def test_request_that_leaves_after_its_time_is_late(since_s, late, tally):
    OpenLoop(lambda *_: None, tally).run(due(-since_s), duration_s=60)

    assert (tally.sent.total(), tally.late.total()) == (1, late)


def test_what_could_not_leave_by_the_end_is_left_out(tally, monkeypatch):
    monkeypatch.setattr(open_loop, "PATIENCE_S", 0)

    OpenLoop(lambda *_: None, tally).run(due(0, 0, 0), duration_s=0)

    assert tally.sent.total() == 0


def test_defect_of_ours_passes_for_no_answer(tally, capsys):
    def send(*_):
        raise ZeroDivisionError

    OpenLoop(send, tally).run(due(0), duration_s=60)

    assert tally.faults == Counter({FaultKind.UNANSWERED: 1})
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_busiest_stretch_of_the_processor_is_told(tally):
    OpenLoop(lambda *_: sum(range(100_000)), tally).run(due(0), duration_s=60)

    assert tally.cpu_share > 0
