"""``make province``: loads a whole province on this machine and shows that it holds.

Measures its size, its loading, what the size costs a lookup, and what happens when the
caches are empty. Ends with 0 when every figure is as wanted, else with 1.
"""

import signal
import sys
from pathlib import Path

import click
from rich.console import Console

from loadtests.bench.measured import StartError
from loadtests.bench.measuring import RunVoidError
from loadtests.load.target import HEALTH_RECORDS_SHARE
from loadtests.province.page import write
from loadtests.province.run import QUICK, Province, whole
from lookup.administration import KIND_ERRORS

RESULTS = Path(__file__).parents[1] / "PROVINCE.md"

CITIZENS = 3_600_000
HEALTH_RECORDS = int(HEALTH_RECORDS_SHARE * CITIZENS)

SECONDS_MIN = 120
"""A minute in which to become normal again, twice: from the start, from the middle."""


@click.command()
@click.option("--citizens", default=CITIZENS, show_default=True)
@click.option("--health-records", default=HEALTH_RECORDS, show_default=True)
@click.option(
    "--seconds",
    type=click.IntRange(SECONDS_MIN),
    default=SECONDS_MIN,
    show_default=True,
    help="How long a service is watched that has lost its caches.",
)
@click.option("--quick", is_flag=True, help="See that everything works.")
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write; whole runs write PROVINCE.md unless told otherwise.",
)
def main(
    *,
    citizens: int,
    health_records: int,
    seconds: int,
    quick: bool,
    results: Path | None,
) -> None:
    """Load, measure and judge."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    size = QUICK if quick else whole(citizens, health_records, seconds=seconds)
    command = f"--citizens {citizens} --health-records {health_records}"
    command = "--quick" if quick else f"{command} --seconds {seconds}"
    province = Province(size, f"python -m loadtests.province {command}", Console())
    try:
        page = province.run()
    except (*KIND_ERRORS, StartError, RunVoidError) as error:
        raise click.ClickException(str(error)) from None
    for line in page.lines():
        click.echo(line)
    if results is None and not quick:
        results = RESULTS
    if results:
        write(page, results)
    sys.exit(0 if page.is_met else 1)


if __name__ == "__main__":
    main()
