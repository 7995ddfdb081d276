"""Measures rows in rounds: each row a short window in each round, one after another.

So whatever the machine does meanwhile meets all rows alike, and a figure compares two
windows of one round.
"""

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import msgspec

from loadtests.bench.fleet import Fleet
from loadtests.bench.generator import Job
from loadtests.bench.measured import Measured
from loadtests.bench.measures import Round, Window
from loadtests.bench.questions import Person
from loadtests.bench.rows import Desk, Row
from loadtests.bench.stores import forget_records, sign_in

CAPACITY_SHARE = 0.5
"""Load at which waiting times are compared."""


class RunVoidError(Exception):
    """A window was no good, so nothing that was measured counts."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long and how hard to ask."""

    rounds: int
    settle_s: float
    window_s: float
    connections: int


@dataclass(slots=True)
class People:
    """Who is asked about, and who has not been asked about yet."""

    hot: Sequence[Person]
    once: Mapping[str, Iterable[Person]]
    """``cold`` and ``unknown``: iterators from which every window takes its own."""

    share: Mapping[str, int]
    """How many of them one window may take."""

    everybody: Mapping[str, Sequence[Person]]
    """By server, for windows in which nothing is remembered."""

    def of(self, row: Row) -> Sequence[Person]:
        """Those of the next window."""
        if row.people == "hot":
            return self.hot
        if row.people == "forgotten":
            return self.everybody[row.server]
        return list(islice(self.once[row.people], self.share[row.people]))


@dataclass(frozen=True, slots=True)
class Measuring:
    """Everything that runs, and how to ask it."""

    fleet: Fleet
    running: Mapping[str, Measured]
    desks: Mapping[str, Desk]
    """By database: ``large`` and ``small``."""

    gateway_user: tuple[str, str]
    people: People
    timing: Timing
    folder: Path

    def rounds(
        self, rows: Sequence[Row], told: Callable[[int, Row, Window], None]
    ) -> list[Round]:
        """Measure all rows, round by round.

        Args:
            rows: What to measure.
            told: Called after each window.

        Raises:
            RunVoidError: An answer was wrong, or the generator was too slow.
        """
        rate_per_s = self._rate_per_s(rows)
        done: list[Round] = []
        for number in range(self.timing.rounds):
            windows = {}
            for row in rows:
                window = self._window(row, rate_per_s if row.is_open else None)
                told(number, row, window)
                if window.faults:
                    raise RunVoidError(f"{row.name}: {'; '.join(window.faults)}")
                windows[row.name] = window
            done.append(windows)
        return done

    def _rate_per_s(self, rows: Sequence[Row]) -> float | None:
        """Half of what the first of the open rows answers when asked without pause."""
        first = next((row for row in rows if row.is_open), None)
        if first is None:
            return None
        window = self._window(first, None)
        if window.faults:
            raise RunVoidError(f"{first.name}: {'; '.join(window.faults)}")
        return CAPACITY_SHARE * window.per_s

    def _window(self, row: Row, rate_per_s: float | None) -> Window:
        server = self.running[row.server]
        if row.people == "forgotten":
            forget_records(self.fleet.redis_url(row.server))
        people, desk = self.people.of(row), self._desk(row, server)
        requests = [row.write(desk, person) for person in people]
        is_hot, settle_s = row.people == "hot", self.timing.settle_s
        return self._generate(
            Job(
                port=server.port,
                requests=requests,
                expected=[_expected(row, person) for person in people],
                repeats=is_hot,
                connections=self.timing.connections,
                warm_requests=requests if is_hot else [],
                warm_by=row.warm_by,
                # Who can be asked about only once is not spent on settling.
                settle_s=0.0 if row.people in {"cold", "unknown"} else settle_s,
                window_s=self.timing.window_s,
                rate_per_s=rate_per_s,
                watched={"service": server.pid, **self.fleet.stores.processes},
            )
        )

    def _desk(self, row: Row, server: Measured) -> Desk:
        desk = self.desks["small" if row.server == "small" else "large"]
        if not row.signs_in:
            return desk
        return replace(desk, account=sign_in(server.port, *self.gateway_user))

    def _generate(self, job: Job) -> Window:
        file = self.folder / "job"
        file.write_bytes(msgspec.msgpack.encode(job))
        command = [sys.executable, "-m", "loadtests.bench.generator", str(file)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        return msgspec.json.decode(done.stdout, type=Window)


def _expected(row: Row, person: Person) -> tuple[bytes, ...]:
    number = (person.citizen_id.encode(),) if row.shows_number else ()
    return (*row.expected, *number)
