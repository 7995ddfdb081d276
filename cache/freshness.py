"""How long knowledge counts as fresh and as usable; knows neither keys nor stores.

The time of knowing, ``as_of``, is all that is needed: also the jitter comes from it,
so that every worker and every tier comes to the same grade without agreeing first.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

JITTER = 0.1
"""Up to this share is cut from the fresh time, so that what was loaded together does
not expire together. Never added: the setting is the longest time."""

LEAD = 0.01
"""Mean head start of an early refresh, as a share of the fresh time. At 600 s, what is
asked once a second is mostly refreshed unnoticed; the cost is about 1 % more loads."""

YOUNG = (1 - JITTER) * (1 - 37 * LEAD)
"""Up to this share of the fresh time no jitter makes knowledge stale, and no die asks
for a refresh: of 53 bits, its head start is at most ``53 * ln 2 * LEAD``."""

NOBODY_USABLE = 10
""""No such citizen" may answer, marked stale, for so many times its fresh time: a
child gets its number one day, and the gate must not stay shut for long."""

AHEAD_MAX_S = 5.0
"""Clocks of two machines may differ by so much. Knowledge from further ahead shows
that a clock was set back, and then nobody can say how old it is."""


class Grade(Enum):
    """What may be done with a piece of knowledge."""

    FRESH = "fresh"
    """Answer with it."""

    STALE = "stale"
    """Ask the source; answer with it, marked so, only when the source cannot say."""

    TOO_OLD = "too_old"
    """Forget it."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """The three times of the settings, in seconds."""

    fresh_s: float
    usable_s: float
    nobody_fresh_s: float

    def grade(self, as_of: datetime, *, is_nobody: bool, now: datetime) -> Grade:
        """Grade knowledge of a record, or of there being nobody."""
        age_s = (now - as_of).total_seconds()
        if age_s >= self.usable_for_s(is_nobody=is_nobody):
            return Grade.TOO_OLD
        if -AHEAD_MAX_S <= age_s < self._fresh_for_s(as_of, is_nobody=is_nobody):
            return Grade.FRESH
        return Grade.STALE

    def is_young(self, as_of: datetime, *, is_nobody: bool, now: datetime) -> bool:
        """Whether it is fresh beyond doubt, whatever jitter and die say."""
        whole_s = self.nobody_fresh_s if is_nobody else self.fresh_s
        return 0 <= (now - as_of).total_seconds() < YOUNG * whole_s

    def should_refresh(
        self, as_of: datetime, *, is_nobody: bool, now: datetime, draw: float
    ) -> bool:
        """Whether a reader of fresh knowledge should have it loaded again already.

        Each reader decides by a die of its own, ever more likely towards the end, so
        that of many readers one goes early and the others notice nothing.

        Args:
            as_of: When it was known.
            is_nobody: Whether it is the knowledge that there is nobody.
            now: This instant.
            draw: A random number from 0 up to 1.

        Source: Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache
        Stampede Prevention", 2015; with a share of the fresh time in place of the
        loading time, because our loads take milliseconds.
        """
        fresh_for_s = self._fresh_for_s(as_of, is_nobody=is_nobody)
        head_start_s = -math.log(1.0 - draw) * LEAD * fresh_for_s
        return (now - as_of).total_seconds() + head_start_s >= fresh_for_s

    def usable_for_s(self, *, is_nobody: bool) -> float:
        """The age from which knowledge is never used again, in seconds."""
        return self.nobody_fresh_s * NOBODY_USABLE if is_nobody else self.usable_s

    def _fresh_for_s(self, as_of: datetime, *, is_nobody: bool) -> float:
        whole_s = self.nobody_fresh_s if is_nobody else self.fresh_s
        return whole_s * (1.0 - JITTER * as_of.microsecond / 1_000_000)
