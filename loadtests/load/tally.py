"""What one generator process did, in figures that add up over processes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class FaultKind(StrEnum):
    """How an answer can fail."""

    WRONG = "wrong"
    """It says something else than it should."""

    REFUSED = "refused"
    """The service has no time or place for it: 429, 503 or 504."""

    UNANSWERED = "unanswered"
    """No connection, or nothing in time."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """Lookups sent and what came back, since the start of the schedule."""

    sent: Counter[str] = field(default_factory=Counter)
    """Lookups by the number of their stage."""

    late: Counter[str] = field(default_factory=Counter)
    """Those of them sent after their time because this process was too slow."""

    crowded: int = 0
    """Never sent: every place was taken by lookups that still waited for an answer."""

    limited: int = 0
    """Answers 429, waited out as told and asked again."""

    cpu_share: float = 0.0
    """Of one core, in the busiest stretch."""

    is_finished: bool = False
    codes: Counter[str] = field(default_factory=Counter)
    """Result codes of single lookups; what has none counts by its status."""

    faults: Counter[str] = field(default_factory=Counter)
    """Answers that are not as they should be, by ``FaultKind``."""

    def packed(self) -> dict[str, Any]:
        """The same as plain values, to be sent to another process."""
        names = self.__slots__
        packed = {name: getattr(self, name) for name in names}
        return packed | {name: dict(packed[name]) for name in _COUNTERS}

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> Self:
        """What another process has packed."""
        counters = {name: Counter(packed[name]) for name in _COUNTERS}
        return cls(**(packed | counters))


_COUNTERS = ("sent", "late", "codes", "faults")


def together(tallies: Iterable[Tally]) -> Tally:
    """All of them as one; the busiest process speaks for the CPU."""
    whole = Tally(is_finished=True)
    for tally in tallies:
        whole.sent += tally.sent
        whole.late += tally.late
        whole.crowded += tally.crowded
        whole.limited += tally.limited
        whole.cpu_share = max(whole.cpu_share, tally.cpu_share)
        whole.is_finished &= tally.is_finished
        whole.codes += tally.codes
        whole.faults += tally.faults
    return whole
