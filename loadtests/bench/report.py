"""What a run of the bench came to: the table, the ratios, the file of results."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loadtests.bench.measures import FIGURES, Round, median_of
from loadtests.bench.rows import Row

COLUMNS = (
    "row",
    "answers/s",
    "CPU µs",
    "÷ bare",
    "PostgreSQL µs",
    "Redis µs",
    "p50 ms",
    "p99 ms",
    "generator",
)

TABLE_WIDTH = 150
"""A narrower terminal wraps its lines; a narrower table would fold every cell."""

_PACKAGES = ("aiohttp", "uvloop", "asyncpg", "redis", "msgspec")


@dataclass(frozen=True, slots=True)
class Report:
    """One run."""

    command: str
    about: Mapping[str, str]
    """What was asked and of what, by name."""

    rows: Sequence[Row]
    rounds: Sequence[Round]
    skipped: Mapping[str, str]
    """Rows that were not measured, and why."""

    limits: Mapping[str, str]

    @property
    def is_met(self) -> bool:
        """Whether every ratio that was measured is as wanted."""
        values = ((figure, figure.value(self.rounds)) for figure in FIGURES)
        return all(figure.is_met(v) for figure, v in values if v is not None)

    def cells(self) -> Iterator[tuple[str, ...]]:
        """The table, row by row: medians over the rounds."""
        bare = next((row for row in self.rows if row.name == "bare"), None)
        bare_us = median_of(self.rounds, bare.name).cpu_us() if bare else None
        for row in self.rows:
            window = median_of(self.rounds, row.name)
            own_us = window.cpu_us()
            yield (
                row.says,
                f"{window.per_s:,.0f}",
                f"{own_us:.1f}",
                f"{bare_us / own_us:.2f}" if bare_us and own_us else "",
                f"{window.cpu_us('postgres'):.1f}",
                f"{window.cpu_us('redis'):.1f}",
                f"{window.latencies_ms[50.0]:.2f}",
                f"{window.latencies_ms[99.0]:.2f}",
                f"{window.generator_cpu:.0%}",
            )

    def ratios(self) -> Iterator[str]:
        """A line for every ratio to reach."""
        for figure in FIGURES:
            value = figure.value(self.rounds)
            if value is not None:
                met = "met" if figure.is_met(value) else "MISSED"
                yield f"{figure.line(value)}: {met}"

    def remarks(self) -> Iterator[str]:
        """What the table has no column for."""
        for row in self.rows:
            window = median_of(self.rounds, row.name)
            if window.scheduled is not None:
                rate, share = window.scheduled, (window.achieved or 0)
                yield (
                    f"{row.says}: {rate / window.elapsed_s:,.0f}/s meant, "
                    f"{share / rate:.1%} of them sent in time"
                )
        for row in self.rows:
            if row.server == "two-workers":
                shares = median_of(self.rounds, row.name).shares()[:2]
                told = " and ".join(f"{share:.0%}" for share in shares)
                yield f"{row.says}: the workers carried {told} of the load"
        for name, reason in self.skipped.items():
            yield f"{name}: not measured, {reason}"
        for name, figure in self.limits.items():
            yield f"{name}: {figure}"


def show(report: Report, console: Console) -> None:
    """Print a run."""
    table = Table(*COLUMNS)
    for column in table.columns[1:]:
        column.justify = "right"
    for cells in report.cells():
        table.add_row(*cells)
    console.print(table)
    for line in (*report.remarks(), *report.ratios()):
        console.print(line, soft_wrap=True, highlight=False)


def write(report: Report, file: Path) -> None:
    """Keep a run as a page."""
    lines = [
        "# Results of the bench",
        "",
        "Printed by `make bench`; `README.md` beside it says how to read it.",
        "",
        *(
            f"- {name}: {text}"
            for name, text in facts(report.command, report.about).items()
        ),
        "",
        line_of(COLUMNS),
        line_of(["---", *("--:" for _ in COLUMNS[1:])]),
        *(line_of(cells) for cells in report.cells()),
        "",
        *(f"- {line}" for line in report.remarks()),
        "",
        "```",
        *report.ratios(),
        "```",
    ]
    file.write_text("\n".join(lines) + "\n")


def facts(command: str, about: Mapping[str, str]) -> dict[str, str]:
    """What a figure is worth nothing without, by name."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return {
        "commit": _commit(),
        "day": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
        "Python": f"{platform.python_version()}; {packages}",
        "command": f"`{command}`",
        **about,
    }


def _commit() -> str:
    """The commit that is checked out, and whether files are changed."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    asked = [git, "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def _processor() -> str:
    """The model's name. Source: proc(5), ``/proc/cpuinfo``."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def line_of(cells: Sequence[str]) -> str:
    """A row of a table, in Markdown."""
    return f"| {' | '.join(cells)} |"
