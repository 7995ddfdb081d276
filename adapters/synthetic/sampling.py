"""People of the population in a database, made again as they stand at the desk."""

import random

import asyncpg

from adapters.synthetic import journal
from adapters.synthetic.errors import SeedingError
from adapters.synthetic.loaders import translated
from adapters.synthetic.people import Presented, SyntheticPopulation
from adapters.synthetic.recipe import Recipe


async def read_recipe(database_url: str) -> Recipe:
    """What the population of a database was made from.

    Raises:
        SeedingError: It holds none, or not all of one, or cannot be reached.
    """
    with translated():
        connection = await asyncpg.connect(database_url)
        try:
            seeding = await journal.read(connection)
        finally:
            await connection.close()
    if seeding is None or not seeding.is_finished:
        raise SeedingError("the database holds no complete population: seed it first")
    return seeding.recipe


async def sample(database_url: str, count: int, *, draw: int) -> list[Presented]:
    """People drawn at random, with repetition; the same draw gives the same people.

    Raises:
        SeedingError: As for ``read_recipe``.
    """
    population = SyntheticPopulation(await read_recipe(database_url))
    members = range(population.recipe.citizens)
    chosen = random.Random(draw).choices(members, k=count)  # noqa: S311 - no secret
    return [population.citizen(n).presented for n in chosen]


async def one_per_code(database_url: str) -> dict[str, Presented]:
    """One person for each result code that the population can give.

    Raises:
        SeedingError: As for ``read_recipe``.
    """
    population = SyntheticPopulation(await read_recipe(database_url))
    members = range(
        min(len(population.kinds.first_by_code), population.recipe.citizens)
    )
    people = [population.citizen(n).presented for n in members]
    return {person.expected_code: person for person in people}
