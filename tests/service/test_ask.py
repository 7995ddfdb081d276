"""Asking over HTTP as the commands do."""

from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lookup.ask import AskError, Desk, Tally, asking
from tests.support.builders import CITIZEN_ID, a_coverage
from tests.support.desk import KEY, open_desk
from tests.support.whole_service import free_ports

LAN = {"citizen_id": CITIZEN_ID, "full_name": "Nguyễn Thị Lan"}


@pytest.fixture
async def service():
    """A service that knows Lan, and how to ask it."""
    async with open_desk() as desk:
        desk.source.know(a_coverage())
        yield desk, Desk(str(desk.client.make_url("")).rstrip("/"), KEY)


@asynccontextmanager
async def answering(body, *, status=200):
    """Something else that listens, and says the same to everybody."""

    async def say(_):
        return web.Response(body=body, status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", say)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def asked(desk, body=LAN):
    async with asking(desk) as connection:
        return await connection.ask(body)


async def test_answer_comes_with_its_status(service):
    status, answer = await asked(service[1])

    assert status == 200
    assert answer["result"]["code"] == "000"


async def test_problem_comes_with_its_status(service):
    status, problem = await asked(service[1], LAN | {"citizen_id": "1"})

    assert status == 400
    assert problem["errors"][0]["pointer"] == "/citizen_id"


async def test_lookup_is_counted_as_one_of_the_command_line(service):
    desk, where = service

    await asked(where)

    assert desk.audit.entries[0].channel == "cli"


async def test_nobody_there_is_told_without_a_trace():
    (port,) = free_ports(1)

    with pytest.raises(AskError, match=f"no answer from http://127.0.0.1:{port}"):
        await asked(Desk(f"http://127.0.0.1:{port}", KEY))


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://here", "http://127.0.0.1:0"])
async def test_address_that_is_none_is_told_without_a_trace(url):
    with pytest.raises(AskError, match="no answer from"):
        await asked(Desk(url, KEY))


@pytest.mark.parametrize("body", ["<html>", '{"detail": "Not Found"}', "[1]", ""])
async def test_another_service_is_told_from_ours(body):
    async with answering(body, status=404) as url:
        with pytest.raises(AskError, match=f"what answers at {url} is no Tracuu"):
            await asked(Desk(url, KEY))


async def test_sample_is_tallied_beside_what_was_expected(service):
    bodies = [
        *[("000", LAN)] * 3,
        ("000", LAN | {"full_name": "Phạm Quốc Bảo"}),
        ("050", LAN | {"citizen_id": "068180000002"}),
        ("000", LAN | {"birth_date": "no date"}),
    ]
    shown = []

    async with asking(service[1]) as connection:
        tally = await connection.ask_all(bodies, asked=shown.append)

    assert tally == Tally(
        asked=6,
        failed=1,
        codes={"000": 3, "060": 1, "050": 1},
        surprises={("000", "060"): 1},
    )
    assert shown == [1, 2, 3, 4, 5, 6]


def test_key_is_not_in_the_print_of_a_desk():
    assert KEY not in repr(Desk("http://127.0.0.1:8080", KEY))
