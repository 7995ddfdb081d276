"""Sends every request at its time, however long the earlier ones take.

A closed loop waits for an answer before it asks again: when the service stands still
it asks nobody, and a stop of six seconds is one slow lookup among thousands. People
keep coming. So each request has a greenlet of its own, and its time runs from the
moment it was due.
"""

import time
from collections.abc import Callable, Iterable

import gevent
from gevent.pool import Pool

from loadtests.load.morning import Arrival
from loadtests.load.tally import FaultKind, Tally

PLACES = 1_000
"""Requests of one process that wait for an answer at once."""

LATE_S = 0.1
"""A request that leaves so much after its time was not sent as scheduled."""

PATIENCE_S = 5.0
"""How long a request waits for a place, and the last ones for their turn."""

IN_A_ROW_MAX = 50
"""Requests that are due are sent together, but so many answers must have a turn. One
at a time would let as many requests leave as answers come: a closed loop again."""

STRETCH_S = 5.0
"""Over which the CPU of this process is measured."""


class OpenLoop:
    """The requests of one process, each sent by ``send`` in its own greenlet.

    ``send`` gets the request and the moment it was due, by ``time.perf_counter``, and
    must return within the time it gives the service.
    """

    def __init__(self, send: Callable[[Arrival, float], None], tally: Tally) -> None:
        self._send = send
        self._tally = tally
        self._pool = Pool(PLACES)
        self._waited_s = 0.0
        """When a place was last waited for; what was due before is not our delay."""

    def run(self, arrivals: Iterable[Arrival], *, duration_s: float) -> None:
        """Send all, and wait until all are answered."""
        watching = gevent.spawn(_watch_cpu, self._tally)
        started_s = time.perf_counter()
        try:
            in_a_row = 0
            for arrival in arrivals:
                due_s = started_s + arrival.due_s
                early_s = due_s - time.perf_counter()
                in_a_row += 1
                if early_s > 0 or in_a_row == IN_A_ROW_MAX:
                    gevent.sleep(max(0.0, early_s))
                    in_a_row = 0
                if time.perf_counter() > started_s + duration_s + PATIENCE_S:
                    break
                self._hand_out(arrival, due_s)
            self._pool.join()
        finally:
            watching.kill()
            self._pool.kill()
        self._tally.is_finished = True

    def _hand_out(self, arrival: Arrival, due_s: float) -> None:
        if self._pool.full():
            patience_s = max(0.0, due_s + PATIENCE_S - time.perf_counter())
            has_place = self._pool.wait_available(timeout=patience_s)
            self._waited_s = time.perf_counter()
            if not has_place:
                self._tally.crowded += 1
                return
        stage = str(arrival.stage)
        self._tally.sent[stage] += 1
        if due_s > self._waited_s and time.perf_counter() - due_s > LATE_S:
            self._tally.late[stage] += 1
        self._pool.spawn(self._send_one, arrival, due_s)

    def _send_one(self, arrival: Arrival, due_s: float) -> None:
        try:
            self._send(arrival, due_s)
        except Exception:
            # A defect of ours must not pass for an answer.
            self._tally.faults[FaultKind.UNANSWERED] += 1
            raise


def _watch_cpu(tally: Tally) -> None:
    """Note the busiest stretch; a run that is shorter than one is one."""
    is_whole = True
    while is_whole:
        before_s, cpu_s = time.perf_counter(), time.process_time()
        try:
            gevent.sleep(STRETCH_S)
        except gevent.GreenletExit:
            is_whole = False
        used_s = time.process_time() - cpu_s
        if is_whole or not tally.cpu_share:
            share = used_s / (time.perf_counter() - before_s)
            tally.cpu_share = max(tally.cpu_share, share)
