"""Two services in a row: one before a hospital asks one before the province."""

import asyncio
import base64
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
import pytest

from adapters.clients import create_client
from adapters.gateway_users import create_gateway_user
from lookup.scopes import Scope
from tests.support.builders import a_card, a_person, a_visit
from tests.support.gateway_double import resets, says, says_bytes
from tests.support.population_rows import insert_card, insert_person, insert_visit
from tests.support.relay import open_relay
from tests.support.servers import fresh_database
from tests.support.waiting import eventually
from tests.support.whole_service import running_service

LAN = a_person()
QUESTION = {
    "citizen_id": LAN.citizen_id,
    "full_name": LAN.full_name,
    "birth_date": "1980-03-05",
}
UNKNOWN = QUESTION | {"citizen_id": "068180999999"}

DEADLINE_S = 2.0
MARGIN_S = 1.0
"""For HTTP and a busy machine."""

OTHER_KEY = base64.b64encode(b"h" * 32).decode()
"""The two share a Redis here, and must not share what they remember in it."""


@pytest.fixture
async def account(database_url):
    """The hospital's account at the province, which knows one insured person."""
    connection = await asyncpg.connect(database_url)
    today = await connection.fetchval("SELECT current_date")
    long = timedelta(days=200)
    await insert_person(connection, LAN)
    await insert_card(
        connection, a_card(valid_from=today - long, valid_to=today + long)
    )
    await insert_visit(connection, a_visit(), LAN.citizen_id)
    await create_client(connection, "benh-vien-a", scopes=frozenset(Scope))
    password = await create_gateway_user(connection, "benh-vien-a", "68001_BV")
    await connection.close()
    return password.md5


@pytest.fixture
async def province(database_url, redis_url, account, tmp_path):  # noqa: ARG001 - filled first
    folder = tmp_path / "province"
    folder.mkdir()
    async with running_service(database_url, redis_url, folder) as running:
        yield running


@pytest.fixture
async def relay(province):
    async with open_relay(province.url) as relay:
        yield relay


@pytest.fixture
def hospitals_database(servers, template_database):  # noqa: ARG001 - copied by name
    """Without people: clients and audit only."""
    with fresh_database(servers) as url:
        yield url


@pytest.fixture
def hospital(hospitals_database, redis_url, account, relay, tmp_path):
    """Opens the service before a hospital, by default with the gateway alone."""

    @asynccontextmanager
    async def open_hospital(**settings):
        folder = tmp_path / "hospital"
        folder.mkdir()
        async with running_service(
            hospitals_database,
            redis_url,
            folder,
            TRACUU_CACHE_KEY=OTHER_KEY,
            TRACUU_WORKERS="1",
            TRACUU_GATEWAY_URL=relay.url,
            TRACUU_GATEWAY_USERNAME="68001_BV",
            TRACUU_GATEWAY_PASSWORD_MD5=account.lower(),
            TRACUU_GATEWAY_OFFICER_NAME="Trần Văn Mẫu",
            TRACUU_GATEWAY_OFFICER_CITIZEN_ID="068080999999",
            **{"TRACUU_SOURCES": "gateway"} | settings,
        ) as running:
            yield running

    return open_hospital


UNAVAILABLE = {"source_unavailable"}


async def knows(service, question):
    status, _ = await service.ask(question)
    return status == 200


def stale_code(answer):
    """The result of an answer that says it is stale, else None."""
    status, body = answer
    is_stale = status == 200 and body["freshness"]["is_stale"]
    return body["result"]["code"] if is_stale else None


def problem_code(answer):
    status, body = answer
    return body["code"] if status == 503 else status


async def asked_in_time(service, body):
    """The answer, which is there within the deadline."""
    worst_s = DEADLINE_S + MARGIN_S
    return await asyncio.wait_for(service.ask(body), worst_s)


@pytest.mark.parametrize("sources", ["gateway", "population,gateway"])
async def test_a_hospital_answers_what_the_province_knows(hospital, province, sources):
    health = {"include": ["health"], "purpose": "treatment"}
    async with hospital(TRACUU_SOURCES=sources) as service:
        _, ours = await service.ask(QUESTION | health)
        _, again = await service.ask(QUESTION)
        _, stranger = await service.ask(QUESTION | {"full_name": "Trần Văn An"})
        _, nobody = await service.ask(UNKNOWN)
    _, theirs = await province.ask(QUESTION)

    assert ours["coverage"]["card"] == theirs["coverage"]["card"]
    assert ours["person"] == theirs["person"]
    assert [visit["visit_id"] for visit in ours["health"]["visits"]] == ["v-1"]
    sources = [answer["freshness"]["source"] for answer in (ours, again)]
    assert sources == ["gateway", "memory"]
    codes = [answer["result"]["code"] for answer in (stranger, nobody)]
    assert codes == ["060", "050"]


GARBAGE = {
    "HTML": says_bytes(b"<h1>502</h1>", status=502),
    "bytes": says_bytes(b"\x00\xff{[" * 1000),
    "empty yes": says({"maKetQua": "000"}),
    "reset": resets,
}


async def bring(trouble, *, upon, relay):
    if trouble == "stopped":
        await upon.stop()
    elif trouble == "silent":
        relay.hold()
    else:
        relay.spoil(GARBAGE[trouble])


async def recovered(service, relay):
    """Wait until the province is asked again."""
    relay.release()
    relay.spoil(None)
    await eventually(lambda: knows(service, UNKNOWN))


async def test_a_province_in_trouble_never_becomes_a_no(hospital, province, relay):
    in_a_hurry = {
        "TRACUU_DEADLINE_S": str(DEADLINE_S),
        "TRACUU_GATEWAY_TIMEOUT_S": "1",
        "TRACUU_FRESH_S": "0.001",
    }
    async with hospital(**in_a_hurry) as service:
        await eventually(lambda: knows(service, QUESTION))
        for trouble in ("silent", *GARBAGE, "stopped"):
            await bring(trouble, upon=province, relay=relay)

            known = await asked_in_time(service, QUESTION)
            unknown = [await asked_in_time(service, UNKNOWN) for _ in range(4)]

            assert stale_code(known) == "000", trouble
            assert {problem_code(answer) for answer in unknown} == UNAVAILABLE, trouble
            if trouble != "stopped":
                await recovered(service, relay)


async def test_an_answer_after_the_deadline_answers_the_next_lookup(hospital, relay):
    late = {"TRACUU_DEADLINE_S": "0.3", "TRACUU_GATEWAY_TIMEOUT_S": "10"}
    async with hospital(**late) as service:
        relay.hold()
        status, _ = await service.ask(QUESTION)
        relay.release()

        async def answer():
            status, found = await service.ask(QUESTION)
            return found if status == 200 else None

        found = await eventually(answer)
        passed = relay.passed

    assert status in {503, 504}
    assert found["result"]["code"] == "000"
    assert passed == 2  # one token, one question


async def test_nothing_of_the_account_is_in_the_log(hospital, account, relay):
    async with hospital() as service:
        relay.spoil(says({"maKetQua": "055"}))
        await service.ask(QUESTION)
        log = service.log.read_text()

    assert "gateway.refused" in log
    for secret in (account, account.lower(), "68001_BV", "Mẫu", LAN.citizen_id):
        assert secret not in log
