"""The parent process: binds the ports, keeps the workers alive, shows their health.

Each worker has a listening socket of its own on the same port (SO_REUSEPORT), so the
kernel shares connections out. The parent opened them all and keeps them open:
connections that wait on the socket of a worker that dies are answered by its
successor. A parent that dies takes its workers with it, through a pipe they watch.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from lookup.events import Events
from lookup.listeners import admin_listener, worker_listeners
from lookup.metrics import Metrics
from lookup.metrics_page import Build
from lookup.metrics_store import MetricsStore, create_store
from lookup.settings import Settings
from lookup.web.health import Health, admin_app, metrics_page

YOUNG_S = 10.0
"""A worker that dies younger than this probably could not start."""

DEATHS_FREE = 5
"""So many early deaths in a row are replaced at once."""

DELAY_MAX_S = 5.0

GRACE_S = 5.0
"""How long a worker may take to end, beyond the deadline of a lookup."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What a worker is given; the descriptors are its own after the start."""

    worker: int
    """Its number, from 0; its successor gets the same."""

    listen_fd: int
    parent_fd: int
    """Reading end of a pipe that closes when the parent dies."""

    metrics_path: Path
    is_held: bool = False
    """Whoever started us keeps the listening socket open for the next worker."""


Command = Callable[[Handover], list[str]]


def worker_command(handover: Handover) -> list[str]:
    """The command line of a worker."""
    return [
        *(sys.executable, "-m", "lookup.worker"),
        *("--id", str(handover.worker)),
        *("--fd", str(handover.listen_fd)),
        *("--parent-fd", str(handover.parent_fd)),
        *("--metrics", str(handover.metrics_path)),
        *(["--held"] if handover.is_held else []),
    ]


def restart_delay_s(early_deaths: int) -> float:
    """How long to wait before a worker is replaced, after early deaths in a row."""
    if early_deaths < DEATHS_FREE:
        return 0.0
    return float(min(DELAY_MAX_S, 0.25 * 2 ** min(early_deaths - DEATHS_FREE, 8)))


class Fleet:
    """The workers: for each number one process, replaced when it ends unasked."""

    def __init__(
        self,
        *,
        command: Command,
        environ: Mapping[str, str],
        store: MetricsStore,
        events: Events,
    ) -> None:
        self._command = command
        self._environ = environ
        self._store = store
        self._events = events
        self._metrics = Metrics(store.parent)
        self._processes: dict[int, Process] = {}
        self.stopping = asyncio.Event()
        """Nothing is started any more."""

    async def keep(self, handover: Handover) -> None:
        """Have a worker of this number until the fleet ends."""
        worker, early_deaths = handover.worker, 0
        while True:
            started_s = time.monotonic()
            exit_code = await self._live(handover)
            if self.stopping.is_set():
                return
            is_early = exit_code != 0 and time.monotonic() - started_s < YOUNG_S
            early_deaths = early_deaths + 1 if is_early else 0
            delay_s = restart_delay_s(early_deaths)
            self._events.worker_restarted(worker, deaths=early_deaths, delay_s=delay_s)
            self._metrics.worker_restarted()
            await _at_most(delay_s, self.stopping)
            if self.stopping.is_set():
                return

    def end(self, *, grace_s: float) -> None:
        """Ask all workers to finish, and kill after ``grace_s`` those that have not."""
        self.stopping.set()
        self._signal(signal.SIGTERM)
        asyncio.get_running_loop().call_later(grace_s, self.kill)

    def kill(self) -> None:
        """End all workers at once."""
        self.stopping.set()
        self._signal(signal.SIGKILL)

    async def _live(self, handover: Handover) -> int:
        """One process from start to end; its exit code."""
        worker = handover.worker
        try:
            process = await self._start(handover)
        except OSError as error:
            code = error.errno or 1
            self._events.worker_died(worker, 0, exit_code=code)
            return code
        self._processes[worker] = process
        self._count()
        self._events.worker_started(worker, process.pid)
        try:
            exit_code = await process.wait()
        finally:
            del self._processes[worker]
            self._store.reset_gauges(worker)
            self._count()
        if exit_code == 0:
            self._events.worker_drained(worker, process.pid)
        else:
            self._events.worker_died(worker, process.pid, exit_code=exit_code)
        return exit_code

    async def _start(self, handover: Handover) -> Process:
        return await asyncio.create_subprocess_exec(
            *self._command(handover),
            env=self._environ,
            pass_fds=(handover.listen_fd, handover.parent_fd),
            # A Ctrl-C at the terminal is for the parent alone.
            process_group=0,
        )

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.send_signal(number)

    def _count(self) -> None:
        self._metrics.workers_counted(
            configured=self._store.workers, running=len(self._processes)
        )


async def supervise(
    settings: Settings,
    *,
    environ: Mapping[str, str],
    events: Events,
    build: Build,
    command: Command = worker_command,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain.

    On the first signal readiness falls at once; the workers go on for ``drain_s``,
    then finish what they have. A second signal ends everything at once.

    Args:
        settings: Handed to the workers as they are.
        environ: The rest of the workers' environment.
        events: Where to write what happens.
        build: Shown by metrics and health.
        command: How a worker is started.

    Raises:
        PortTakenError: Another process listens on a port of ours.
        TooManySocketsError: More sockets are held open for us than there are workers.
    """
    metrics_path = settings.state_dir / "metrics"
    with (
        worker_listeners(settings, environ) as listeners,
        admin_listener(settings) as admin,
        _parent_pipe() as parent_fd,
    ):
        store = create_store(metrics_path, settings.workers)
        health = Health(store, build)
        fleet = Fleet(
            command=command,
            environ={**environ, **settings.environ()},
            store=store,
            events=events,
        )
        page = metrics_page(store, build)
        async with _served(admin_app(page, health), admin), _tended(fleet) as group:
            for worker, listener in enumerate(listeners.sockets):
                fd, is_held = listener.fileno(), listeners.are_held
                handover = Handover(worker, fd, parent_fd, metrics_path, is_held)
                group.create_task(fleet.keep(handover))
            events.process_started(
                version=build.version,
                workers=settings.workers,
                port=settings.http_port,
                admin_port=settings.admin_port,
            )
            await _stop_asked(events, fleet)
            health.is_draining = True
            await _at_most(settings.drain_s, fleet.stopping)
            # The workers' copies are the last, unless whoever started us holds others:
            # closing them refuses connections.
            for listener in listeners.sockets:
                listener.close()
            fleet.end(grace_s=settings.deadline_s + GRACE_S)


@contextmanager
def _parent_pipe() -> Iterator[int]:
    """The end to watch; the other end closes with this process, however it ends."""
    watched, held = os.pipe()
    try:
        yield watched
    finally:
        os.close(watched)
        os.close(held)


@asynccontextmanager
async def _served(app: web.Application, listener: socket.socket) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _tended(fleet: Fleet) -> AsyncIterator[asyncio.TaskGroup]:
    """A group for the fleet's tasks; whatever goes wrong, no worker outlives it."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    finally:
        fleet.kill()


async def _stop_asked(events: Events, fleet: Fleet) -> None:
    """Wait for the first signal; from then on another one kills the fleet."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def stop(name: str) -> None:
        if asked.is_set():
            fleet.kill()
            return
        events.process_stopping(name)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number.name)
    await asked.wait()


async def _at_most(time_s: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(time_s):
            await event.wait()
