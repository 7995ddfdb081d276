"""How many lookups come when: schedules as lines between rates, and their limits."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

from loadtests.load.thresholds import Limits


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of time in which the rate moves along a straight line."""

    share: float
    """Of the whole time of the profile."""

    begins: float
    """Rate at its beginning, as a multiple of the profile's."""

    ends: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One load test: how much comes when, from how many people, within which limits."""

    name: str
    about: str
    rate_per_s: float
    minutes: float
    stages: tuple[Stage, ...]
    limits: Limits
    citizens: int = 200_000
    """How many people the service knows, where it is started for the test."""

    has_steps: bool = False
    """Each stage is judged alone, and the first that breaks ends the test."""

    @property
    def duration_s(self) -> float:
        """How long lookups are sent."""
        return 60 * self.minutes

    def start_of(self, stage: int) -> float:
        """Seconds from the start to the beginning of a stage, or to the very end."""
        return self.duration_s * sum(each.share for each in self.stages[:stage])

    def rate_of(self, stage: int) -> float:
        """Lookups per second at the beginning of a stage."""
        return self.rate_per_s * self.stages[stage].begins


def arrival_times(profile: Profile, random: Random) -> Iterator[tuple[float, int]]:
    """When each lookup is due, in seconds from the start, and in which stage.

    A Poisson process: its gaps in units of expected lookups are exponential. They are
    laid out along the line of each stage.
    """
    left = random.expovariate(1.0)
    for number, stage in enumerate(profile.stages):
        start_s, length_s = profile.start_of(number), profile.duration_s * stage.share
        begins, ends = (profile.rate_per_s * x for x in (stage.begins, stage.ends))
        expected = length_s * (begins + ends) / 2
        while left < expected:
            into_s = _seconds_until(left, begins, (ends - begins) / length_s)
            yield start_s + into_s, number
            left += random.expovariate(1.0)
        left -= expected


def _seconds_until(lookups: float, rate_per_s: float, slope: float) -> float:
    """When so many lookups are expected, if the rate grows by ``slope`` a second."""
    root = math.sqrt(max(0.0, rate_per_s**2 + 2 * slope * lookups))
    return 2 * lookups / (rate_per_s + root)


def chosen(
    name: str, *, rate_per_s: float | None = None, minutes: float | None = None
) -> Profile:
    """A profile by its name, at another rate or for another time where given."""
    profile = PROFILES[name]
    return replace(
        profile,
        rate_per_s=rate_per_s or profile.rate_per_s,
        minutes=minutes or profile.minutes,
    )


def _along(*rates: float) -> tuple[Stage, ...]:
    """Stages of one length each, from each rate to the next."""
    pairs = list(pairwise(rates))
    return tuple(Stage(1 / len(pairs), begins, ends) for begins, ends in pairs)


def _steps(count: int, factor: float) -> tuple[Stage, ...]:
    """Stages of one length each, each level, and higher by a factor than the last."""
    return tuple(Stage(1 / count, factor**n, factor**n) for n in range(count))


_MORNING = (20, 90, 160, 170, 130, 90)
"""What comes at 5, 6, 7, 8, 9 and 10 o'clock, against each other; by 8 o'clock most."""

_STEADY = _along(1, 1)

PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="smoke",
            about="does it work at all: for every change",
            rate_per_s=10,
            minutes=0.5,
            stages=_STEADY,
            limits=Limits(p95_ms=100, p99_ms=500),
            citizens=5_000,
        ),
        Profile(
            name="morning",
            about="5 to 10 o'clock in 20 minutes; the rate is that of 8 o'clock",
            rate_per_s=100,
            minutes=20,
            stages=_along(*(rate / max(_MORNING) for rate in _MORNING)),
            limits=Limits(p95_ms=50, p99_ms=100, slowest_ms=1_000),
        ),
        Profile(
            name="gates-open",
            about="a minute as usual, ×5 within the next, and a minute at that",
            rate_per_s=20,
            minutes=3,
            stages=(Stage(1 / 3, 1, 1), Stage(1 / 3, 1, 5), Stage(1 / 3, 5, 5)),
            limits=Limits(p95_ms=50, p99_ms=100, slowest_ms=1_000),
        ),
        Profile(
            name="stress",
            about="20 steps, each 1.25 times the last, until p95 breaks",
            rate_per_s=100,
            minutes=20 / 3,
            stages=_steps(20, 1.25),
            limits=Limits(p95_ms=50, knee_per_s=100),
            has_steps=True,
        ),
        Profile(
            name="soak",
            about="half an hour of the same: what leaks shows",
            rate_per_s=100,
            minutes=30,
            stages=_STEADY,
            limits=Limits(p95_ms=50, p99_ms=100, slowest_ms=1_000, is_steady=True),
        ),
        Profile(
            name="steady",
            about="any rate for any time",
            rate_per_s=1_000,
            minutes=10,
            stages=_STEADY,
            limits=Limits(p99_ms=50, slowest_ms=1_000),
        ),
    )
}
"""Every profile by its name.

One big hospital looks up 0.3 people a second at its peak, 20 hospitals 5, the whole
country in the order of 100: the realistic rates are 1 to 10, 100 is headroom.
"""
