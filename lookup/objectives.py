"""What is promised, and the one query for each promise that says whether it is kept."""

from lookup.codes import COUNTS_AS, Outcome

LATENCY_HIT_OBJECTIVE_S = 0.01
"""95 of 100 lookups answered from a cache take no longer."""

LATENCY_MISS_OBJECTIVE_S = 0.05
"""95 of 100 lookups that had to ask a source take no longer."""


def _increase(outcomes: str) -> str:
    series = f'tracuu_lookups_total{{outcome=~"{outcomes}",channel!="loadtest"}}'
    return f"sum(increase({series}[30d]))"


def _counted(*counted: str) -> str:
    return "|".join(o.value for o in Outcome if COUNTS_AS[o] in counted)


_ALL = _increase(_counted("success", "failure"))

SUCCESS_RATE_PROMQL = f"{_increase(_counted('success'))} / {_ALL}"
"""Success rate over 30 days, by volume; refused lookups and load tests not counted."""

ANSWERED_RATE_PROMQL = f"1 - {_increase(Outcome.UNAVAILABLE)} / {_ALL}"
"""Share of the same lookups that did not fail for want of an answer."""
