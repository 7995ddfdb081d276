"""Puts a load on the service, as a province's morning does, and judges the answers.

Starts a whole service with invented people, unless ``--host`` says where one runs.
The exit code says how it went; see ``loadtests.load.thresholds.Exit``.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from loadtests.load import summary
from loadtests.load.draw import draw_people
from loadtests.load.people import write_people
from loadtests.load.profiles import PROFILES, Profile, chosen
from loadtests.load.steadiness import check_steadiness, sampling
from loadtests.load.target import LoadError, Target, free_port, given_target, own_target
from loadtests.load.thresholds import verdict
from lookup.administration import KIND_ERRORS

RESULTS = Path("loadtests/results")

LOCUSTFILE = Path(__file__).parents[1] / "locustfile.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked for on the command line; None for the profile's own."""

    profile: str
    rate: float | None
    minutes: float | None
    processes: int
    host: str | None
    web: bool

    @property
    def chosen(self) -> Profile:
        """The profile, changed as asked."""
        return chosen(self.profile, rate_per_s=self.rate, minutes=self.minutes)


@click.command()
@click.option("--profile", type=click.Choice(list(PROFILES)), default="smoke")
@click.option("--rate", type=float, help="Requests per second; else the profile's.")
@click.option("--minutes", type=float, help="How long; else the profile's.")
@click.option("--processes", default=1, show_default=True, help="Of the generator.")
@click.option("--host", help="A running service; TRACUU_API_KEY is its key.")
@click.option("--web", is_flag=True, help="Wait for a start in the browser.")
def main(**options: Any) -> None:
    """Run one load test and end with its verdict."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        code = run(Options(**options), Console())
    except KIND_ERRORS as error:
        raise LoadError(str(error)) from None
    sys.exit(code)


def run(options: Options, console: Console) -> int:
    """Run one load test; what it wrote stands in a folder of its own.

    Returns:
        The exit code, see ``loadtests.load.thresholds.Exit``.

    Raises:
        LoadError: There was none.
    """
    name = f"{options.profile}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    folder = RESULTS / name
    folder.mkdir(parents=True)
    with _target(options, folder, console) as target:
        write_people(draw_people(target.database_url), folder / "people.json")
        code = asyncio.run(_judged(options, target, folder))
    if not options.web and not (folder / "summary.md").exists():
        raise LoadError(f"the generator did not run: see {folder}/locust.log")
    console.print(f"Summary and report: {folder}/summary.md, {folder}/report.html")
    return code


@contextmanager
def _target(options: Options, folder: Path, console: Console) -> Iterator[Target]:
    if options.host:
        yield given_target(options.host, os.environ)
        return
    with own_target(folder, options.chosen.citizens, console) as target:
        yield target


async def _judged(options: Options, target: Target, folder: Path) -> int:
    """Run the generator and judge, where wanted, what the service holds meanwhile."""
    profile = options.chosen
    if not profile.limits.is_steady:
        return await _generate(options, target, folder)
    if not target.admin_url:
        raise LoadError("with a host, set TRACUU_ADMIN_URL to where its metrics are")
    duration_s = profile.duration_s
    async with sampling(target.admin_url, duration_s=duration_s) as samples:
        code = await _generate(options, target, folder)
    checks = check_steadiness(samples)
    with (folder / "summary.md").open("a") as page:
        page.write(summary.held_page(checks))
    click.echo(f"The service: {summary.one_line(checks)}")
    return max(code, verdict(checks))


async def _generate(options: Options, target: Target, folder: Path) -> int:
    """Run the generator to its end; its exit code."""
    with (folder / "locust.log").open("wb") as log:
        generator = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "locust"),
            *_words(options, target.url, folder),
            env={**os.environ, "TRACUU_API_KEY": target.api_key},
            stdin=asyncio.subprocess.DEVNULL,
            stderr=log,
        )
        try:
            return await generator.wait()
        finally:
            if generator.returncode is None:
                generator.terminate()
                await generator.wait()


def _words(options: Options, url: str, folder: Path) -> list[str]:
    profile = options.chosen
    words = [
        *("--locustfile", str(LOCUSTFILE), "--host", url),
        *("--load-profile", profile.name),
        *("--rate", str(profile.rate_per_s), "--minutes", str(profile.minutes)),
        *("--people", str(folder / "people.json")),
        *("--summary", str(folder / "summary.md")),
        *("--html", str(folder / "report.html"), "--csv", str(folder / "locust")),
        *("--loglevel", "WARNING", "--only-summary"),
    ]
    if options.processes > 1:
        # The processes of one test find each other here, and nobody else does.
        port = str(free_port())
        words += ["--processes", str(options.processes), "--master-port", port]
        words += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    if options.web:
        port = str(free_port())
        click.echo(f"Start it at http://127.0.0.1:{port}; Ctrl-C ends everything.")
        return [*words, "--web-host", "127.0.0.1", "--web-port", port]
    return [*words, "--headless"]


if __name__ == "__main__":
    main()
