"""A service before the gateway and without any database."""

from contextlib import asynccontextmanager
from datetime import timedelta

import orjson
import pytest

from adapters.clients_file import create_client
from lookup.clock import SystemClock
from lookup.scopes import Scope
from tests.support.audits import events_in
from tests.support.builders import CARD_NUMBER, a_card, a_coverage, a_person
from tests.support.gateway_double import ACCOUNT, card_answer, open_double
from tests.support.waiting import eventually
from tests.support.whole_service import running_process

LAN = a_person()
QUESTION = {
    "citizen_id": LAN.citizen_id,
    "full_name": LAN.full_name,
    "birth_date": "1980-03-05",
}
UNKNOWN = QUESTION | {"citizen_id": "068180999999"}
STRANGER = QUESTION | {"full_name": "Trần Văn An"}


@pytest.fixture
async def double():
    today, long = SystemClock().today(), timedelta(days=200)
    card = a_card(valid_from=today - long, valid_to=today + long)
    async with open_double() as double:
        answer = card_answer(a_coverage(person=LAN, cards=(card,)))
        double.know([LAN.citizen_id, CARD_NUMBER], answer)
        yield double


@pytest.fixture
def key(tmp_path):
    return create_client(
        tmp_path / "clients.toml", "his-1", scopes=frozenset(Scope), deadline_s=20.0
    ).text


@pytest.fixture
def running(double, redis_url, key, tmp_path):
    """Runs the service; no variable names a database."""

    @asynccontextmanager
    async def running():
        async with running_process(
            "",
            redis_url,
            tmp_path,
            TRACUU_SOURCES="gateway",
            TRACUU_CLIENTS_FILE=str(tmp_path / "clients.toml"),
            TRACUU_AUDIT_DIR=str(tmp_path / "audit"),
            TRACUU_GATEWAY_URL=double.url,
            TRACUU_GATEWAY_USERNAME=ACCOUNT.username,
            TRACUU_GATEWAY_PASSWORD_MD5=ACCOUNT.password_md5,
            TRACUU_GATEWAY_OFFICER_NAME=ACCOUNT.officer_name,
            TRACUU_GATEWAY_OFFICER_CITIZEN_ID=ACCOUNT.officer_citizen_id,
        ) as service:
            service.key = key
            yield service

    return running


async def test_lookups_are_answered_and_written_down_across_a_restart(
    running, tmp_path
):
    async with running() as service:
        answers = [await service.ask(each) for each in (QUESTION, UNKNOWN, STRANGER)]
    async with running() as service:
        answers.append(await service.ask(UNKNOWN))

    codes = [answer["result"]["code"] for status, answer in answers if status == 200]
    assert codes == ["000", "050", "060", "050"]
    lines = events_in(tmp_path / "audit")
    assert [line["code"] for line in lines] == codes
    assert {line["client_id"] for line in lines} == {"his-1"}
    ids = [answer["request_id"] for _, answer in answers]
    assert [line["request_id"] for line in lines] == ids


async def test_a_new_client_is_known_and_a_fault_in_the_file_is_told(running, tmp_path):
    path = tmp_path / "clients.toml"
    async with running() as service:
        new = create_client(path, "his-2", scopes=frozenset(Scope)).text

        async def is_known_everywhere():
            asked = [await service.ask(QUESTION, key=new) for _ in range(6)]
            return all(status == 200 for status, _ in asked)

        assert await eventually(is_known_everywhere)
        path.write_text(path.read_text() + "nonsense")

        async def is_told():
            return "clients.file_refused" in service.log.read_text()

        assert await eventually(is_told)
        status, _ = await service.ask(QUESTION)
    assert status == 200


async def test_dialects_that_need_a_database_say_no(running):
    token = {"username": "68001_BV", "password": "0" * 32}
    async with running() as service:
        async with service.session.post(
            f"{service.url}/api/token/take", data=token
        ) as response:
            gateway = orjson.loads(await response.read())
        async with service.session.post(
            f"{service.url}/oauth/token", data={"grant_type": "client_credentials"}
        ) as response:
            smart = response.status

    assert gateway["maKetQua"] == "401"
    assert smart in {400, 401}
