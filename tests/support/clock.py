"""A clock that stands still until a test moves it."""

from datetime import UTC, date, datetime, timedelta

from lookup.clock import RECEPTION_ZONE

MORNING = datetime(2026, 11, 25, 2, tzinfo=UTC)
"""09:00 at the reception desk."""


class HandClock:
    """Keeps the promise of ``Clock``; both its times move together."""

    def __init__(self, now: datetime = MORNING) -> None:
        self._now = now
        self._monotonic_s = 1_000.0

    def move(self, *, by_s: float) -> None:
        self._now += timedelta(seconds=by_s)
        self._monotonic_s += by_s

    def turn(self, *, by_s: float) -> None:
        """Set the time of day otherwise, as an operator may; durations go on."""
        self._now += timedelta(seconds=by_s)

    def now(self) -> datetime:
        return self._now

    def today(self) -> date:
        return self._now.astimezone(RECEPTION_ZONE).date()

    def monotonic(self) -> float:
        return self._monotonic_s
