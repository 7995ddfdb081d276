"""Asks a running service for people drawn at random, and says what came of it.

The success rate is the one the service counts: read from its metrics before and
after, for nobody may compute it in another way.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import date

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from adapters.synthetic.people import Presented
from adapters.synthetic.profile import expected_outcomes
from adapters.synthetic.sampling import read_recipe, sample
from lookup.ask import CHANNEL, FAILURES, TIMEOUT_S, AskError, Desk, Tally, asking
from lookup.bar import bar_of
from lookup.codes import COUNTS_AS, RESULTS, SUCCESS_OBJECTIVE, Outcome

SURPRISES_SHOWN = 10

Counts = dict[str, float]
"""Lookups by outcome."""


def run(
    desk: Desk, admin_url: str, database_url: str, *, count: int, draw: int
) -> None:
    """Ask for ``count`` people of the population and print the breakdown.

    Raises:
        AskError: The service or its metrics could not be reached.
        SeedingError: The database holds no population that was made here.
    """
    recipe = asyncio.run(read_recipe(database_url))
    people = asyncio.run(sample(database_url, count, draw=draw))
    before = asyncio.run(_counts(admin_url))
    with bar_of("Asking", count) as moved_to:
        tally = asyncio.run(_ask_all(desk, people, on=recipe.anchor, asked=moved_to))
    after = asyncio.run(_counts(admin_url))
    console = Console()
    _show(tally, expected_outcomes(recipe.profile), console)
    counted = {name: after[name] - before.get(name, 0.0) for name in after}
    _show_rate(counted, console)


async def _ask_all(
    desk: Desk, people: Iterable[Presented], *, on: date, asked: Callable[[int], None]
) -> Tally:
    bodies = ((person.expected_code, _body(person, on)) for person in people)
    async with asking(desk) as connection:
        return await connection.ask_all(bodies, asked=asked)


def _body(person: Presented, on: date) -> dict[str, str]:
    """The plain lookup of a person, for the day on which the profile's shares hold."""
    return {
        "citizen_id": person.citizen_id,
        "full_name": person.full_name,
        "birth_date": person.birth_date,
        "on": on.isoformat(),
    }


async def _counts(admin_url: str) -> Counts:
    """What the service has counted so far for this channel, by outcome."""
    try:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
            session.get(f"{admin_url}/metrics") as response,
        ):
            page = await response.text()
    except FAILURES as error:
        raise AskError(
            f"no metrics at {admin_url or 'any address'} ({type(error).__name__}): "
            "set TRACUU_ADMIN_URL"
        ) from None
    counts: Counts = {}
    for family in text_string_to_metric_families(page):
        for line in family.samples:
            if line.name != "tracuu_lookups_total" or line.labels["channel"] != CHANNEL:
                continue
            outcome = line.labels["outcome"]
            counts[outcome] = counts.get(outcome, 0.0) + line.value
    return counts


def _show(tally: Tally, expected: dict[str, float], console: Console) -> None:
    table = Table("code", "result", title=f"{tally.asked:,} lookups")
    for name in ("answered", "share", "profile"):
        table.add_column(name, justify="right")
    for code in sorted(expected.keys() | tally.codes.keys()):
        answered = tally.codes[code]
        table.add_row(
            code,
            RESULTS[code].text_en,
            f"{answered:,}",
            f"{answered / tally.asked:.2%}",
            f"{expected.get(code, 0.0):.2%}",
        )
    console.print(table)
    for (meant, given), times in tally.surprises.most_common(SURPRISES_SHOWN):
        console.print(f"{times} lookups meant to give {meant} gave {given}")
    if tally.failed:
        console.print(f"{tally.failed} lookups had no answer")


def _show_rate(counted: Counts, console: Console) -> None:
    """Print the success rate by what the service itself has counted."""
    by_kind = {
        kind: sum(counted.get(o, 0.0) for o in Outcome if COUNTS_AS[o] == kind)
        for kind in ("success", "failure")
    }
    total = by_kind["success"] + by_kind["failure"]
    rate = by_kind["success"] / total if total else 0.0
    console.print(
        f"Success rate by /metrics: {rate:.2%} of {total:,.0f} "
        f"(objective {SUCCESS_OBJECTIVE:.0%})"
    )
