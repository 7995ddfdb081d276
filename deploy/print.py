"""Prints the papers whose content stands in code, so that nobody types it twice.

``python -m deploy.print`` writes them beside this file; ``--check`` only names those
that no longer say what the code says.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from lookup.codes import ANSWERED_OBJECTIVE, COUNTS_AS, RESULTS, SUCCESS_OBJECTIVE
from lookup.event_catalogue import EVENTS
from lookup.metrics_catalogue import CATALOGUE, MetricRow
from lookup.objectives import (
    ANSWERED_RATE_PROMQL,
    LATENCY_HIT_OBJECTIVE_S,
    LATENCY_MISS_OBJECTIVE_S,
    SUCCESS_RATE_PROMQL,
)
from lookup.result import outcome_of
from lookup.settings import settings_table
from lookup.web.problems import PROBLEMS, Problem

HOME = Path(__file__).parent


def env_sample() -> str:
    """Every setting as ``tracuu settings`` shows it."""
    rows = settings_table()
    return "\n".join(
        f"# {meaning}\n# {name}={value}\n" for name, value, meaning in rows
    )


def metrics_page() -> str:
    """Every metric with its labels, and the queries that say if promises are kept."""
    series = sum(len(row.series) for row in CATALOGUE)
    return _page(
        "Metrics",
        "lookup/metrics_catalogue.py",
        f"{len(CATALOGUE)} metrics, {series} combinations of labels, each there from "
        "the first scrape. No label holds anything that a caller sent.",
        "## Objectives",
        *_objective("Success rate", SUCCESS_OBJECTIVE, SUCCESS_RATE_PROMQL),
        *_objective("Answered rate", ANSWERED_OBJECTIVE, ANSWERED_RATE_PROMQL),
        f"Latency: 95 of 100 lookups take at most {LATENCY_HIT_OBJECTIVE_S} s from a "
        f"cache and {LATENCY_MISS_OBJECTIVE_S} s from a source.",
        "The targets are metrics too: `tracuu_slo_objective_ratio` and "
        "`tracuu_slo_objective_seconds`, label `slo`.",
        "## Catalogue",
        _table(("metric", "type", "labels", "meaning"), map(_metric, CATALOGUE)),
    )


def events_page() -> str:
    """Every event of the log with its fields and what to do about it."""
    return _page(
        "Events of the log",
        "lookup/event_catalogue.py",
        "One JSON object per line, with `event`, `level`, `at` and the fields named "
        "here; nothing else can be logged.",
        _table(
            ("event", "level", "fields", "what to do"),
            (
                (_code(name), row.level, _codes(row.fields), row.action)
                for name, row in EVENTS.items()
            ),
        ),
    )


def results_page() -> str:
    """Every result code and every problem, in both languages, with the next step."""
    return _page(
        "Mã kết quả · Result codes",
        "lookup/codes.py` and `lookup/web/problems.py",
        "Success rate = success / (success + failure); *neither* is left out. "
        f"Objective: {SUCCESS_OBJECTIVE:.0%}.",
        _table(
            ("mã · code", "kết quả · result", "việc cần làm · next step", "counts as"),
            map(_result, RESULTS),
        ),
        "## Khi không trả lời được · When there is no answer",
        "A problem document (RFC 9457) with one of these codes.",
        _table(
            ("code", "status", "lý do · reason", "việc cần làm · action", "counts as"),
            (_problem(code, problem) for code, problem in PROBLEMS.items()),
        ),
    )


PAPERS: dict[str, Callable[[], str]] = {
    "env.sample": env_sample,
    "METRICS.md": metrics_page,
    "EVENTS.md": events_page,
    "RESULTS.md": results_page,
}
"""Every printed paper by its file name."""


@click.command()
@click.option("--check", is_flag=True, help="Compare; write nothing.")
def main(*, check: bool) -> None:
    """Print every paper that code already tells."""
    if not check:
        for name, paper in PAPERS.items():
            (HOME / name).write_text(paper())
    elif stale := list(stale_papers(HOME)):
        raise click.ClickException(f"{', '.join(stale)}: not as printed, run make docs")


def stale_papers(folder: Path) -> Iterator[str]:
    """Names of the papers in a folder that are missing or say something else."""
    for name, paper in PAPERS.items():
        file = folder / name
        if not file.exists() or file.read_text() != paper():
            yield name


def _objective(name: str, target: float, promql: str) -> tuple[str, str]:
    return f"{name}, at least {target}:", f"```promql\n{promql}\n```"


def _metric(row: MetricRow) -> tuple[str, ...]:
    values = zip(*row.series, strict=True)
    labels = [
        f"{_code(label)}: {', '.join(dict.fromkeys(known)) or 'its number'}"
        for label, known in zip(row.labels, values, strict=False)
    ]
    edges = f", edges {', '.join(map(str, row.edges))}" if row.edges else ""
    return _code(row.name), row.kind + edges, "<br>".join(labels), row.meaning


def _result(code: str) -> tuple[str, ...]:
    row = RESULTS[code]
    counted = dict.fromkeys(
        f"{COUNTS_AS[outcome]} ({outcome})"
        for outcome in (row.outcome, outcome_of(code, in_force=True))
    )
    return (
        f"**{code}**",
        f"{row.text_vi}<br>*{row.text_en}*",
        f"{row.next_vi}<br>*{row.next_en}*",
        "; if a card is in force: ".join(counted),
    )


def _problem(code: str, problem: Problem) -> tuple[str, ...]:
    outcome = problem.outcome
    again = "<br>Gửi lại được. *May be sent again.*" if problem.retryable else ""
    return (
        _code(code),
        str(problem.status),
        f"{problem.title.vi}<br>*{problem.title.en}*",
        f"{problem.action.vi}<br>*{problem.action.en}*{again}",
        f"{problem.result_code}: {COUNTS_AS[outcome]}" if outcome else "not a lookup",
    )


def _page(title: str, source: str, *parts: str) -> str:
    printed = f"Printed from `{source}` by `make docs`; change it there."
    return "\n\n".join((f"# {title}", printed, *parts)) + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(text: str) -> str:
    return f"`{text}`"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))


if __name__ == "__main__":
    main()
