"""What a run came to: its figures and their targets, and the page that keeps them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.measures import FIGURES, Round
from loadtests.bench.report import facts, line_of
from loadtests.province.course import NORMAL_FACTOR, Stretch
from loadtests.province.population import Loaded
from loadtests.province.trials import Trial

LOADING_MAX = 3.0
"""Times a plain COPY, which has the rows ready and notes no progress."""

SUCCESS_MIN = 0.95

_STRETCHES = ("seconds", "asked", "success", "asked PostgreSQL", "p99 ms")

_TABLES = ("table", "rows, MB", "indexes, MB")

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Ratio:
    """One figure to reach."""

    name: str
    value: float
    target: float
    is_ceiling: bool = False
    """Whether the target is the most, not the least."""

    @property
    def is_met(self) -> bool:
        """Whether it is as good as it must be."""
        if self.is_ceiling:
            return self.value <= self.target
        return self.value >= self.target

    @property
    def line(self) -> str:
        """The line that tells it."""
        bound = "at most" if self.is_ceiling else "at least"
        verdict = "met" if self.is_met else "MISSED"
        value = f"{self.value:.3f}".rstrip("0").rstrip(".")
        return f"ratio {self.name} {value} {bound} {self.target:g}: {verdict}"


@dataclass(frozen=True, slots=True)
class Page:
    """One run."""

    command: str
    about: Mapping[str, str]
    """What was asked and of what, by name."""

    loaded: Loaded
    rounds: Sequence[Round]
    trials: Sequence[Trial]
    connections_max: int
    """So many may be open for lookups: those of all workers."""

    @property
    def is_met(self) -> bool:
        """Whether every figure is as wanted."""
        return all(ratio.is_met for ratio in self.ratios())

    def ratios(self) -> Iterator[Ratio]:
        """Every figure to reach."""
        yield Ratio(
            "load/plain-copy",
            self.loaded.loading_by_copying,
            LOADING_MAX,
            is_ceiling=True,
        )
        for figure in FIGURES:
            value = figure.value(self.rounds)
            if value is not None:
                yield Ratio(figure.name, value, figure.target, figure.is_ceiling)
        for trial in self.trials:
            yield from self._of(trial)

    def lines(self) -> Iterator[str]:
        """The page."""
        yield from ("# The whole province", "")
        yield "Printed by `make province`; `README.md` beside it says how to read it."
        yield ""
        for name, text in facts(self.command, self.about).items():
            yield f"- {name}: {text}"
        yield from ("", "```")
        yield from (ratio.line for ratio in self.ratios())
        yield from ("```", "", "## Size and loading", "")
        yield from _sizes(self.loaded)
        for trial in self.trials:
            yield from ("", f"## {trial.says}", "")
            yield from _course(trial)

    def _of(self, trial: Trial) -> Iterator[Ratio]:
        name, course = trial.name, trial.course
        within_s = course.scale.normal_within_s
        yield Ratio(f"{name}-success", course.success, SUCCESS_MIN)
        yield Ratio(
            f"{name}-normal-p99-after-s",
            course.normal_after_s,
            within_s,
            is_ceiling=True,
        )
        yield Ratio(
            f"{name}-lookup-connections",
            trial.opened_max,
            self.connections_max,
            is_ceiling=True,
        )


def write(page: Page, file: Path) -> None:
    """Keep it."""
    file.write_text("\n".join(page.lines()) + "\n")


def _sizes(loaded: Loaded) -> Iterator[str]:
    yield (
        f"{loaded.citizens:,} citizens with {loaded.health_records:,} health records "
        f"take {loaded.database_bytes / _MB:,.0f} MB, "
        f"{loaded.bytes_per_citizen:,.0f} bytes for each citizen."
    )
    yield (
        f"They were loaded in {loaded.loading_s:,.0f} s; a plain COPY of the same rows "
        f"took {loaded.copying_s:,.0f} s."
    )
    yield ""
    yield from _table(
        _TABLES,
        (
            (
                table.name,
                f"{table.rows_bytes / _MB:,.1f}",
                f"{table.indexes_bytes / _MB:,.1f}",
            )
            for table in loaded.tables
        ),
    )


def _course(trial: Trial) -> Iterator[str]:
    course = trial.course
    if course.event_s:
        yield f"- after {course.event_s:.1f} s"
    yield f"- load: {trial.rate_per_s:,.0f}/s, {len(course.asked):,} in all"
    yield f"- the generator took {trial.generator_cpu:.0%} of a processor"
    yield f"- success in the worst second: {course.worst_second:.1%}"
    yield (
        f"- normal p99, of the last {course.scale.end_s:g} s: "
        f"{course.normal_p99_ms:,.1f} ms; up to {NORMAL_FACTOR:g} times that is normal"
    )
    yield (
        f"- connections for lookups at PostgreSQL: at most {trial.opened_max} open, "
        f"{trial.busy_max} of them seen busy at once"
    )
    for fault, count in sorted(trial.faults.items()):
        yield f"- {count:,} × {fault}"
    yield ""
    yield from _table(_STRETCHES, map(_cells, course.stretches()))


def _cells(stretch: Stretch) -> tuple[str, ...]:
    return (
        f"{stretch.begins_s:g} to {stretch.ends_s:g}",
        f"{stretch.asked:,}",
        f"{stretch.success:.2%}",
        f"{stretch.misses:.1%}",
        f"{stretch.p99_ms:,.1f}",
    )


def _table(columns: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield line_of(columns)
    yield line_of(["---", *("--:" for _ in columns[1:])])
    yield from map(line_of, rows)
