"""Draws the people of a load test from the population of a database.

``python -m loadtests.load.draw people.json`` takes the database from
``TRACUU_DATABASE_URL``; only what its population was made from is read from it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from adapters.synthetic.errors import SyntheticError
from adapters.synthetic.people import SyntheticCitizen, SyntheticPopulation
from adapters.synthetic.rows import COLUMNS, Row
from adapters.synthetic.sampling import read_recipe
from loadtests.load.morning import Draws
from loadtests.load.people import People, Person, write_people

PEOPLE_MAX = 100_000
"""Twice the visits of the profile ``morning``; they are made again in some seconds."""

SEED = 7


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--database-url", envvar="TRACUU_DATABASE_URL", required=True)
def main(file: Path, database_url: str) -> None:
    """Draw people and write them into FILE."""
    try:
        write_people(draw_people(database_url), file)
    except SyntheticError as error:
        raise click.ClickException(str(error)) from None


def draw_people(database_url: str) -> People:
    """Up to 100,000 different people of the population; always the same ones.

    Raises:
        SeedingError: The database holds no population that was made here.
    """
    recipe = asyncio.run(read_recipe(database_url))
    population = SyntheticPopulation(recipe)
    count = min(PEOPLE_MAX, recipe.citizens)
    drawn = Draws(SEED).sample(range(recipe.citizens), count)
    everybody = (_person(population.citizen(n)) for n in drawn)
    return People(recipe.anchor.isoformat(), tuple(everybody))


def _person(citizen: SyntheticCitizen) -> Person:
    shown = citizen.presented
    return Person(
        citizen_id=shown.citizen_id,
        full_name=shown.full_name,
        birth_date=shown.birth_date,
        code=shown.expected_code,
        answered_id=_living_number(citizen.rows),
        has_health="health_summaries" in citizen.rows,
    )


def _living_number(rows: Mapping[str, Sequence[Row]]) -> str:
    """The number of a person that nothing has superseded; their first row has it."""
    return str(rows["citizens"][0][COLUMNS["citizens"].index("citizen_id")])


if __name__ == "__main__":
    main()
