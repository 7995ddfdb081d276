"""A worker's side of HTTP: take connections from an inherited socket, end in order.

Nothing is lost when a worker stops: its listening socket stays open in the parent,
answers under way are finished, and each says ``Connection: close``, so that clients
who keep connections open leave by themselves before the rest is closed.
"""

import asyncio
import re
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from aiohttp import hdrs, http_parser, web

from lookup.listeners import BACKLOG
from lookup.metrics import Metrics
from lookup.web.every_answer import EVERY_ANSWER
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


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a worker has from its parent."""

    listen_fd: int
    """A listening socket."""

    parent_fd: int
    """The reading end of a pipe that closes when the parent dies."""

    is_held: bool = False
    """Somebody keeps the socket open for the next worker, however we end."""


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
    inherited: Inherited,
    *,
    deadline_s: float,
    metrics: Metrics,
) -> None:
    """Answer until SIGTERM comes or the parent is gone, then end in order.

    Args:
        app: What answers.
        inherited: Where connections come from, and when the parent is gone.
        deadline_s: Longest time an answer takes; running ones get a second more.
        metrics: Told when connections are taken and when no more.

    Raises:
        UnsafeLibraryError: See ``refuse_unsafe_libraries``.
    """
    refuse_unsafe_libraries()
    loop, farewell = asyncio.get_running_loop(), _Farewell()
    app.on_response_prepare.append(farewell.mark)
    runner = web.AppRunner(app, shutdown_timeout=deadline_s + 1)
    await runner.setup()
    server = runner.server
    assert server is not None
    server.request_handler = _by_the_short_way(app, server.request_handler, farewell)
    listener = socket.socket(fileno=inherited.listen_fd)

    def connection() -> _Connection:
        options: dict[str, Any] = {
            "access_log": None,
            "keepalive_timeout": KEEPALIVE_S,
            # A body that was given up is not read on: the connection closes at once.
            "lingering_time": 0,
        }
        return _Connection(server, loop=loop, **options)

    taking = await loop.create_server(connection, sock=listener.dup(), backlog=BACKLOG)
    metrics.worker_serving(serving=True)
    try:
        await _stop_asked(inherited.parent_fd)
    finally:
        metrics.worker_serving(serving=False)
        farewell.is_due = True
        taking.close()
        await _take_waiting(listener, connection, is_held=inherited.is_held)
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


class _Connection(web.RequestHandler):
    """Repeats nothing of what cannot be read as HTTP.

    aiohttp would show it to the sender. Bytes out of step may be somebody else's.
    """

    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, *told: Any, **named: Any
    ) -> web.StreamResponse:
        response = super().handle_error(request, *told, **named)
        assert isinstance(response, web.Response)
        response.text = f"{response.status} {response.reason}\n"
        response.headers.update(EVERY_ANSWER)
        return response


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


async def _take_waiting(
    listener: socket.socket,
    connection: Callable[[], asyncio.Protocol],
    *,
    is_held: bool,
) -> None:
    """Close the socket, but first take the connections that wait on it.

    Where ours is the last copy of the socket, closing would reset them. Where it is
    held, they wait on for our successor.
    """
    waiting = []
    listener.settimeout(0)
    with suppress(OSError):  # mostly BlockingIOError: none waits any more
        while not is_held:
            waiting.append(listener.accept()[0])
    listener.close()
    loop = asyncio.get_running_loop()
    for accepted in waiting:
        await loop.connect_accepted_socket(connection, accepted)


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
