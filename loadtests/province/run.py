"""One run: what is measured of the province, in which order and how much of it."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from rich.console import Console

from adapters.embedded import running_servers
from loadtests.bench.fleet import Fleet
from loadtests.bench.measured import Starter
from loadtests.bench.measures import Window
from loadtests.bench.measuring import Measuring, People, Timing
from loadtests.bench.questions import Asking, Person, insured_people
from loadtests.bench.rows import ACTIVE, ROWS, Desk, Row
from loadtests.bench.stores import (
    Stores,
    forget_records,
    make_key,
    open_stores,
    populate,
)
from loadtests.province.course import Scale
from loadtests.province.page import Page
from loadtests.province.population import Loaded, load
from loadtests.province.stream import Job
from loadtests.province.trials import Trial, Trying
from lookup.settings import Settings

HOME = Path(".tracuu/province")
"""Where populations are kept from run to run."""

LOAD_SHARE = 0.7
"""Of what the service can answer when it finds nobody in a cache."""

SERVER = "two-workers"
"""The service as it is installed."""

WORKERS = 2

CONNECTIONS_MAX = WORKERS * int(Settings.model_fields["database_connections"].default)
"""So many connections for lookups all workers have together."""

ASKED_ONCE_MAX = 40_000
"""People for one window that asks about nobody twice: more than any answers."""

MISS = "miss"

MEASURED = (
    *(row for row in ROWS if row.is_open),
    *(replace(row, server=SERVER) for row in ROWS if row.name == MISS),
)
"""What the size of the population costs a lookup, and what the service can answer."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    citizens: int
    health_records: int
    small_citizens: int
    """Of the population beside which the province is held."""

    asked_about: int
    """People who come while the caches fill; each several times."""

    desks: int
    """Connections over which they are asked about."""

    timing: Timing
    scale: Scale


def whole(citizens: int, health_records: int, *, seconds: int) -> Size:
    """A run whose figures count."""
    return Size(
        citizens,
        health_records,
        small_citizens=36_000,
        asked_about=100_000,
        desks=500,
        timing=Timing(rounds=9, settle_s=0.5, window_s=3.0, connections=64),
        scale=Scale(
            duration_s=seconds, stretch_s=10.0, end_s=30.0, normal_within_s=60.0
        ),
    )


QUICK = Size(
    citizens=3_000,
    health_records=2_250,
    small_citizens=3_000,
    asked_about=500,
    desks=16,
    timing=Timing(rounds=1, settle_s=0.1, window_s=0.3, connections=16),
    scale=Scale(duration_s=1.5, stretch_s=0.25, end_s=0.5, normal_within_s=0.5),
)
"""A run that shows that everything works; its figures mean nothing, and there is only
one population."""


@dataclass(frozen=True, slots=True)
class Province:
    """One run."""

    size: Size
    command: str
    console: Console

    def run(self) -> Page:
        """Start everything, load, measure, and end everything.

        Raises:
            StartError: A server does not begin.
            RunVoidError: An answer was wrong where all must be right, or the generator
                was too slow.
        """
        HOME.mkdir(parents=True, exist_ok=True)
        with running_servers(HOME) as servers:
            stores = open_stores(servers)
            loaded = load(
                stores,
                HOME,
                self.console,
                citizens=self.size.citizens,
                health_records=self.size.health_records,
            )
            small_url = populate(stores, self.size.small_citizens, self.console)
            urls = {
                "large": stores.population_url(self.size.citizens),
                "small": small_url,
            }
            with tempfile.TemporaryDirectory() as folder:
                starter = Starter.in_folder(Path(folder))
                return self._measured(Fleet(starter, stores, urls), loaded)

    def _measured(self, fleet: Fleet, loaded: Loaded) -> Page:
        self.console.print("Choosing people ...")
        count = max(self.size.asked_about, self.size.timing.rounds * ASKED_ONCE_MAX)
        large = insured_people(fleet.database_urls["large"], count)
        small = insured_people(fleet.database_urls["small"], ASKED_ONCE_MAX)
        with self._measuring(fleet, large=large, small=small) as measuring:
            rounds = measuring.rounds(MEASURED, self._tell)
        per_s = median(each[MISS].per_s for each in rounds)
        trials = self._trials(fleet, large[: self.size.asked_about], per_s)
        return Page(
            command=self.command,
            about=self._about(fleet.stores, per_s),
            loaded=loaded,
            rounds=rounds,
            trials=trials,
            connections_max=CONNECTIONS_MAX,
        )

    @contextmanager
    def _measuring(
        self, fleet: Fleet, **people: Sequence[Person]
    ) -> Iterator[Measuring]:
        """Everything that is measured; the people are those of each population."""
        urls, rounds = fleet.database_urls, self.size.timing.rounds
        large = people["large"]
        with fleet.others([row.server for row in MEASURED], b"") as running:
            yield Measuring(
                fleet=fleet,
                running=running,
                desks={name: Desk(Asking(make_key(url))) for name, url in urls.items()},
                gateway_user=("", ""),
                people=People(
                    hot=(),
                    once={"cold": iter(large)},
                    share={"cold": min(ASKED_ONCE_MAX, len(large) // rounds)},
                    everybody={
                        name: some[:ASKED_ONCE_MAX] for name, some in people.items()
                    },
                ),
                timing=self.size.timing,
                folder=fleet.starter.folder,
            )

    def _trials(
        self, fleet: Fleet, people: Sequence[Person], per_s: float
    ) -> list[Trial]:
        """First with empty caches, then, when they are full, without Redis's part."""
        url, redis_url = fleet.database_urls["large"], fleet.redis_url(SERVER)
        asking = Asking(make_key(url))
        trying = Trying(url, redis_url, fleet.starter.folder, self.size.scale)
        forget_records(redis_url)
        with fleet.others([SERVER], b"") as running:
            job = Job(
                port=running[SERVER].port,
                requests=[asking.lookup(person) for person in people],
                expected=[(ACTIVE, person.citizen_id.encode()) for person in people],
                connections=self.size.desks,
                rate_per_s=LOAD_SHARE * per_s,
                duration_s=self.size.scale.duration_s,
            )
            return [trying.cold_start(job), trying.flush(job)]

    def _tell(self, number: int, row: Row, window: Window) -> None:
        """One line for each window, so that a long run can be watched."""
        p99_ms = window.latencies_ms.get(99.0, 0.0)
        self.console.print(
            f"round {number + 1} {row.name}: "
            f"{window.per_s:,.0f}/s, p99 {p99_ms:.1f} ms",
            highlight=False,
        )

    def _about(self, stores: Stores, per_s: float) -> dict[str, str]:
        size = self.size
        return {
            "stores": ", ".join(f"{name} {v}" for name, v in stores.versions.items()),
            "service": f"{WORKERS} workers, "
            f"{CONNECTIONS_MAX} connections for lookups in all",
            "load": f"{LOAD_SHARE:.0%} of {per_s:,.0f}/s, which it answers when it "
            f"finds nobody in a cache; {size.asked_about:,} people, "
            f"{size.desks} connections",
        }
