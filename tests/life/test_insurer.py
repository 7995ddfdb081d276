"""The insurer's protocol with real workers: a token of one opens at every other."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from adapters.clients import create_client
from adapters.gateway_users import create_gateway_user, replace_officers
from lookup.citizen_id import CitizenId
from lookup.ports import Officer
from lookup.scopes import Scope
from tests.support.builders import a_card, a_person
from tests.support.insurer import CARD, LAN, OFFICER, USERNAME
from tests.support.population_rows import insert_card, insert_person
from tests.support.waiting import eventually
from tests.support.whole_service import TWO_WORKERS, running_service


@pytest.fixture
async def password(database_url):
    """The password of a hospital's account, in a population of one insured person."""
    connection = await asyncpg.connect(database_url)
    today = await connection.fetchval("SELECT current_date")
    long = timedelta(days=200)
    await insert_person(connection, a_person())
    await insert_card(
        connection, a_card(valid_from=today - long, valid_to=today + long)
    )
    await create_client(connection, "his-1", scopes=frozenset(Scope))
    officer = Officer(CitizenId(OFFICER["cccdCb"]), OFFICER["hoTenCb"])
    await replace_officers(connection, "his-1", [officer])
    password = await create_gateway_user(connection, "his-1", USERNAME)
    await connection.close()
    return password


@pytest.fixture
async def service(database_url, redis_url, password, tmp_path):  # noqa: ARG001 - entered first
    async with running_service(
        database_url, redis_url, tmp_path, **TWO_WORKERS
    ) as running:
        yield running


async def post(service, path, *, query=None, **body):
    """Ask on a connection of its own, so that any worker may answer."""
    async with service.session.post(
        service.url + path, params=query, headers={"Connection": "close"}, **body
    ) as response:
        return await response.json()


async def test_a_token_opens_at_every_worker_and_nothing_is_logged(service, password):
    account = {"username": USERNAME, "password": password.md5}
    taken = await post(service, "/api/token/take", data=account)
    key = taken["APIKey"]
    query = account | {"token": key["access_token"], "id_token": key["id_token"]}

    path = f"/api/egw/{CARD}"
    questions = [LAN | OFFICER] * 20 + [{"maThe": LAN["maThe"]}] * 20
    answers = await asyncio.gather(
        *(post(service, path, query=query, json=each) for each in questions)
    )

    assert [answer["maKetQua"] for answer in answers] == ["000"] * 20 + ["205"] * 20
    assert await service.counted("tracuu_lookups_total", channel="vss") == 40
    log = service.log.read_text()
    assert [
        secret for secret in (*query.values(), *LAN.values()) if secret in log
    ] == []


async def test_a_new_user_signs_in_within_a_second(service, database_url):
    connection = await asyncpg.connect(database_url)
    password = await create_gateway_user(connection, "his-1", "68002_BV")
    await connection.close()
    account = {"username": "68002_BV", "password": password.md5}

    async def signs_in():
        return (await post(service, "/api/token/take", json=account))["APIKey"]

    assert await eventually(signs_in)
