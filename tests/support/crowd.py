"""Many people in the database, and what a desk asks about each."""

import asyncio
from datetime import timedelta
from itertools import product

import asyncpg
import orjson

from tests.support.builders import a_card, a_citizen_id, a_coverage, a_person
from tests.support.population_rows import insert_coverage

SYLLABLES = (
    *("An", "Bình", "Chi", "Dung", "Giang", "Hà", "Hiền", "Hoa", "Hương", "Khánh"),
    *("Lan", "Liên", "Mai", "Minh", "Nga", "Ngọc", "Nhung", "Oanh", "Phương", "Quỳnh"),
)

COUNT = len(SYLLABLES) ** 2
"""So many people there are at most, each with a name of her own."""


def a_crowd(count):
    """People by number, all different."""
    names = product(SYLLABLES, repeat=2)
    return [
        a_person(
            citizen_id=a_citizen_id(n).digits, full_name=f"Nguyễn Thị {' '.join(name)}"
        )
        for n, name in zip(range(count), names, strict=False)
    ]


def question_about(person):
    """The body of a lookup that fits."""
    return orjson.dumps(
        {
            "citizen_id": person.citizen_id,
            "full_name": person.full_name,
            "birth_date": "05/03/1980",
        }
    )


def answer_about(person):
    """What an answer about her shows, and one about anybody else does not."""
    told = f'"citizen_id":"{person.citizen_id}","full_name":"{person.full_name}"'
    return f'"person":{{{told}'.encode()


async def insert_crowd(database_url, people):
    """Insert them, each with a card in force."""
    connection = await asyncpg.connect(database_url)
    try:
        today = await connection.fetchval("SELECT current_date")
        long = timedelta(days=200)
        for n, person in enumerate(people):
            card = a_card(
                card_number=f"GD468{6_800_000_000 + n}",
                social_insurance_number=str(6_800_000_000 + n),
                valid_from=today - long,
                valid_to=today + long,
            )
            await insert_coverage(connection, a_coverage(person=person, cards=(card,)))
            await asyncio.sleep(0)
    finally:
        await connection.close()
