"""``tracuu demo``: everything on this machine, with people nobody has ever met."""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date

import aiohttp
import orjson
from rich.console import Console
from rich.table import Table

from adapters.embedded import running_servers
from adapters.migrate import migrate
from adapters.synthetic.errors import SyntheticError
from lookup import app
from lookup.administration import SeedOptions, seed
from lookup.clock import SystemClock
from lookup.codes import RESULTS
from lookup.demo_facts import (
    FACTS_FILE,
    HOME,
    DemoError,
    Facts,
    cache_key,
    make_facts,
    write_facts,
)
from lookup.desk import COLOURS
from lookup.listeners import open_listeners
from lookup.settings import Settings, variable_of

CITIZENS = 20_000
HEALTH_RECORDS = 15_000
SEED = 7

SAMPLES_HOLD_DAYS = 20
"""For so long after the seeding no card of a sample person begins or ends."""

READY_POLL_S = 0.1

_SHOWN_CODE = "000"

_DEFAULTS = {
    # Nobody is sent here by a proxy that would have to be told first.
    variable_of("drain_s"): "0",
    # What is printed here must not drown in the log.
    variable_of("log_level"): "warning",
}
"""Settings that are others in a demo, unless they are set."""


def run(environ: Mapping[str, str], console: Console) -> None:
    """Start everything, say where it is, and serve until Ctrl-C.

    Raises:
        SettingsError: A setting is malformed.
        EmbeddedServerError: PostgreSQL or Redis does not start.
        PortTakenError: Another process listens on a port of the service.
        MigrationError: The database could not be brought to this version's shape.
        DemoError: The database holds another population.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not asyncio's way of Ctrl-C, to cancel a task: libraries lose that sometimes.
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    HOME.mkdir(mode=0o700, exist_ok=True)
    with _neighbours(environ, console) as urls:
        settings = Settings.read({**cache_key(), **_DEFAULTS, **urls, **environ})
        _refuse_taken_ports(settings)
        database_url = settings.database_url.get_secret_value()
        migrate(database_url)
        _populate(database_url, console)
        facts = make_facts(settings, database_url)
        write_facts(facts)
        asyncio.run(_serve(settings, environ, lambda: _say(facts, console)))
    console.print("Stopped.")


def _populate(database_url: str, console: Console) -> None:
    """Have the people of the demo in the database."""
    options = SeedOptions(CITIZENS, HEALTH_RECORDS, SEED)
    try:
        report = seed(database_url, options, console)
    except SyntheticError as error:
        hint = f"If these are the demo's own data, remove {HOME} and start again."
        raise DemoError(f"{error}\n{hint}") from None
    if are_outdated(report.recipe.anchor, today=SystemClock().today()):
        console.print(
            f"[yellow]These people are {SAMPLES_HOLD_DAYS} days old or older: cards "
            "have begun and ended since, and some samples may give other codes. "
            f"Remove {HOME} to have them made anew.[/]"
        )


def are_outdated(made_on: date, *, today: date) -> bool:
    """Whether sample people made on that day may give other codes by now."""
    return (today - made_on).days >= SAMPLES_HOLD_DAYS


def _refuse_taken_ports(settings: Settings) -> None:
    """Say so at once, not after a minute of seeding."""
    places = {"http": settings.http_host, "admin": settings.admin_host}
    for name, host in places.items():
        port = getattr(settings, f"{name}_port")
        variable = variable_of(f"{name}_port")
        with open_listeners(host, port, count=1, variable=variable):
            pass


@contextmanager
def _neighbours(
    environ: Mapping[str, str], console: Console
) -> Iterator[dict[str, str]]:
    """PostgreSQL and Redis of our own, unless the user has named both."""
    database, redis = variable_of("database_url"), variable_of("redis_url")
    if database in environ and redis in environ:
        yield {}
        return
    console.print("Starting PostgreSQL and Redis ...")
    with running_servers(HOME) as servers:
        yield {database: servers.database_url, redis: servers.redis_url}
    console.print(f"The data stay in {HOME}; remove it to begin anew.")


async def _serve(
    settings: Settings, environ: Mapping[str, str], on_ready: Callable[[], None]
) -> None:
    waiting = asyncio.create_task(_when_ready(settings, on_ready))
    try:
        await app.serve(settings, environ)
    finally:
        waiting.cancel()


async def _when_ready(settings: Settings, on_ready: Callable[[], None]) -> None:
    """Wait until every worker answers."""
    url = f"http://{settings.admin_host}:{settings.admin_port}/health/detail"
    serving = 0
    async with aiohttp.ClientSession() as session:
        while serving < settings.workers:
            await asyncio.sleep(READY_POLL_S)
            with suppress(aiohttp.ClientError):
                async with session.get(url) as response:
                    serving = orjson.loads(await response.read())["workers"]["serving"]
    on_ready()


def _say(facts: Facts, console: Console) -> None:
    table = Table("code", "citizen_id", "full_name", "birth_date", "result")
    for code, person in facts.samples.items():
        table.add_row(
            f"[{COLOURS[RESULTS[code].verdict]}]{code}[/]",
            person["citizen_id"],
            person["full_name"],
            person["birth_date"],
            RESULTS[code].text_en,
        )
    console.print(table)
    console.print(f"Reception page   {facts.url}/")
    console.print(f"API handbook     {facts.url}/docs")
    console.print(f"Metrics, health  {facts.admin_url}/metrics  /health/detail")
    console.print(f"API key          {facts.api_key}")
    account, officer = _gateway_lines(facts.gateway)
    console.print(f"Gateway user     {account}")
    console.print(f"Its officer      {officer}")
    console.print("\nAsk (all people here are invented):\n")
    console.print(_curl(facts), soft_wrap=True, markup=False, highlight=False)
    console.print(f"\nThe same facts: {FACTS_FILE}. Ctrl-C ends everything.")


def _gateway_lines(gateway: dict[str, str]) -> tuple[str, str]:
    return (
        f"{gateway['username']}, password {gateway['password']}",
        f"{gateway['officer_citizen_id']}, {gateway['officer_name']}",
    )


def _curl(facts: Facts) -> str:
    person = facts.samples[_SHOWN_CODE]
    body = {name: person[name] for name in ("citizen_id", "full_name", "birth_date")}
    return (
        f"curl -s {facts.url}/v1/lookups "
        f"-H 'Authorization: Bearer {facts.api_key}' "
        f"-H 'Content-Type: application/json' "
        f"-d '{orjson.dumps(body).decode()}'"
    )
