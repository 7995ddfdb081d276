"""When Redis is left alone: after a failure for a while, then one trial decides."""

from lookup.events import Events
from lookup.metrics import Metrics
from lookup.ports import Clock

FIRST_S = 1.0
"""After a first failure; doubled with each one that follows."""

LONGEST_S = 30.0

TRIAL_S = 1.0
"""Longest time that a trial keeps the others away."""


class Pause:
    """The breaker before Redis, shared by all who ask it."""

    def __init__(self, clock: Clock, *, metrics: Metrics, events: Events) -> None:
        self._clock = clock
        self._metrics = metrics
        self._events = events
        self._length_s = 0.0
        self._ends_s = 0.0
        self._is_trying = False

    @property
    def is_on(self) -> bool:
        """Whether nothing may be asked now."""
        return self._length_s > 0 and self.left_s > 0

    @property
    def left_s(self) -> float:
        """Seconds until the next trial, while the pause is on."""
        return max(0.0, self._ends_s - self._clock.monotonic())

    def admits(self) -> bool:
        """Whether this one may ask; it should tell afterwards how it went.

        The first one after the pause is the trial, and all others are refused until
        it is over, or for ``TRIAL_S`` if it never tells.
        """
        if self.is_on:
            return False
        if self._length_s:
            self._is_trying = True
            self._ends_s = self._clock.monotonic() + TRIAL_S
            self._metrics.breaker_moved("redis", "half_open")
        return True

    def failed(self, error: Exception) -> None:
        """Redis failed or was too slow for one who was admitted."""
        if self._length_s and not self._is_trying:
            return  # asked before the pause began
        if not self._length_s:
            self._events.redis_unreachable(error)
        self._is_trying = False
        self._length_s = min(LONGEST_S, 2 * self._length_s) or FIRST_S
        self._ends_s = self._clock.monotonic() + self._length_s
        self._metrics.breaker_moved("redis", "open")

    def succeeded(self) -> None:
        """Redis answered one who was admitted."""
        if not self._is_trying:
            return
        self._is_trying = False
        self._length_s = 0.0
        self._metrics.breaker_moved("redis", "closed")
        self._events.redis_recovered()
