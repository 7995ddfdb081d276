import asyncio

import pytest
from aiohttp import web

from lookup.web import lookups, serving
from lookup.web.answer import Answer, Outbox
from lookup.web.routes import SHORT_WAY
from tests.support.builders import a_coverage
from tests.support.desk import Desk
from tests.support.raw_http import ask, connected, read_answer, request
from tests.support.served import served
from tests.support.waiting import eventually

QUESTION = {"citizen_id": "068180000001", "full_name": "NGUYEN THI LAN"}
NOBODY = QUESTION | {"citizen_id": "068180000009"}
WHOLE = request(QUESTION)
BROKEN = request(b"{")
CONTRACT = request(line="GET /openapi.json HTTP/1.1")
WITH_A_QUERY = request(QUESTION, line="POST /v1/lookups?desk=3 HTTP/1.1")


@pytest.fixture
def desk():
    desk = Desk()
    desk.source.know(a_coverage())
    return desk


@pytest.fixture
async def here(desk):
    async with served(desk.app()) as here:
        yield here


async def answers_to(here, *requests):
    """Send all of them in one packet, and read as many answers."""
    async with connected(here) as (reader, writer):
        writer.write(b"".join(requests))
        return [await read_answer(reader) for _ in requests]


@pytest.mark.parametrize(
    "kinds",
    [
        ["good", "nobody", "broken"],
        ["broken", "good", "good"],
        ["good", "contract", "nobody"],
        ["nobody", "with a query", "good", "contract", "good"],
    ],
    ids=" ".join,
)
async def test_answers_on_a_connection_keep_the_order_of_the_questions(here, kinds):
    of_kind = {
        "good": (WHOLE, 200, b'"code":"000"'),
        "nobody": (request(NOBODY), 200, b'"code":"050"'),
        "broken": (BROKEN, 400, b'"invalid_request"'),
        "contract": (CONTRACT, 200, b'"openapi"'),
        "with a query": (WITH_A_QUERY, 200, b'"code":"000"'),
    }

    answers = await answers_to(here, *(of_kind[kind][0] for kind in kinds))

    for answer, kind in zip(answers, kinds, strict=True):
        _, status, words = of_kind[kind]
        assert answer.status == status
        assert words in answer.body


async def test_many_connections_at_once_each_get_their_own(here):
    ids = [f"0d3c0b1e-6f0a-4c39-9a59-0a6a4a3f1c{n:02x}" for n in range(50)]

    answers = await asyncio.gather(
        *(ask(here, request(QUESTION, X_Request_Id=each)) for each in ids)
    )

    assert [answer.header("X-Request-Id") for answer in answers] == ids
    assert all(i.encode() in a.body for i, a in zip(ids, answers, strict=True))


async def test_caller_that_has_gone_disturbs_nobody(desk, here):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, why: told.append(why))
    desk.source.hold()
    async with connected(here) as (_, leaving), connected(here) as (reader, staying):
        for writer in (leaving, staying):
            writer.write(WHOLE)
        await desk.source.asked.wait()

        leaving.transport.abort()
        desk.source.release()

        assert (await read_answer(reader)).status == 200
        assert (await ask(here, WHOLE)).status == 200
    assert (told, desk.log) == ([], [])


async def test_answer_that_comes_after_its_caller_has_gone_is_dropped():
    async def handler(request):
        asked.set()
        await eventually(lambda: has_gone(request))
        answered.set()
        return Answer(b"{}", "", Outbox())

    asked, answered, told = asyncio.Event(), asyncio.Event(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, why: told.append(why))
    app = web.Application()
    app[SHORT_WAY] = handler
    async with served(app) as here, connected(here) as (_, writer):
        writer.write(WHOLE)
        await asked.wait()
        writer.transport.abort()
        await answered.wait()

    assert told == []


async def has_gone(request):
    return request.transport is None


@pytest.mark.parametrize(
    ("version", "wish", "said", "is_kept"),
    [
        ("1.1", None, None, True),
        ("1.1", "keep-alive", None, True),
        ("1.1", "close", "close", False),
        ("1.0", None, None, False),
        ("1.0", "close", None, False),
        ("1.0", "keep-alive", "keep-alive", True),
    ],
)
async def test_connection_is_kept_as_the_client_wishes(
    here, version, *, wish, said, is_kept
):
    line = f"POST /v1/lookups HTTP/{version}"
    asking = request(QUESTION, line=line, Connection=wish)

    async with connected(here) as (reader, writer):
        writer.write(asking)
        answer = await read_answer(reader)
        writer.write(asking)

        assert answer.head.startswith(f"HTTP/{version} 200 OK\r\n".encode())
        assert answer.header("Connection") == said
        assert await came_again(reader) is is_kept


async def came_again(reader):
    try:
        return (await read_answer(reader)).status == 200
    except (asyncio.IncompleteReadError, ConnectionError):
        return False


async def say_nothing(*_):
    pass


@pytest.mark.parametrize("asking", [WHOLE, WITH_A_QUERY, BROKEN])
@pytest.mark.parametrize(("is_guarded", "said"), [(True, "close"), (False, None)])
async def test_last_answer_of_a_worker_says_that_it_is_the_last(
    desk, asking, *, is_guarded, said, monkeypatch
):
    if not is_guarded:
        monkeypatch.setattr(serving._Farewell, "mark", say_nothing)
    async with served(desk.app()) as here, connected(here) as (reader, writer):
        writer.write(WHOLE)
        await read_answer(reader)
        await here.end()

        writer.write(asking)
        answer = await read_answer(reader)

    assert answer.header("Connection") == said


async def test_client_that_asks_first_is_told_to_send_its_body(here):
    head, body = request(QUESTION, Expect="100-continue").split(b"\r\n\r\n")

    async with connected(here) as (reader, writer):
        writer.write(head + b"\r\n\r\n")
        told = await read_answer(reader)
        writer.write(body)

        assert told.status == 100
        assert (await read_answer(reader)).status == 200


def own(outbox):
    return Answer(b"{}", "", outbox)


def of_aiohttp(_):
    return web.Response(body=b"{}")


@pytest.mark.parametrize("make", [own, of_aiohttp])
async def test_nobody_is_answered_who_does_not_read(make):
    """As the transport does when its buffer is full, the handler stops the writing.

    Who writes questions and reads no answers would else fill the worker's memory.
    """
    outbox, connections = Outbox(), []

    async def handler(request):
        connections.append(request.protocol)
        if len(connections) == 1:
            request.protocol.pause_writing()
        return make(outbox)

    app = web.Application()
    app[SHORT_WAY] = handler
    async with served(app) as here, connected(here) as (reader, writer):
        writer.write(2 * WHOLE)
        await read_answer(reader)
        await ask(here, WHOLE)
        slow, *others = list(connections)
        slow.resume_writing()
        second = await read_answer(reader)

    assert slow not in others
    assert second.status == 200


async def never(*_, **__):
    raise AssertionError


@pytest.mark.parametrize(
    ("place", "status"), [(len(WHOLE), 200), (-1, 500), (-len(QUESTION), 500)]
)
async def test_only_a_body_that_comes_later_is_waited_for(
    here, monkeypatch, *, place, status
):
    monkeypatch.setattr(lookups, "read_body", never)
    parts = [part for part in (WHOLE[:place], WHOLE[place:]) if part]

    answer = await ask(here, *parts)

    assert answer.status == status


@pytest.mark.parametrize("sent", [0, 1, 10])
async def test_slow_body_is_cut_off(here, monkeypatch, sent):
    monkeypatch.setattr(lookups, "BODY_TIMEOUT_S", 0.05)
    head, body = WHOLE.split(b"\r\n\r\n")

    answer = await ask(here, head + b"\r\n\r\n" + body[:sent])

    assert answer.status == 408
