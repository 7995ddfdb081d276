"""The service as it runs at work: processes, a real PostgreSQL, a real Redis."""

import asyncio
import base64
import json
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import orjson
from prometheus_client.parser import text_string_to_metric_families

from adapters.clients import create_client
from lookup.scopes import Scope

TWO_WORKERS = {"TRACUU_WORKERS": "2"}
"""For tests in which it matters that another process may answer."""

CACHE_KEY = base64.b64encode(b"k" * 32).decode()

SERVE = ("-m", "lookup", "serve")

START_S = 60
"""Bound for what takes a second on an idle machine."""


def free_ports(count):
    """Ports nobody listens on just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class WholeService:
    """A running service, asked over HTTP; its log is read afterwards."""

    def __init__(self, environ, log, process, session):
        self.environ = environ
        self.url = f"http://127.0.0.1:{environ['TRACUU_HTTP_PORT']}"
        self.admin_url = f"http://127.0.0.1:{environ['TRACUU_ADMIN_PORT']}"
        self.key = ""
        self.log = log
        self.process = process
        self.session = session

    async def ask(self, body, *, key=None, raw=None):
        """Send a lookup on a connection of its own, so that any worker may answer."""
        headers = {
            "Authorization": f"Bearer {self.key if key is None else key}",
            "Content-Type": "application/json",
            "Connection": "close",
        }
        data = orjson.dumps(body) if raw is None else raw
        async with self.session.post(
            f"{self.url}/v1/lookups", data=data, headers=headers
        ) as response:
            return response.status, orjson.loads(await response.read())

    async def page(self, path="/metrics"):
        async with self.session.get(self.admin_url + path) as response:
            return response.status, await response.text()

    async def counted(self, name, **labels):
        """A metric summed over its series with these labels."""
        _, page = await self.page()
        return sum(
            line.value
            for family in text_string_to_metric_families(page)
            for line in family.samples
            if line.name == name and labels.items() <= line.labels.items()
        )

    async def ready(self):
        """Wait until every worker answers."""
        workers = int(self.environ["TRACUU_WORKERS"])
        async with asyncio.timeout(START_S):
            while True:
                assert self.process.returncode is None, self.log.read_text()
                try:
                    if await self.counted("tracuu_workers", state="serving") == workers:
                        return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)  # other processes give no event

    def said(self):
        """Every line of the log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    async def stop(self, number=signal.SIGTERM):
        """Ask it to end, and give its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.process.wait()


def environ_of(database_url, redis_url, folder, **settings):
    """The environment of a service with one worker over these servers."""
    http_port, admin_port = free_ports(2)
    return {
        **os.environ,
        "TRACUU_DATABASE_URL": database_url,
        "TRACUU_REDIS_URL": redis_url,
        "TRACUU_CACHE_KEY": CACHE_KEY,
        "TRACUU_HTTP_PORT": str(http_port),
        "TRACUU_ADMIN_PORT": str(admin_port),
        "TRACUU_WORKERS": "1",
        "TRACUU_DRAIN_S": "0",
        # Machines that run tests are slower than the machines of a hospital.
        "TRACUU_DEADLINE_S": "10",
        "TRACUU_DATABASE_TIMEOUT_S": "5",
        "TRACUU_REDIS_TIMEOUT_S": "2",
        "TRACUU_STATE_DIR": str(folder / "state"),
        **settings,
    }


@asynccontextmanager
async def running_service(database_url, redis_url, folder, **settings):
    """A service over these servers with one client, ended after the block."""
    key = await new_key(database_url)
    async with running_process(database_url, redis_url, folder, **settings) as service:
        service.key = key
        yield service


@asynccontextmanager
async def running_process(database_url, redis_url, folder, *, held=(), **settings):
    """The same without any client; sockets may be held open for it."""
    environ = environ_of(database_url, redis_url, folder, **settings)
    log = folder / "service.log"
    fds = [listener.fileno() for listener in held]
    command = ("-m", "tests.support.held_sockets", *map(str, fds)) if held else SERVE
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command),
            env=environ,
            stdout=out,
            stderr=out,
            pass_fds=fds,
        )
    async with aiohttp.ClientSession() as session:
        service = WholeService(environ, log, process, session)
        try:
            await service.ready()
            yield service
        finally:
            await service.stop()


async def new_key(database_url, client_id="benh-vien", scopes=frozenset(Scope)):
    """A client that may do everything, and its key."""
    connection = await asyncpg.connect(database_url)
    try:
        key = await create_client(connection, client_id, scopes=scopes)
    finally:
        await connection.close()
    return key.text
