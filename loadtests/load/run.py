"""One load test as the process sees it that judges: plan, tallies, steps, figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from loadtests.load.morning import Kind, Morning
from loadtests.load.profiles import Profile
from loadtests.load.tally import Tally, together
from loadtests.load.thresholds import Measured

INTENDED = "(from intended time)"
"""How the entries end that are judged; the others count from the actual sending."""

SETTLE_S = 4.0
"""A step is judged so long after its end: the processes report every three seconds."""

OVERTIME_MAX_S = 30.0
"""A process that has not finished by then is gone. Longer than any answer is waited
for, so that nothing is cut off."""

FAILURES_MAX = 0.01
"""A step in which more requests fail does not hold."""


class Times(Protocol):
    """Response times of one name, as Locust keeps them."""

    @property
    def max_response_time(self) -> float:
        """Of the slowest, in milliseconds."""
        ...

    @property
    def fail_ratio(self) -> float:
        """Share of the requests that failed."""
        ...

    def get_response_time_percentile(self, percent: float) -> float:
        """Milliseconds, for a share from 0 to 1."""
        ...


@dataclass(slots=True)
class Run:
    """A load test under way, or just ended."""

    profile: Profile
    morning: Morning
    tallies: dict[str, Tally] = field(default_factory=dict)
    """The last word of each process, by its name."""

    judged: int = 0
    """Steps that held so far."""

    broken: int | None = None
    """The step that did not."""

    @property
    def tally(self) -> Tally:
        """All processes together."""
        return together(self.tallies.values())

    def is_over(self, elapsed_s: float) -> bool:
        """Whether nothing more is to come."""
        if self.broken is not None:
            return True
        overtime_s = elapsed_s - self.profile.duration_s
        is_done = bool(self.tallies) and self.tally.is_finished
        return overtime_s >= (0 if is_done else OVERTIME_MAX_S)

    @property
    def knee_per_s(self) -> float | None:
        """The highest rate that held, 0 for none; None where there are no steps."""
        if not self.profile.has_steps:
            return None
        return self.profile.rate_of(self.judged - 1) if self.judged else 0.0

    def judge_steps(self, elapsed_s: float, times: Mapping[str, Times]) -> None:
        """Judge the steps that ended a while ago; the first that breaks is the last."""
        if not self.profile.has_steps:
            return
        while self.broken is None and self.judged < len(self.profile.stages):
            if elapsed_s < self.profile.start_of(self.judged + 1) + SETTLE_S:
                return
            if self._holds(times.get(judged_name(self.profile, stage=self.judged))):
                self.judged += 1
            else:
                self.broken = self.judged

    def measured(self, elapsed_s: float, times: Mapping[str, Times]) -> Measured:
        """The figures that are judged, up to the step that broke or to the end."""
        tally = self.tally
        until_s = min(elapsed_s, self.profile.duration_s)
        stages = range(len(self.profile.stages))
        if self.broken is not None:
            stages = range(self.broken + 1)
            until_s = self.profile.start_of(self.broken + 1)
        on_time = tally.sent - tally.late
        entry = times.get(judged_name(self.profile, stage=max(0, self.judged - 1)))
        return Measured(
            scheduled=self.morning.scheduled(until_s),
            sent=sum(on_time[str(stage)] for stage in stages),
            tally=tally,
            p95_ms=_percentile(entry, 0.95),
            p99_ms=_percentile(entry, 0.99),
            slowest_ms=entry.max_response_time if entry else 0.0,
            knee_per_s=self.knee_per_s,
        )

    def _holds(self, entry: Times | None) -> bool:
        limit_ms = self.profile.limits.p95_ms
        return (
            entry is not None
            and limit_ms is not None
            and _percentile(entry, 0.95) <= limit_ms
            and entry.fail_ratio <= FAILURES_MAX
        )


def judged_name(profile: Profile, *, stage: int, kind: Kind = Kind.PLAIN) -> str:
    """Under which name the time from the intended moment is kept."""
    if kind == Kind.BATCH:
        return f"batch {INTENDED}"
    if profile.has_steps:
        return f"lookups at {profile.rate_of(stage):,.0f}/s {INTENDED}"
    return f"lookups {INTENDED}"


def _percentile(entry: Times | None, share: float) -> float:
    return entry.get_response_time_percentile(share) if entry else 0.0
