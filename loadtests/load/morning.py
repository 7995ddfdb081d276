"""A province's morning: who stands at which counter, and what the desk asks.

Seeded: one seed gives the same lookups, however many processes share them out. How
often which result comes is left to the population; see ``loadtests.load.people``.
"""

from bisect import bisect
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, takewhile
from random import Random
from typing import NamedTuple

from loadtests.load.people import People, Person
from loadtests.load.profiles import Profile, arrival_times

FACILITIES = 60
"""Facilities of a province; the n-th has 1/n of the people of the first (Zipf)."""

COUNTERS = 15
"""Counters of one facility, as at a large hospital in the south."""

LOOKUPS_PER_VISIT = 1.6
"""Reception, then for some the clinic and the cashier: an assumption."""

RIGHT_AWAY_SHARE = 0.5
"""Of the repeats: those within seconds, at the next counter, as when a card is
scanned again; the others follow minutes later."""

RIGHT_AWAY_S = 2.0

REMEMBERED = 5_000
"""Visits from which a repeat is drawn; about a minute at the highest rates."""

HEALTH_SHARE = 0.1
"""Lookups that ask for the health facet, too."""

MALFORMED_SHARE = 0.02
"""Lookups with a typing error that the service refuses."""

BATCH_SHARE = 0.001
"""Requests that are batches: the list of a department for the day."""

BATCH_LOOKUPS = 20


class Kind(StrEnum):
    """What is asked in one request, as the figures name it."""

    PLAIN = "lookup"
    HEALTH = "lookup with health"
    MALFORMED = "malformed lookup"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request: when it is due, and what it asks."""

    due_s: float
    """Seconds from the start."""

    stage: int
    """Of the profile."""

    kind: Kind
    people: tuple[Person, ...]
    """One, or those of a batch."""

    operator: str
    """Who sits at the counter."""


class Draws(Random):
    """Draws that are the same in every run; no secret is among them."""


class _Visit(NamedTuple):
    came_s: float
    facility: int
    person: Person


class Morning:
    """All requests of a load test, in the order of their time."""

    def __init__(self, people: People, profile: Profile, *, seed: int = 7) -> None:
        self._people = people.everybody
        self._profile = profile
        self._seed = seed

    def scheduled(self, until_s: float) -> int:
        """How many requests are due by then."""
        due = takewhile(lambda time: time[0] <= until_s, self._times())
        return sum(1 for _ in due)

    def arrivals(self, *, index: int = 0, processes: int = 1) -> Iterator[Arrival]:
        """Those of one process of several: every n-th."""
        random = Draws(self._seed + 1)
        visits = _Visits(self._people, random)
        for number, (due_s, stage) in enumerate(self._times()):
            facility, person = visits.lookup(due_s)
            kind = _kind(random.random())
            counter = 1 + int(COUNTERS * random.random())
            if number % processes == index:
                is_batch = kind == Kind.BATCH
                people = self._listed(number) if is_batch else (person,)
                operator = f"NV-{facility:02}-{counter:02}"
                yield Arrival(due_s, stage, kind, people, operator)

    def _listed(self, number: int) -> tuple[Person, ...]:
        """Those of a batch: the same in whichever process."""
        return tuple(Draws(number).choices(self._people, k=BATCH_LOOKUPS))

    def _times(self) -> Iterator[tuple[float, int]]:
        """With draws of their own, so that they can be counted alone."""
        random = Draws(self._seed)
        return arrival_times(self._profile, random)


class _Visits:
    """Who is being looked up: somebody new, or again somebody who came before."""

    def __init__(self, people: Sequence[Person], random: Random) -> None:
        self._people = people
        self._random = random
        self._bounds = tuple(accumulate(1 / (n + 1) for n in range(FACILITIES)))
        self._earlier: deque[_Visit] = deque(maxlen=REMEMBERED)
        self._just_now: deque[_Visit] = deque()

    def lookup(self, due_s: float) -> tuple[int, Person]:
        """At which facility, and whom."""
        while self._just_now and self._just_now[0].came_s < due_s - RIGHT_AWAY_S:
            self._just_now.popleft()
        if self._earlier and self._random.random() > 1 / LOOKUPS_PER_VISIT:
            visit = self._repeated()
        else:
            visit = self._new(due_s)
            self._earlier.append(visit)
            self._just_now.append(visit)
        return visit.facility, visit.person

    def _repeated(self) -> _Visit:
        is_right_away = self._random.random() < RIGHT_AWAY_SHARE
        visits = (is_right_away and self._just_now) or self._earlier
        return visits[int(len(visits) * self._random.random())]

    def _new(self, due_s: float) -> _Visit:
        """Somebody, at their facility: people in a row, the first go to the first."""
        point = self._random.random()
        facility = bisect(self._bounds, point * self._bounds[-1])
        return _Visit(due_s, facility, self._people[int(point * len(self._people))])


def _kind(point: float) -> Kind:
    for kind, share in (
        (Kind.BATCH, BATCH_SHARE),
        (Kind.MALFORMED, MALFORMED_SHARE),
        (Kind.HEALTH, HEALTH_SHARE),
    ):
        if point < share:
            return kind
        point -= share
    return Kind.PLAIN
