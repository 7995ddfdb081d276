"""A canary: one person whose number, name and card may be found nowhere.

She is looked up a thousand times, in every way, and a hundred errors are provoked with
her data in hand; then everything the service leaves behind is searched.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

import asyncpg
import orjson
import pytest
import redis.asyncio

from tests.support.bad_requests import bad_requests
from tests.support.builders import a_card, a_person
from tests.support.population_rows import insert_card, insert_person
from tests.support.whole_service import TWO_WORKERS, running_service

CANARY = a_person(citizen_id="068180424242", full_name="Kim Hoàng Oanh Canh Gác")
CARD = a_card(card_number="GD4684242424242", social_insurance_number="4242424242")
NUMBERS = (CANARY.citizen_id, CARD.card_number, CARD.social_insurance_number)
NAMES = (CANARY.full_name, CANARY.full_name.upper(), "Canh Gác")

QUESTIONS = (
    {"citizen_id": CANARY.citizen_id, "full_name": CANARY.full_name},
    {"citizen_id": CANARY.citizen_id, "birth_date": "1980-03-05"},
    {"citizen_id": CANARY.citizen_id, "full_name": "Phạm Quốc Bảo"},
    {"card_number": CARD.card_number, "full_name": CANARY.full_name},
    {"card_number": CARD.social_insurance_number, "full_name": CANARY.full_name},
    {
        "qr": f"{CANARY.citizen_id}||{CANARY.full_name}|05031980|Nữ|Đà Lạt|01012021",
        "include": ["health"],
        "purpose": "treatment",
    },
)


@pytest.fixture
async def service(database_url, redis_url, tmp_path):
    connection = await asyncpg.connect(database_url)
    await insert_person(connection, CANARY)
    await insert_card(connection, CARD, CANARY.citizen_id)
    await connection.close()
    async with running_service(
        database_url, redis_url, tmp_path, **TWO_WORKERS
    ) as running:
        yield running


def spoiled(body):
    """The canary's data in requests that must fail."""
    return [
        orjson.dumps(body)[:-1],
        orjson.dumps(body | {CANARY.full_name: CANARY.full_name}),
        orjson.dumps(body | {"birth_date": CANARY.full_name}),
        orjson.dumps(body | {"card_number": CARD.card_number, "qr": CARD.card_number}),
        orjson.dumps(body | {"on": CANARY.citizen_id}),
    ]


async def left_behind(service, redis_url):
    """Everything the service writes where others may read: by place, as bytes."""
    _, metrics = await service.page()
    _, detail = await service.page("/health/detail")
    async with redis.asyncio.Redis.from_url(redis_url) as store:
        keys = await store.keys()
        values = [await store.get(key) for key in keys]
    return {
        "log": service.log.read_bytes(),
        "metrics": (metrics + detail).encode(),
        "redis keys": b" ".join(keys),
        "redis values": b" ".join(value for value in values if value),
        "processes": processes(),
    }


def processes():
    """The list of processes, as every user of the machine may read it."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            lines.append(file.read_bytes())
    return b"\n".join(lines)


def sightings(places):
    secrets = [text.encode() for text in (*NUMBERS, *NAMES)]
    return [
        (place, secret)
        for place, content in places.items()
        for secret in secrets
        if secret in content
    ]


async def test_nothing_about_a_person_is_left_behind(service, redis_url):
    for _ in range(50):
        await asyncio.gather(
            *(service.ask(question) for question in QUESTIONS for _ in range(4))
        )
    failing = [raw for body in QUESTIONS for raw in spoiled(body)]
    failing += [raw for raw, _ in bad_requests(70)]
    statuses = [(await service.ask(None, raw=raw))[0] for raw in failing]
    await service.session.get(f"{service.url}/v1/lookups/{CANARY.citizen_id}")
    await service.ask(QUESTIONS[0], key=CANARY.citizen_id)

    places = await left_behind(service, redis_url)

    assert len(statuses) == 100
    assert set(statuses) == {400}
    assert all(places.values())
    assert sightings(places) == []


def test_the_search_would_find_her():
    places = {"log": b"... 068180424242 ...", "metrics": b"nothing"}

    assert sightings(places) == [("log", b"068180424242")]
