import asyncio
import random

import pytest
from aiohttp import ClientSession, TCPConnector

from tests.support.bad_insurer_requests import bad_insurer_requests, too_large
from tests.support.builders import a_coverage, a_health
from tests.support.desk import open_desk
from tests.support.insurer import (
    CARD,
    HISTORY,
    PASSWORD_MD5,
    USERNAME,
    Hospital,
    an_account,
)

COUNT = 2_000
AT_ONCE = 16


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        desk.source.know(a_coverage())
        desk.source.know(a_health())
        yield desk


@pytest.fixture
async def hospital(desk):
    hospital = Hospital(desk)
    await hospital.sign_in()
    return hospital


async def complaint(hospital, function, request):
    """What is wrong with how a bad question was answered, None when all is well."""
    body, content_type, secret = request
    response, answer = await hospital.post(
        f"/api/egw/{function}", body, content_type=content_type
    )
    if (response.status, answer["maKetQua"]) != (200, "205"):
        return f"{response.status} {answer['maKetQua']} for {body[:80]!r}"
    if secret and secret in await response.read():
        return f"repeated: {body[:80]!r}"
    return None


@pytest.mark.parametrize("function", [CARD, HISTORY])
async def test_two_thousand_bad_questions_are_refused_without_echo(
    desk, hospital, function
):
    requests = bad_insurer_requests(COUNT)

    async def send():
        return [await complaint(hospital, function, request) for request in requests]

    complaints = [
        found
        for sender in await asyncio.gather(*(send() for _ in range(AT_ONCE)))
        for found in sender
    ]

    assert len(complaints) == COUNT
    assert [c for c in complaints if c] == []
    assert desk.source.loads == {}
    assert desk.audit.entries == []
    assert desk.log == []
    assert desk.metrics.read("tracuu_lookups_total", "refused", "none", "vss") == COUNT


async def test_bodies_too_large_are_refused(hospital):
    assert await complaint(hospital, CARD, too_large(random.Random(7))) is None


async def test_bad_questions_for_a_token_get_none(hospital):
    for body, content_type, _ in bad_insurer_requests(200):
        response, answer = await hospital.post(
            "/api/token/take", body, content_type=content_type
        )

        assert response.status == 200
        assert answer == {"maKetQua": "401", "APIKey": None}


def without(name):
    return lambda query: query.pop(name)


ATTACKS = {
    "no token": without("token"),
    "no id_token": without("id_token"),
    "no user": without("username"),
    "no password": without("password"),
    "nothing": dict.clear,
    "empty token": lambda q: q.update(token=""),
    "empty id_token": lambda q: q.update(id_token=""),
    "truncated": lambda q: q.update(token=q["token"][:-1]),
    "one character": lambda q: q.update(token="B" + q["token"][1:]),
    "longer": lambda q: q.update(token=q["token"] + "A"),
    "huge": lambda q: q.update(token=q["token"] * 100),
    "reversed": lambda q: q.update(token=q["token"][::-1]),
    "other letters": lambda q: q.update(token="🩺" * 20),
    "null byte": lambda q: q.update(token=q["token"] + "\0"),
    "SQL": lambda q: q.update(username="' OR 1=1 --"),
    "swapped": lambda q: q.update(token=q["id_token"], id_token=q["token"]),
    "other id_token": lambda q: q.update(id_token="7f3c"),
    "other user": lambda q: q.update(username="68002_BV"),
    "other case of user": lambda q: q.update(username=USERNAME.lower()),
    "unknown user": lambda q: q.update(username="nobody"),
    "other password": lambda q: q.update(password="0" * 32),
    "API key": lambda q: q.update(token="tracuu_test"),
    "password as token": lambda q: q.update(token=PASSWORD_MD5),
}


@pytest.mark.parametrize("function", [CARD, HISTORY])
@pytest.mark.parametrize("attack", ATTACKS)
async def test_no_other_token_opens(desk, hospital, attack, function):
    other = an_account(username="68002_BV")
    desk.gateway_directory.accounts[other.username] = other
    ATTACKS[attack](hospital.query)

    answer = await hospital.ask_as_it_is(function)

    assert answer["maKetQua"] == "401"
    assert desk.source.loads == {}
    assert [event for event, _ in desk.log] == ["caller.refused"]


async def test_the_token_itself_opens(hospital):
    answer = await hospital.ask_as_it_is()

    assert answer["maKetQua"] == "000"


@pytest.mark.parametrize(("after_s", "code"), [(599, "000"), (600, "401")])
async def test_a_token_ends_after_ten_minutes(desk, hospital, after_s, code):
    desk.clock.move(by_s=after_s)

    answer = await hospital.ask()

    assert answer["maKetQua"] == code


@pytest.mark.parametrize(
    ("address", "code"), [("127.0.0.1", "000"), ("127.0.0.2", "401")]
)
async def test_a_token_opens_from_the_address_it_was_taken_from(
    desk, hospital, address, code
):
    url = desk.client.make_url(f"/api/egw/{CARD}")
    connector = TCPConnector(local_addr=(address, 0))

    async with (
        ClientSession(connector=connector) as session,
        session.post(url, params=hospital.query, json=hospital.question) as response,
    ):
        answer = await response.json()

    assert answer["maKetQua"] == code


async def test_a_user_that_is_gone_is_refused_with_a_token(desk, hospital):
    desk.gateway_directory.accounts.clear()

    answer = await hospital.ask()

    assert answer["maKetQua"] == "401"
