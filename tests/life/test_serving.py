import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import http_parser, web

from lookup.listeners import open_listeners
from lookup.web import serving
from lookup.web.routes import SHORT_WAY
from lookup.web.serving import UnsafeLibraryError, refuse_unsafe_libraries
from tests.support.dummy_service import free_port
from tests.support.served import Served, WatchedMetrics, served

HEAD = b"GET / HTTP/1.1\r\nHost: desk\r\n"
ANSWERED = b"HTTP/1.1 200"
CUT_OFF = b""


@asynccontextmanager
async def served_by(handler):
    """A worker with one route."""
    app = web.Application()
    app.router.add_get("/", handler)
    app[SHORT_WAY] = handler
    async with served(app) as here:
        yield here


async def at_once(_):
    return web.Response(text="here")


@pytest.mark.parametrize(
    ("keepalive_s", "outcome"), [(0.2, CUT_OFF), (3630.0, ANSWERED)]
)
async def test_head_that_trickles_in_is_cut_off(keepalive_s, outcome, monkeypatch):
    monkeypatch.setattr(serving, "KEEPALIVE_S", keepalive_s)

    async with served_by(at_once) as here:
        answer = await here.ask(HEAD, b"X-Slow: ", *[b"a"] * 20, b"\r\n\r\n")

    assert answer == outcome


@pytest.mark.parametrize(("is_guarded", "farewell"), [(True, "close"), (False, None)])
async def test_last_answer_tells_the_client_to_leave(is_guarded, farewell, monkeypatch):
    async def while_ending(_):
        await here.end()
        return web.Response()

    async def say_nothing(*_):
        pass

    if not is_guarded:
        monkeypatch.setattr(serving._Farewell, "mark", say_nothing)
    async with served_by(while_ending) as here, aiohttp.ClientSession() as session:
        answer = await session.get(f"http://127.0.0.1:{here.port}/")

    assert answer.status == 200
    assert answer.headers.get("Connection") == farewell


@pytest.mark.parametrize(("leave_s", "outcome"), [(1.0, ANSWERED), (0.0, CUT_OFF)])
async def test_connection_just_taken_is_still_answered(leave_s, outcome, monkeypatch):
    monkeypatch.setattr(serving, "LEAVE_S", leave_s)

    async with served_by(at_once) as here:
        connection = await here.connect()
        await here.end()
        answer = await here.ask(HEAD, b"\r\n", connection=connection)

    assert answer == outcome


@pytest.mark.parametrize(("is_held", "outcome"), [(False, ANSWERED), (True, CUT_OFF)])
async def test_connection_that_waits_is_taken_unless_the_socket_is_held(
    is_held, outcome
):
    """Here nobody holds it after all: it is closed with us, and the rest is reset."""
    port = free_port()
    server = web.Server(at_once)
    with open_listeners("127.0.0.1", port, count=1, variable="-") as (listener,):
        here = Served(port, WatchedMetrics(), held_fd=-1)
        connection = await here.connect()

        await serving._take_waiting(listener, server, is_held=is_held)
        answer = await here.ask(HEAD, b"\r\n", connection=connection)

    await server.shutdown()
    assert answer == outcome


async def test_answer_that_never_comes_does_not_keep_the_worker():
    asked = asyncio.Event()

    async def never(_):
        asked.set()
        await asyncio.Event().wait()

    async with served_by(never) as here:
        waiting = asyncio.create_task(here.ask(HEAD, b"\r\n"))
        await asked.wait()

    assert await waiting == CUT_OFF


def test_installed_libraries_are_safe():
    refuse_unsafe_libraries()


def test_library_with_known_holes_is_refused(monkeypatch):
    monkeypatch.setattr(
        serving, "version", {"aiohttp": "3.14.1", "uvloop": "0.22.1"}.get
    )

    with pytest.raises(UnsafeLibraryError, match=r"uvloop 0.22.1: at least 0.23.0"):
        refuse_unsafe_libraries()


def test_parser_that_is_not_compiled_is_refused(monkeypatch):
    monkeypatch.setattr(
        http_parser, "HttpRequestParser", http_parser.HttpRequestParserPy
    )

    with pytest.raises(UnsafeLibraryError, match="compiled parser"):
        refuse_unsafe_libraries()
