"""What was measured, and the figures that follow from it: no input, no output."""

from collections.abc import Mapping, Sequence
from math import ceil
from statistics import median

import msgspec

PERCENTS = (50.0, 90.0, 99.0, 99.9)

GENERATOR_CPU_MAX = 0.9
"""With a larger share of a processor the generator itself may be what was slow."""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of load on one server."""

    answers: int
    """Answers that came between its two readings of the processors' time."""

    elapsed_s: float
    cpu_s: dict[str, dict[int, float]]
    """Processor seconds by part (``service``, ``postgres``, ``redis``) and process."""

    generator_cpu: float
    """Share of a processor that the generator took."""

    latencies_ms: dict[float, float]
    """By percent; 100 is the slowest."""

    wrong: dict[str, int]
    """Answers, of the whole run, that were not what they had to be, by fault."""

    scheduled: int | None = None
    """Requests meant for the window; None in a closed loop, which has no plan."""

    achieved: int | None = None
    """Those of them that went out before its end."""

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.answers / self.elapsed_s

    def cpu_us(self, part: str = "service") -> float:
        """Processor microseconds of a part for each answer; 0 where it has none."""
        used = self.cpu_s.get(part, {})
        return 1e6 * sum(used.values()) / self.answers

    def shares(self) -> list[float]:
        """Shares of the service's processes in its processor time, largest first."""
        used = self.cpu_s["service"].values()
        total = sum(used)
        return sorted((each / total for each in used), reverse=True) if total else []

    @property
    def faults(self) -> list[str]:
        """Why the window counts for nothing; empty for a good one."""
        found = [f"{count} × {fault}" for fault, count in sorted(self.wrong.items())]
        if not self.answers:
            found.append("no answer")
        if self.scheduled is not None and self.generator_cpu > GENERATOR_CPU_MAX:
            found.append(f"the generator took {self.generator_cpu:.0%} of a processor")
        return found


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed.

    Args:
        ordered: All values, smallest first; at least one.
        percent: More than 0, at most 100.
    """
    return ordered[ceil(len(ordered) * percent / 100) - 1]


def percentiles(values: Sequence[float]) -> dict[float, float]:
    """Every percentile that is shown; empty without values."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {percent: percentile(ordered, percent) for percent in (*PERCENTS, 100.0)}


Round = Mapping[str, Window]
"""The windows of one round, by row."""


def cpu_us(window: Window) -> float:
    """Processor microseconds of the service for each answer."""
    return window.cpu_us()


def p99_ms(window: Window) -> float:
    """What one answer in a hundred exceeds, in milliseconds."""
    return window.latencies_ms[99.0]


def median_of(rounds: Sequence[Round], row: str) -> Window:
    """The window of a row whose processor time is the median over the rounds."""
    windows = sorted((each[row] for each in rounds), key=cpu_us)
    return windows[(len(windows) - 1) // 2]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One ratio to reach: of two rows, measured in the same round."""

    name: str
    dividend: str
    divisor: str
    target: float
    is_ceiling: bool = False
    """Whether the target is the most, not the least."""

    of_latency: bool = False
    """Whether 99th percentiles are compared, not processor times."""

    less_one: bool = False
    """Whether the part of the divisor is meant that the dividend has not."""

    def value(self, rounds: Sequence[Round]) -> float | None:
        """The median over the rounds; None if no round has both rows.

        A row of a window so short that it cost nothing counts as not there.
        """
        both = {self.dividend, self.divisor}
        pairs = [
            (self._measure(each[self.dividend]), self._measure(each[self.divisor]))
            for each in rounds
            if both <= each.keys()
        ]
        ratios = [dividend / divisor for dividend, divisor in pairs if divisor]
        if not ratios:
            return None
        return 1 - median(ratios) if self.less_one else median(ratios)

    def is_met(self, value: float) -> bool:
        """Whether a value is as good as it must be."""
        return value <= self.target if self.is_ceiling else value >= self.target

    def line(self, value: float) -> str:
        """The line that tells it."""
        bound = "at most" if self.is_ceiling else "at least"
        return f"ratio {self.name} {value:.2f} {bound} {self.target:g}"

    def _measure(self, window: Window) -> float:
        return p99_ms(window) if self.of_latency else cpu_us(window)


FIGURES = (
    # Requests per CPU second of ours, divided by theirs: theirs costs above ours.
    Figure(
        name="memory-hit/bare-aiohttp", dividend="bare", divisor="memory", target=0.75
    ),
    Figure(name="redis-hit/bare-aiohttp", dividend="bare", divisor="redis", target=0.5),
    Figure(name="miss/bare-aiohttp", dividend="bare", divisor="miss", target=0.35),
    Figure(
        name="redis-hit/peer-hot", dividend="peer-hot", divisor="redis", target=10.0
    ),
    Figure(name="miss/peer-cold", dividend="peer-cold", divisor="miss", target=10.0),
    Figure(
        name="memory-hit/peer-stripped",
        dividend="peer-stripped",
        divisor="memory",
        target=6.0,
    ),
    Figure(
        name="cpu-two-workers/one-worker",
        dividend="two-workers",
        divisor="memory",
        target=1.1,
        is_ceiling=True,
    ),
    Figure(
        name="p99-large/small-population",
        dividend="large",
        divisor="small",
        target=1.2,
        is_ceiling=True,
        of_latency=True,
    ),
    Figure(
        name="share-of-authentication-audit-metrics",
        dividend="plain",
        divisor="memory",
        target=0.25,
        is_ceiling=True,
        less_one=True,
    ),
)
"""Every ratio to reach."""
