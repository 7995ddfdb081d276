"""``make bench``: measures the service beside what it is compared to, in one run.

Everything happens on this machine: PostgreSQL, Redis, every server, the generator.
Ends with 0 when every ratio that was measured is as wanted, else with 1.
"""

import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import click
from rich.console import Console

from adapters.embedded import running_servers
from loadtests.bench.fleet import Fleet
from loadtests.bench.limits import measure_limits
from loadtests.bench.measured import Measured, Starter, StartError
from loadtests.bench.measures import Window
from loadtests.bench.measuring import Measuring, People, RunVoidError, Timing
from loadtests.bench.questions import (
    LOOKUPS,
    Asking,
    Person,
    insured_people,
    unknown_people,
)
from loadtests.bench.report import TABLE_WIDTH, Report, show, write
from loadtests.bench.rows import ROWS, Desk, Row
from loadtests.bench.stores import (
    Stores,
    make_gateway_user,
    make_key,
    open_stores,
    populate,
)
from lookup.administration import KIND_ERRORS

HOME = Path(".tracuu/bench")
"""Where populations are kept from run to run."""

RESULTS = Path(__file__).parents[1] / "RESULTS.md"

CITIZENS = 1_000_000

ASKED_ONCE_MAX = 40_000
"""People for one window of a row that asks about nobody twice: more than any answers
in that time."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    citizens: int
    small_citizens: int
    """Of the population beside which the large one is held."""

    hot: int
    timing: Timing


def whole(citizens: int) -> Size:
    """A run whose figures count."""
    timing = Timing(rounds=5, settle_s=0.5, window_s=3.0, connections=64)
    return Size(citizens, small_citizens=36_000, hot=2_000, timing=timing)


QUICK = Size(
    citizens=2_000,
    small_citizens=1_000,
    hot=200,
    timing=Timing(rounds=1, settle_s=0.1, window_s=0.4, connections=16),
)
"""A run that shows that everything works; its figures mean nothing."""


@click.command()
@click.option("--citizens", default=CITIZENS, show_default=True)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([row.name for row in ROWS]),
    help="Measure this row; may be given several times.",
)
@click.option("--quick", is_flag=True, help="See that everything works.")
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write; whole runs write RESULTS.md unless told otherwise.",
)
def main(
    *,
    citizens: int,
    only: tuple[str, ...],
    quick: bool,
    results: Path | None,
) -> None:
    """Measure and judge."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    console = Console(width=max(TABLE_WIDTH, Console().width))
    bench = Bench(
        size=QUICK if quick else whole(citizens),
        wanted=[row for row in ROWS if not only or row.name in only],
        command=_command(citizens, only, is_quick=quick),
        console=console,
    )
    try:
        report = bench.run()
    except (*KIND_ERRORS, StartError, RunVoidError) as error:
        raise click.ClickException(str(error)) from None
    show(report, console)
    if results is None and not only and not quick:
        results = RESULTS
    if results:
        write(report, results)
    sys.exit(0 if report.is_met else 1)


@dataclass(frozen=True, slots=True)
class Bench:
    """One run."""

    size: Size
    wanted: Sequence[Row]
    command: str
    console: Console

    def run(self) -> Report:
        """Start everything, measure, and end everything.

        Raises:
            StartError: A server does not begin.
            RunVoidError: An answer was wrong, or the generator too slow.
        """
        HOME.mkdir(parents=True, exist_ok=True)
        with (
            running_servers(HOME) as servers,
            tempfile.TemporaryDirectory() as folder,
        ):
            stores = open_stores(servers)
            starter = Starter.in_folder(Path(folder))
            urls = self._populations(stores)
            return self._measured(Fleet(starter, stores, urls))

    def _populations(self, stores: Stores) -> dict[str, str]:
        sizes = {"large": self.size.citizens}
        if any(row.server == "small" for row in self.wanted):
            sizes["small"] = self.size.small_citizens
        return {
            name: populate(stores, citizens, self.console)
            for name, citizens in sizes.items()
        }

    def _measured(self, fleet: Fleet) -> Report:
        reasons = {row.name: fleet.missing(row.server) for row in self.wanted}
        rows = [row for row in self.wanted if reasons[row.name] is None]
        window_s = self.size.timing.window_s
        with self._measuring(fleet, rows) as measuring:
            limits = measure_limits(
                fleet.stores,
                rows=self.size.citizens,
                duration_s=max(1, round(window_s)),
            )
            rounds = measuring.rounds(rows, self._tell)
        return Report(
            command=self.command,
            about=self._about(fleet.stores),
            rows=rows,
            rounds=rounds,
            skipped={
                row.says: why for row in self.wanted if (why := reasons[row.name])
            },
            limits=limits,
        )

    @contextmanager
    def _measuring(self, fleet: Fleet, rows: Sequence[Row]) -> Iterator[Measuring]:
        urls = fleet.database_urls
        desks = {name: Desk(Asking(make_key(url))) for name, url in urls.items()}
        people = self._people(urls, rows)
        user = make_gateway_user(urls["large"])
        with fleet.service() as service:
            answer = _an_answer(service, desks["large"], person=people.hot[0])
            with fleet.others([row.server for row in rows], answer) as others:
                yield Measuring(
                    fleet=fleet,
                    running={"service": service, **others},
                    desks=desks,
                    gateway_user=user,
                    people=people,
                    timing=self.size.timing,
                    folder=fleet.starter.folder,
                )

    def _people(self, urls: Mapping[str, str], rows: Sequence[Row]) -> People:
        """Hot people, and for each window of the other rows as many as there are."""
        windows = {
            kind: self.size.timing.rounds * sum(row.people == kind for row in rows)
            for kind in ("cold", "unknown")
        }
        hot_max = 2 * self.size.hot  # not everybody has a health record
        insured = insured_people(
            urls["large"],
            max(hot_max + ASKED_ONCE_MAX * windows["cold"], ASKED_ONCE_MAX),
        )
        hot = [each for each in insured if each.has_health][: self.size.hot]
        once = {
            "cold": insured[insured.index(hot[-1]) + 1 :],
            "unknown": unknown_people(
                urls["large"], ASKED_ONCE_MAX * windows["unknown"]
            ),
        }
        small = insured_people(urls["small"], ASKED_ONCE_MAX) if "small" in urls else ()
        return People(
            hot=hot,
            once={kind: iter(people) for kind, people in once.items()},
            share={
                kind: min(ASKED_ONCE_MAX, len(people) // max(1, windows[kind]))
                for kind, people in once.items()
            },
            everybody={"large": insured[:ASKED_ONCE_MAX], "small": small},
        )

    def _tell(self, number: int, row: Row, window: Window) -> None:
        """One line for each window, so that a long run can be watched."""
        cpu_us = f"{window.cpu_us():.1f} µs" if window.answers else "no answer"
        self.console.print(
            f"round {number + 1} {row.name}: {window.per_s:,.0f}/s, {cpu_us}, "
            f"generator {window.generator_cpu:.0%}",
            highlight=False,
        )

    def _about(self, stores: Stores) -> dict[str, str]:
        size, timing = self.size, self.size.timing
        return {
            "stores": ", ".join(f"{name} {v}" for name, v in stores.versions.items()),
            "population": f"{size.citizens:,} citizens and {size.small_citizens:,}; "
            f"{size.hot:,} of them hot",
            "load": f"{timing.connections} connections; {timing.rounds} rounds, "
            f"windows of {timing.window_s:g} s",
        }


def _an_answer(service: Measured, desk: Desk, *, person: Person) -> bytes:
    """What our service answers a memory hit with."""
    _, _, body = desk.asking.lookup(person).partition(b"\r\n\r\n")
    headers = {
        "Authorization": f"Bearer {desk.asking.api_key}",
        "Content-Type": "application/json",
        "X-Tracuu-Channel": "loadtest",
    }
    answer = b""
    connection = HTTPConnection("127.0.0.1", service.port)
    for _ in range(2):
        connection.request("POST", LOOKUPS, body, headers)
        answer = connection.getresponse().read()
    connection.close()
    return answer


def _command(citizens: int, only: Sequence[str], *, is_quick: bool) -> str:
    """The command line, without what names places on this machine."""
    words = ["python -m loadtests.bench"]
    words += ["--quick"] if is_quick else [f"--citizens {citizens}"]
    return " ".join([*words, *(f"--only {name}" for name in only)])


if __name__ == "__main__":
    main()
