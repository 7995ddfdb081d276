"""What stands before a source: not too much at once, and nothing while it is broken.

Each is itself a ``RecordSource``, so that the composition root shows their order.
"""

from dataclasses import dataclass
from math import inf

from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.errors import DeadlineExceededError, SourceUnavailableError
from lookup.events import Events
from lookup.metrics import BreakerState, Metrics
from lookup.ports import Clock, RecordSource
from lookup.record import Facet, Finding
from lookup.request import Claim

FAILURES_MAX = 3
"""Failures in a row after which the breaker opens; each begun after the one before
was known, because one broken connection fails all lookups that travel together."""

COOL_DOWN_S = 2.0
"""How long nothing is asked before one lookup tries again."""

FAIR_S = 0.2
"""Time a source must have had before its silence counts as a failure."""

BUSY = "too many are asking at once"
"""Why a bulkhead refuses: no failure of the source."""


@dataclass(slots=True, kw_only=True, eq=False)
class Breaker:
    """Leaves a failing source alone for a while, then lets one lookup try it."""

    source: RecordSource
    target: str
    clock: Clock
    metrics: Metrics
    events: Events
    _state: BreakerState = "closed"
    _failures: int = 0
    _failed_s: float = -inf

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        """Ask the source, unless it is being left alone.

        Raises:
            SourceUnavailableError: At once, while the breaker is open; otherwise
                what the source raises.
            DeadlineExceededError: What the source raises.
        """
        left_s = deadline.left_s()
        is_probe = self._admit(facet)
        started_s = self.clock.monotonic()
        has_failed: bool | None = None
        try:
            finding = await self.source.fetch(identifier, facet, deadline, claim=claim)
            has_failed = False
        except SourceUnavailableError as error:
            has_failed = None if error.args == (BUSY,) else True
            raise
        except DeadlineExceededError:
            has_failed = True if left_s >= FAIR_S else None
            raise
        finally:
            if is_probe:
                self._conclude(has_failed=has_failed)
            elif self._state == "closed":
                self._count(started_s, has_failed=has_failed)
        return finding

    def _admit(self, facet: Facet) -> bool:
        """Let this lookup pass; True if it is the one that tries the source."""
        if self._state == "closed":
            return False
        left_s = self._failed_s + COOL_DOWN_S - self.clock.monotonic()
        if self._state == "half_open" or left_s > 0:
            _count_refusal(self.metrics, self.target, facet)
            reason = f"{self.target} is left alone after failures"
            raise SourceUnavailableError(reason, retry_after_s=max(left_s, 1.0))
        self._move("half_open")
        return True

    def _conclude(self, *, has_failed: bool | None) -> None:
        """End the trial; None said nothing, so the next lookup tries again."""
        if has_failed is False:
            self._failures = 0
            self._move("closed")
            self.events.breaker_closed(self.target)
            return
        if has_failed:
            self._failed_s = self.clock.monotonic()
        self._move("open")

    def _count(self, started_s: float, *, has_failed: bool | None) -> None:
        if has_failed is False:
            self._failures = 0
        elif has_failed and started_s >= self._failed_s:
            self._failures += 1
            self._failed_s = self.clock.monotonic()
            if self._failures >= FAILURES_MAX:
                self._move("open")
                self.events.breaker_opened(self.target)

    def _move(self, state: BreakerState) -> None:
        self._state = state
        self.metrics.breaker_moved(self.target, state)


@dataclass(slots=True, kw_only=True, eq=False)
class Bulkhead:
    """Lets so many lookups at a source at once and refuses the rest without delay."""

    source: RecordSource
    target: str
    at_most: int
    metrics: Metrics
    _asking: int = 0

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        """Ask the source, unless too many do already.

        Raises:
            SourceUnavailableError: At once, when too many ask; otherwise what the
                source raises.
            DeadlineExceededError: What the source raises.
        """
        if self._asking >= self.at_most:
            _count_refusal(self.metrics, self.target, facet)
            raise SourceUnavailableError(BUSY)
        self._asking += 1
        try:
            return await self.source.fetch(identifier, facet, deadline, claim=claim)
        finally:
            self._asking -= 1


def _count_refusal(metrics: Metrics, target: str, facet: Facet) -> None:
    metrics.source_asked(source=target, facet=facet, result="refused", duration_s=0.0)
