"""A run in one page: what was scheduled, what came of it, what was missed."""

from collections.abc import Iterator

from loadtests.load.run import Run
from loadtests.load.tally import Tally
from loadtests.load.thresholds import Check, Exit, Measured, verdict

_VERDICTS = {
    Exit.PASSED: "passed",
    Exit.MISSED: "missed: a threshold was not met",
    Exit.ERRORS: "errors: something was not answered, or not as it should be",
    Exit.VOID: "void: the generator did not keep the schedule, the figures say nothing",
}


def progress(run: Run, elapsed_s: float) -> str:
    """Where a run under way stands."""
    tally, profile = run.tally, run.profile
    return (
        f"{profile.name} {elapsed_s:,.0f} of {profile.duration_s:,.0f} s, "
        f"sent {tally.sent.total():,}, late {tally.late.total():,}, "
        f"faults {tally.faults.total() + tally.crowded:,}"
    )


def one_line(checks: list[Check]) -> str:
    """The verdict and its reasons."""
    missed = [
        f"{c.name} {c.measured}, wanted {c.wanted}" for c in checks if not c.is_met
    ]
    return "; ".join([_VERDICTS[verdict(checks)].capitalize(), *missed]) + "."


def page(run: Run, measured: Measured, checks: list[Check]) -> str:
    """The summary as Markdown."""
    lines = [
        f"# Load test {run.profile.name}: {_VERDICTS[verdict(checks)]}",
        "",
        *(f"- {line}" for line in _figures(run, measured)),
        "",
        *_table(("threshold", "measured", "wanted", ""), map(_row, checks)),
        "",
        *_table(("answer", "requests", "share"), _outcomes(run.tally)),
    ]
    return "\n".join(lines) + "\n"


def held_page(checks: list[Check]) -> str:
    """What the service held, as Markdown to stand behind the summary."""
    rows = _table(("held by the service", "measured", "wanted", ""), map(_row, checks))
    lines = ["", f"## The service: {_VERDICTS[verdict(checks)]}", "", *rows]
    return "\n".join(lines) + "\n"


def _figures(run: Run, measured: Measured) -> Iterator[str]:
    profile, tally = run.profile, run.tally
    rate, minutes = f"{profile.rate_per_s:g} requests/s", f"{profile.minutes:g} minutes"
    yield f"schedule: {rate} for {minutes}; {profile.about}"
    yield f"due: {measured.scheduled:,}; sent at their time: {measured.sent:,}"
    times = {
        "p95": measured.p95_ms,
        "p99": measured.p99_ms,
        "slowest": measured.slowest_ms,
    }
    told = ", ".join(f"{name} {taken_ms:,.0f} ms" for name, taken_ms in times.items())
    yield f"from the intended time: {told}"
    if measured.knee_per_s is not None:
        yield f"knee: {measured.knee_per_s:,.0f} requests/s; the times are those there"
    yield f"429 waited out: {tally.limited:,}; no place left: {tally.crowded:,}"
    share = f"{tally.cpu_share:.0%} of a core"
    yield f"generator: processes: {len(run.tallies)}, the busiest at {share}"


def _row(check: Check) -> tuple[str, ...]:
    word = "met" if check.is_met else check.if_missed.name.lower()
    return check.name, check.measured, check.wanted, word


def _outcomes(tally: Tally) -> Iterator[tuple[str, ...]]:
    """Result codes of single lookups, statuses of what has none, then faults."""
    total = tally.codes.total()
    for code, count in sorted(tally.codes.items()):
        yield code, f"{count:,}", f"{count / total:.2%}"
    for kind, count in sorted(tally.faults.items()):
        yield kind, f"{count:,}", ""


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for cells in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cells)} |"
