"""A window as it was measured, and a small server to measure, good unless told."""

import asyncio
from contextlib import asynccontextmanager

from loadtests.bench.generator import Generator, Job
from loadtests.bench.measures import Window

BODY = b'{"code":"000"}'

STALL_S = 0.4
"""How long a server that stalls keeps everybody waiting, once."""


def a_window(**fields):
    """A thousand answers in a second, each for 50 microseconds of one process."""
    return Window(
        **{
            "answers": 1_000,
            "elapsed_s": 1.0,
            "cpu_s": {"service": {1: 0.05}},
            "generator_cpu": 0.2,
            "latencies_ms": {50.0: 1.0, 99.0: 2.0},
            "wrong": {},
            **fields,
        }
    )


def costing(cpu_us):
    """A window whose answers cost so much."""
    return a_window(cpu_s={"service": {1: cpu_us / 1_000}})


def an_answer(*, status="200 OK", body=BODY):
    """An answer as it comes over the wire."""
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (
        status.encode(),
        len(body),
        body,
    )


class Answering(asyncio.Protocol):
    """Answers whatever comes; requests of these tests come in one piece each."""

    def __init__(self, server):
        self.server = server

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.server.heard.append(data)
        if self.server.stalls():
            self.server.waiting.append(self)
        else:
            self.answer()

    def answer(self):
        if self.server.answer is None:
            self.transport.close()
        else:
            self.transport.write(self.server.answer)


class Server:
    """A server that gives one answer, or None and hangs up."""

    def __init__(self, answer, *, stalls_at):
        self.answer = answer
        self.stalls_at = stalls_at
        self.heard = []
        self.waiting = []
        self._goes_on = None

    def stalls(self):
        """Whether it keeps callers waiting; once, from its so many-th request on."""
        loop = asyncio.get_running_loop()
        if len(self.heard) == self.stalls_at:
            self._goes_on = loop.call_later(STALL_S, self._go_on)
        return self._goes_on is not None

    def _go_on(self):
        self._goes_on = None
        for each in self.waiting:
            each.answer()


@asynccontextmanager
async def serving(answer=None, *, stalls_at=None):
    """The server and its port; it stalls once at its so many-th request."""
    server = Server(answer, stalls_at=stalls_at)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Answering(server), "127.0.0.1", 0)
    try:
        yield server, listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await listening.wait_closed()


async def load_on(port, **fields):
    """Put load on a port for a fifth of a second, over two connections."""
    job = {
        "port": port,
        "requests": [b"one", b"two"],
        "expected": [(BODY,), (BODY,)],
        "repeats": True,
        "connections": 2,
        "settle_s": 0.0,
        "window_s": 0.2,
        "watched": {},
    }
    return await Generator(Job(**job | fields)).run()
