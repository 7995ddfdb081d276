"""The peers of the bench answer what we answer: else their times mean nothing."""

import asyncio
import importlib.util
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import asyncpg
import pytest

from adapters.synthetic.sampling import one_per_code
from adapters.synthetic.seeding import seed
from tests.support.builders import CARD_NUMBER, CITIZEN_ID, a_card, a_health
from tests.support.fhir import LAN, matches, told
from tests.support.population_rows import (
    FORMER_ID,
    LEGACY_ID,
    insert,
    insert_card,
    insert_former,
    insert_health,
    insert_person,
)
from tests.support.synthetic import a_recipe
from tests.support.waiting import soon
from tests.support.whole_service import environ_of, new_key, running_process

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("fastapi") is None,
    reason="the peers' libraries are not installed: extra bench",
)

WHOLE = {"include": ["health"], "purpose": "treatment"}
BIRTH = {"birth_date": LAN["birthdate"]}
ABOUT_LAN = [
    {"citizen_id": CITIZEN_ID, **BIRTH, **WHOLE},
    {"citizen_id": CITIZEN_ID},
    {"citizen_id": CITIZEN_ID, "full_name": "Nguyen Thi Lam"},
    {"citizen_id": FORMER_ID, **BIRTH, **WHOLE},
    {"citizen_id": LEGACY_ID, "full_name": LAN["name"]},
    {"card_number": CARD_NUMBER, **BIRTH},
    {"card_number": a_card().social_insurance_number, **BIRTH},
    {"card_number": CARD_NUMBER.replace("GD4", "GD9"), **BIRTH},
]
CODES = 18
"""Result codes of these questions and of those about the people of a recipe."""


@pytest.fixture
def people_url(database_url):
    """A database with one person for each code."""
    recipe = a_recipe(citizens=50, anchor=datetime.now(UTC).date())
    seed(database_url, recipe, processes=1)
    return database_url


@pytest.fixture
async def lan_url(people_url):
    """The same with one more, who has everything."""
    connection = await asyncpg.connect(people_url)
    await insert_person(connection)
    await insert_former(connection)
    old = {"legacy_id": LEGACY_ID, "citizen_id": CITIZEN_ID}
    await insert(connection, "legacy_ids", old)
    await insert_card(connection, a_card(valid_to=None))
    await insert_health(connection, a_health())
    await connection.close()
    return people_url


@pytest.fixture
async def questions(lan_url):
    samples = await one_per_code(lan_url)
    return ABOUT_LAN + [
        {
            "citizen_id": person.citizen_id,
            "full_name": person.full_name,
            "birth_date": person.birth_date,
        }
        for person in samples.values()
    ]


class Caller:
    """Asks any address, with a key."""

    def __init__(self, key, session):
        self.key = key
        self.session = session

    async def post(self, url, **content):
        headers = {"Authorization": f"Bearer {self.key}"}
        async with self.session.post(url, headers=headers, **content) as response:
            return response.status, await response.json(content_type=None)

    async def ask(self, url, questions):
        return [
            await self.post(f"{url}/v1/lookups", json=question)
            for question in questions
        ]

    async def search(self, url):
        form = {"identifier": CITIZEN_ID, "birthdate": LAN["birthdate"]}
        _, searchset = await self.post(f"{url}/Patient/_search", data=form)
        return searchset


@pytest.fixture
async def caller(lan_url):
    async with aiohttp.ClientSession() as session:
        yield Caller(await new_key(lan_url), session)


@pytest.fixture
def environ(lan_url, redis_url, tmp_path):
    return environ_of(lan_url, redis_url, tmp_path)


@asynccontextmanager
async def running_peer(environ, name, *options):
    """A peer; its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"loadtests.peers.{name}", "--port", "0", *options),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        line = await soon(process.stdout.readline())
        yield line.decode().split()[-1]
    finally:
        process.terminate()
        await process.wait()


def lasting(answers):
    """Answers without what is another in each."""
    passing = ("request_id", "freshness")
    return [
        (status, {name: body[name] for name in body if name not in passing})
        for status, body in answers
    ]


def said_by(searchset):
    """Code and person of a search, without what each server calls them by."""
    (patient,) = matches(searchset)
    passing = ("id", "meta")
    return told(searchset), {n: patient[n] for n in patient if n not in passing}


async def test_fastapi_peer_answers_what_we_answer(
    questions, environ, caller, redis_url, lan_url, tmp_path
):
    async with running_process(lan_url, redis_url, tmp_path) as service:
        ours = await caller.ask(service.url, questions)
        our_search = await caller.search(f"{service.url}/fhir")
    async with running_peer(environ, "fastapi_peer") as url:
        first = await caller.ask(url, questions)
        again = await caller.ask(url, questions[:1])
    async with running_peer(environ, "fhir_peer") as url:
        search = await caller.search(url)

    assert len({body["result"]["code"] for _, body in ours}) == CODES
    assert lasting(first) == lasting(ours)
    assert lasting(again) == lasting(ours[:1])
    assert first[0][1]["freshness"]["source"] == "population"
    assert again[0][1]["freshness"]["source"] == "redis"
    assert said_by(search) == said_by(our_search)


async def test_fastapi_peer_asks_for_a_key_counts_and_writes_down(
    environ, caller, lan_url
):
    entered = "SELECT asked_number, citizen_id, code FROM audit_log"

    async with running_peer(environ, "fastapi_peer") as url:
        await caller.ask(url, ABOUT_LAN[:1])
        async with caller.session.get(f"{url}/metrics/") as response:
            page = await response.text()
        caller.key = "tracuu_unknown"
        (refused,) = await caller.ask(url, ABOUT_LAN[:1])
    async with running_peer(environ, "fastapi_peer", "--bare") as url:
        (bare,) = await caller.ask(url, ABOUT_LAN[:1])
    connection = await asyncpg.connect(lan_url)
    rows = [tuple(row) for row in await connection.fetch(entered)]
    await connection.close()

    assert rows == [(CITIZEN_ID, CITIZEN_ID, "000")]
    assert 'peer_lookups_total{channel="peer",code="000"' in page
    assert refused[0] == 401
    assert bare[1]["person"]["citizen_id"] == CITIZEN_ID
