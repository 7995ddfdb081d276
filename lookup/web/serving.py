"""A worker's side of HTTP: take connections from an inherited socket, end in order.

Nothing is lost when a worker stops: its listening socket stays open in the parent,
answers under way are finished, and each says ``Connection: close``, so that clients
who keep connections open leave by themselves before the rest is closed.
"""

import asyncio
import re
import signal
import socket
from contextlib import suppress
from importlib.metadata import version

from aiohttp import hdrs, http_parser, web

from lookup.listeners import BACKLOG
from lookup.metrics import Metrics
from lookup.web.middleware import LOOKUPS
from lookup.web.routes import SHORT_WAY, Handler

KEEPALIVE_S = 10.0
"""Longest silence on a connection, and longest time for the head of a request.

aiohttp runs this one clock from the opening of a connection, and from each answer,
until a whole head has arrived; a head that trickles in does not stop it. Its own
value, 3630 s, would let a slow client keep a connection for an hour.
"""

LEAVE_S = 1.0
"""How long clients may take to leave after an answer with ``Connection: close``."""

_OLDEST = {"aiohttp": (3, 14, 1), "uvloop": (0, 23, 0)}
"""Before these, requests could be smuggled and answers reach the wrong client."""


class UnsafeLibraryError(RuntimeError):
    """A library is known to be unsafe in the version that is installed."""


def refuse_unsafe_libraries() -> None:
    """Make sure that requests are read by code without known holes.

    Raises:
        UnsafeLibraryError: A library is too old, or its compiled parser is missing.
    """
    for name, oldest in _OLDEST.items():
        installed = version(name)
        if tuple(map(int, re.findall(r"\d+", installed)[:3])) < oldest:
            wanted = ".".join(map(str, oldest))
            raise UnsafeLibraryError(f"{name} {installed}: at least {wanted} is needed")
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        raise UnsafeLibraryError("aiohttp: its compiled parser is missing")


async def serve(
    app: web.Application,
    *,
    listen_fd: int,
    parent_fd: int,
    deadline_s: float,
    metrics: Metrics,
) -> None:
    """Answer until SIGTERM comes or the parent is gone, then end in order.

    Args:
        app: What answers.
        listen_fd: A listening socket, inherited.
        parent_fd: The reading end of a pipe that closes when the parent dies.
        deadline_s: Longest time an answer takes; running ones get a second more.
        metrics: Told when connections are taken and when no more.

    Raises:
        UnsafeLibraryError: See ``refuse_unsafe_libraries``.
    """
    refuse_unsafe_libraries()
    farewell = _Farewell()
    app.on_response_prepare.append(farewell.mark)
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=KEEPALIVE_S,
        # A body that was given up is not read on: the connection closes at once.
        lingering_time=0,
        shutdown_timeout=deadline_s + 1,
    )
    await runner.setup()
    server = runner.server
    assert server is not None
    server.request_handler = _by_the_short_way(app, server.request_handler, farewell)
    listener = socket.socket(fileno=listen_fd)
    site = web.SockSite(runner, listener.dup(), backlog=BACKLOG)
    await site.start()
    metrics.worker_serving(serving=True)
    try:
        await _stop_asked(parent_fd)
    finally:
        metrics.worker_serving(serving=False)
        farewell.is_due = True
        await site.stop()
        await _take_waiting(listener, server)
        await _clients_left(server)
        await runner.cleanup()


def _by_the_short_way(
    app: web.Application, whole_way: Handler, farewell: "_Farewell"
) -> Handler:
    """Lookups, which are nearly all there is, past the router; the rest as ever."""
    short_way = app[SHORT_WAY]

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        is_lookup = request.raw_path == LOOKUPS and request.method == "POST"
        # Who asks before it sends its body is told to by aiohttp, on the whole way.
        is_short = is_lookup and hdrs.EXPECT not in request.headers
        response = await (short_way if is_short else whole_way)(request)
        await farewell.mark(request, response)  # an ``Answer`` has not heard of it
        return response

    return handle


class _Farewell:
    """Tells clients, once it is due, that their connection ends with this answer."""

    is_due = False

    async def mark(self, _: web.BaseRequest, response: web.StreamResponse) -> None:
        if self.is_due:
            response.force_close()
            # aiohttp wrote its own headers before it asked us.
            response.headers["Connection"] = "close"


async def _stop_asked(parent_fd: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(parent_fd, stop.set)
    try:
        await stop.wait()
    finally:
        loop.remove_reader(parent_fd)


async def _take_waiting(listener: socket.socket, server: web.Server) -> None:
    """Close the socket, but first take the connections that wait on it.

    Where ours is the last copy of the socket, closing would reset them.
    """
    waiting = []
    listener.settimeout(0)
    with suppress(OSError):  # mostly BlockingIOError: none waits any more
        while True:
            waiting.append(listener.accept()[0])
    listener.close()
    loop = asyncio.get_running_loop()
    for connection in waiting:
        await loop.connect_accepted_socket(server, connection)


async def _clients_left(server: web.Server) -> None:
    """Wait until no connection is left, or ``LEAVE_S`` is over.

    Waits before it looks: a connection just taken is not counted yet, and its
    request may still be on the way.
    """
    step_s = 0.05
    for _ in range(round(LEAVE_S / step_s)):
        await asyncio.sleep(step_s)
        if not server.connections:
            return
