"""Whether a load test is passed: limits, and the exit code of a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from loadtests.load.tally import FaultKind, Tally

ACHIEVED_MIN = 0.98
"""Below this share of the schedule the generator measured something else."""

CPU_SHARE_MAX = 0.9
"""Above this share of a core a process of the generator waits for itself."""


class Exit(IntEnum):
    """How a run ended. Of several reasons the highest number is told."""

    PASSED = 0
    MISSED = 1
    """A threshold was missed."""

    ERRORS = 2
    """Something was not answered, or not as it should be."""

    VOID = 3
    """The generator did not keep the schedule: the figures say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Thresholds on the time from the intended moment; None where nothing is asked."""

    p95_ms: float | None = None
    p99_ms: float | None = None
    slowest_ms: float | None = None
    knee_per_s: float | None = None
    """For tests in steps: the highest rate that held p95 is at least this."""

    is_steady: bool = False
    """What the service holds is judged, too; see ``loadtests.load.steadiness``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is judged about a run."""

    scheduled: int
    """Requests that were due in what is judged."""

    sent: int
    """Requests of those that were sent, and at their time."""

    tally: Tally
    p95_ms: float
    p99_ms: float
    slowest_ms: float
    knee_per_s: float | None = None
    """None where the test has no steps."""

    @property
    def achieved(self) -> float:
        """Share of the schedule that was kept.

        What found no place, because the service let too many wait, was kept: it is
        counted as an error instead.
        """
        kept = self.sent + self.tally.crowded
        return kept / self.scheduled if self.scheduled else 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """One threshold: what was measured, what was wanted, and what missing it means."""

    name: str
    measured: str
    wanted: str
    is_met: bool
    if_missed: Exit


def check(limits: Limits, measured: Measured) -> list[Check]:
    """Hold every threshold against a run."""
    return [*_generator(measured), _errors(measured), *_limits(limits, measured)]


def verdict(checks: list[Check]) -> Exit:
    """The exit code of a run: void before errors, errors before a missed threshold."""
    return max((c.if_missed for c in checks if not c.is_met), default=Exit.PASSED)


def _generator(measured: Measured) -> Iterator[Check]:
    share = measured.achieved
    yield Check(
        "achieved ÷ scheduled",
        f"{share:.3f}",
        f"at least {ACHIEVED_MIN}",
        share >= ACHIEVED_MIN,
        Exit.VOID,
    )
    cpu_share = measured.tally.cpu_share
    yield Check(
        "generator's CPU, busiest process",
        f"{cpu_share:.0%} of a core",
        f"at most {CPU_SHARE_MAX:.0%}",
        cpu_share <= CPU_SHARE_MAX,
        Exit.VOID,
    )


def _errors(measured: Measured) -> Check:
    faults = measured.tally.faults
    if measured.knee_per_s is None:
        count = faults.total() + measured.tally.crowded
        return Check("errors", f"{count:,}", "none", count == 0, Exit.ERRORS)
    # Beyond the knee a service may refuse, or be late. It may never be wrong.
    count = faults[FaultKind.WRONG]
    return Check("wrong answers", f"{count:,}", "none", count == 0, Exit.ERRORS)


def _limits(limits: Limits, measured: Measured) -> Iterator[Check]:
    if measured.knee_per_s is not None:
        wanted = limits.knee_per_s or 0.0
        yield Check(
            "knee",
            f"{measured.knee_per_s:,.0f}/s",
            f"at least {wanted:,.0f}/s",
            measured.knee_per_s >= wanted,
            Exit.MISSED,
        )
        return
    for name, taken_ms, limit_ms in (
        ("p95", measured.p95_ms, limits.p95_ms),
        ("p99", measured.p99_ms, limits.p99_ms),
        ("slowest", measured.slowest_ms, limits.slowest_ms),
    ):
        if limit_ms is not None:
            yield Check(
                name,
                f"{taken_ms:,.0f} ms",
                f"at most {limit_ms:,.0f} ms",
                taken_ms <= limit_ms,
                Exit.MISSED,
            )
