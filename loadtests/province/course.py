"""How answers went while something happened, second by second: no input, no output."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

import msgspec

from loadtests.bench.measures import percentile

SUCCESS_S = 1.0
"""Answered so long after it was meant to be sent, a question still counts as a success.
It is the deadline of a lookup."""

NORMAL_FACTOR = 2.0
"""A 99th percentile up to so many times the one of the end is normal."""


class Asked(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """One question."""

    due_s: float
    """When it was meant to be sent, from the beginning."""

    latency_s: float
    """From then to the end of its answer; inf where the answer was not right."""

    is_miss: bool
    """Whether PostgreSQL was asked for it."""

    @property
    def is_success(self) -> bool:
        """Whether the right answer came in time."""
        return self.latency_s <= SUCCESS_S


@dataclass(frozen=True, slots=True)
class Stretch:
    """What came of the questions of some seconds."""

    begins_s: float
    ends_s: float
    asked: int
    success: float
    """Share of them."""

    misses: float
    """Share of them."""

    p99_ms: float
    """inf where more than one in a hundred was not answered rightly."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How long a course is, and in what pieces it is looked at."""

    duration_s: float
    stretch_s: float
    """For the 99th percentile."""

    end_s: float
    """So much of the end shows what is normal."""

    normal_within_s: float
    """Longest time until it is normal again."""


@dataclass(frozen=True, slots=True)
class Course:
    """All questions, in the order in which they were meant to be sent; at least one."""

    asked: Sequence[Asked]
    scale: Scale
    event_s: float = 0.0
    """When something happened."""

    @property
    def success(self) -> float:
        """Share of the questions since then that were answered rightly in time."""
        since = [each for each in self.asked if each.due_s >= self.event_s]
        return _share(since, lambda each: each.is_success)

    @property
    def worst_second(self) -> float:
        """The same share of the worst second of all."""
        seconds: defaultdict[int, list[Asked]] = defaultdict(list)
        for each in self.asked:
            seconds[int(each.due_s)].append(each)
        return min(
            _share(second, lambda each: each.is_success) for second in seconds.values()
        )

    @property
    def normal_p99_ms(self) -> float:
        """The 99th percentile of the end."""
        ends_s = self.scale.duration_s
        return self._stretch(ends_s - self.scale.end_s, ends_s).p99_ms

    @property
    def normal_after_s(self) -> float:
        """How long after the event the 99th percentile was back to normal, for good.

        Counted in whole stretches; 0 if it never left. inf if the end is not normal.
        """
        most_ms = NORMAL_FACTOR * self.normal_p99_ms
        if most_ms == inf:
            return inf
        until_s = self.scale.duration_s - self.scale.end_s
        unusual = [
            each.ends_s
            for each in self.stretches()
            if self.event_s < each.ends_s <= until_s and each.p99_ms > most_ms
        ]
        return unusual[-1] - self.event_s if unusual else 0.0

    def stretches(self) -> Iterator[Stretch]:
        """The whole course in pieces."""
        count = round(self.scale.duration_s / self.scale.stretch_s)
        for number in range(count):
            begins_s = number * self.scale.stretch_s
            yield self._stretch(begins_s, begins_s + self.scale.stretch_s)

    def _stretch(self, begins_s: float, ends_s: float) -> Stretch:
        asked = [each for each in self.asked if begins_s <= each.due_s < ends_s]
        latencies_s = sorted(each.latency_s for each in asked)
        return Stretch(
            begins_s=begins_s,
            ends_s=ends_s,
            asked=len(asked),
            success=_share(asked, lambda each: each.is_success),
            misses=_share(asked, lambda each: each.is_miss),
            p99_ms=1_000 * percentile(latencies_s, 99.0) if asked else inf,
        )


def _share(asked: Sequence[Asked], holds: Callable[[Asked], bool]) -> float:
    """0 of nothing: where nobody was asked, nothing was shown."""
    return sum(map(holds, asked)) / len(asked) if asked else 0.0
