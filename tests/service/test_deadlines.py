"""How long each client is waited for, in every dialect."""

import orjson
import pytest
from aiohttp.test_utils import TestClient, TestServer

from lookup.access_token import Grant
from lookup.scopes import Scope
from tests.support.builders import CITIZEN_ID, a_coverage
from tests.support.clock import MORNING
from tests.support.desk import KEY, Desk
from tests.support.fhir import LAN
from tests.support.insurer import Hospital

QUESTION = {"citizen_id": CITIZEN_ID, "full_name": "Nguyễn Thị Lan"}

OF_ALL_S = 1.0
"""What the desk's service gives a client without a deadline of its own."""


class Stopwatch:
    """A source that notes how much time a lookup has."""

    def __init__(self, source):
        self.source = source
        self.left_s = []

    async def fetch(self, identifier, facet, deadline, *, claim=None):
        self.left_s.append(deadline.left_s())
        return await self.source.fetch(identifier, facet, deadline, claim=claim)


@pytest.fixture
async def desk():
    desk = Desk()
    desk.source.know(a_coverage())
    desk.source = Stopwatch(desk.source)
    async with TestClient(TestServer(desk.app())) as desk.client:
        yield desk


async def with_a_key(desk):
    await desk.ask(QUESTION)


async def with_an_access_token(desk):
    grant = Grant("benh-vien", frozenset(Scope))
    await desk.ask(QUESTION, key=desk.access_tokens.issue(grant, now=MORNING))


async def in_a_batch(desk):
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    batch = orjson.dumps({"lookups": [QUESTION]})
    response = await desk.client.post("/v1/lookups/batch", data=batch, headers=headers)
    await response.read()


async def in_the_insurers_protocol(desk):
    await Hospital(desk).ask()


async def in_fhir(desk):
    headers = {"Authorization": f"Bearer {KEY}"}
    await desk.client.post("/fhir/Patient/_search", data=LAN, headers=headers)


WAYS = [
    with_a_key,
    with_an_access_token,
    in_a_batch,
    in_the_insurers_protocol,
    in_fhir,
]


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize(
    ("own_s", "left_s"),
    [(None, OF_ALL_S), (4.0, 4.0), (0.25, 0.25)],
    ids=["none of its own", "longer", "shorter"],
)
async def test_a_client_waits_as_long_as_was_agreed(desk, ask, *, own_s, left_s):
    desk.directory.deadline_s = own_s
    desk.gateway_directory.become(deadline_s=own_s)

    await ask(desk)

    assert desk.source.left_s == [left_s]


async def test_a_lookup_of_a_batch_waits_no_longer_than_the_batch(desk, monkeypatch):
    monkeypatch.setattr("lookup.web.batch.BATCH_MAX_S", 3.0)
    desk.directory.deadline_s = 4.0

    await in_a_batch(desk)

    assert desk.source.left_s == [3.0]
