import asyncio
from datetime import date

import orjson
import pytest
from aiohttp.test_utils import TestClient, TestServer

from cache.filling import Filling
from cache.remembering import Remembering
from lookup.scopes import Scope
from tests.support.builders import (
    CITIZEN_ID,
    a_card,
    a_citizen_id,
    a_coverage,
    a_finding,
    a_person,
)
from tests.support.caches import FRESHNESS
from tests.support.desk import Desk
from tests.support.fakes import FakeCache

QUESTION = {"citizen_id": CITIZEN_ID, "full_name": "NGUYEN THI LAN"}
WRONG = QUESTION | {"full_name": "Phạm Quốc Bảo"}
PASSING = {"request_id", "freshness"}


class RememberingDesk(Desk):
    """A desk whose service remembers what the population said."""

    def __init__(self):
        super().__init__()
        self.population = self.source
        self.cache = FakeCache(self.clock)
        self.source = Remembering(
            self.cache,
            Filling(self.cache, self.population),
            freshness=FRESHNESS,
            clock=self.clock,
            metrics=self.metrics,
        )

    async def learn(self, record, *, version):
        """Be told of a change, as by another lookup."""
        number = a_citizen_id(int(record.person.citizen_id[6:]))
        finding = a_finding(record=record, version=version, as_of=self.clock.now())
        await self.cache.put(number, "coverage", finding)


@pytest.fixture
async def desk():
    desk = RememberingDesk()
    desk.population.know(a_coverage())
    async with TestClient(TestServer(desk.app())) as client:
        desk.client = client
        yield desk


def lasting(answer):
    return {name: answer[name] for name in answer.keys() - PASSING}


async def test_second_answer_is_the_first_but_for_its_age(desk):
    first, told = await desk.ask(QUESTION)
    desk.clock.move(by_s=30)

    second, again = await desk.ask(QUESTION)

    assert lasting(told) == lasting(again)
    assert first.headers["ETag"] == second.headers["ETag"]
    assert (again["freshness"]["source"], again["freshness"]["age_s"]) == ("memory", 30)
    assert told["request_id"] != again["request_id"]
    assert desk.population.loads.total() == 1


async def test_same_answer_from_memory_is_not_sent_again(desk):
    first, _ = await desk.ask(QUESTION)

    answers = [
        await desk.ask(QUESTION, If_None_Match=first.headers["ETag"]) for _ in range(2)
    ]

    assert [(response.status, body) for response, body in answers] == [(304, None)] * 2
    assert len(desk.audit.entries) == 3


async def test_change_is_answered_in_place_of_what_was_remembered(desk):
    first, _ = await desk.ask(QUESTION)
    await desk.ask(QUESTION)
    ended = a_coverage(cards=(a_card(valid_to=date(2026, 11, 24)),))

    await desk.learn(ended, version=2)
    second, answer = await desk.ask(QUESTION, If_None_Match=first.headers["ETag"])

    assert second.status == 200
    assert answer["result"]["code"] == "010"
    assert answer["freshness"]["source"] == "memory"


async def test_scopes_that_were_taken_away_count_at_once(desk):
    await desk.ask(WRONG)
    _, before = await desk.ask(WRONG)

    desk.directory.scopes = frozenset({Scope.LOOKUP})
    _, after = await desk.ask(WRONG)

    assert (before["result"]["code"], after["result"]["code"]) == ("060", "050")
    assert after["freshness"] is None


async def test_day_of_service_decides_about_what_is_remembered(desk):
    await desk.ask(QUESTION)

    codes = [
        (await desk.ask(QUESTION | {"on": day}))[1]["result"]["code"]
        for day in ("2026-12-31", "2027-01-01", "2026-12-31")
    ]

    assert codes == ["000", "010", "000"]


async def test_many_at_once_each_get_the_person_they_asked_for(desk):
    numbers = [a_citizen_id(n).digits for n in range(1, 9)]
    for number in numbers:
        desk.population.know(a_coverage(person=a_person(citizen_id=number)))
    asked = [number for _ in range(20) for number in numbers]

    answers = await asyncio.gather(
        *(desk.ask(QUESTION | {"citizen_id": number}) for number in asked)
    )

    assert [answer["person"]["citizen_id"] for _, answer in answers] == asked
    for (_, answer), own in zip(answers, asked, strict=True):
        assert not any(n in orjson.dumps(answer).decode() for n in numbers if n != own)
