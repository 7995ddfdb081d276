"""The real parent process over dummy workers, and a handle on it for tests."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from prometheus_client.parser import text_string_to_metric_families

from lookup.events import open_events
from lookup.metrics_page import Build
from lookup.settings import Settings
from lookup.supervisor import Handover, supervise, worker_command

PROJECT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port on which nobody listened a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def dummy_command(handover: Handover) -> list[str]:
    """The real command line, for the dummy or for one that cannot start."""
    if "DUMMY_IS_BROKEN" in os.environ:
        return [sys.executable, "-c", "raise SystemExit(3)"]
    python, _, _, *arguments = worker_command(handover)
    return [python, "-m", "tests.support.dummy_worker", *arguments]


def main() -> None:
    settings = Settings.read(
        {name: text for name, text in os.environ.items() if name.startswith("TRACUU_")}
    )
    asyncio.run(
        supervise(
            settings,
            environ=os.environ,
            events=open_events("info"),
            build=Build("0.0.0", "dummy"),
            command=dummy_command,
        )
    )


@dataclass
class Service:
    """A running parent with its workers, as its clients and its host see it."""

    process: Process
    url: str
    admin: str
    session: aiohttp.ClientSession
    log: list[dict[str, Any]] = field(default_factory=list)

    async def who(self) -> int:
        """The process that answers a new connection."""
        async with aiohttp.ClientSession() as fresh, fresh.get(f"{self.url}/who") as r:
            return int((await r.json())["pid"])

    async def both(self) -> set[int]:
        """The processes of both workers, once both answer."""
        seen: set[int] = set()
        while len(seen) < 2:
            seen.add(await self.who())
        return seen

    async def status(self, path: str) -> int:
        async with self.session.get(self.admin + path) as response:
            return response.status

    async def detail(self) -> dict[str, Any]:
        async with self.session.get(self.admin + "/health/detail") as response:
            return dict(await response.json())

    async def metric(self, name: str, **labels: str) -> float:
        """The sum of all series of a metric with these labels."""
        async with self.session.get(self.admin + "/metrics") as response:
            text = await response.text()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    async def said(self, event: str) -> dict[str, Any]:
        """The next line of the log that is this event."""
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            with suppress(orjson.JSONDecodeError):
                self.log.append(orjson.loads(line))
                if self.log[-1]["event"] == event:
                    return self.log[-1]
        raise AssertionError(f"{event} was never said")


@asynccontextmanager
async def running_service(state_dir: Path, **environ: str) -> AsyncIterator[Service]:
    """A parent with two dummy workers that answer."""
    port, admin_port = free_port(), free_port()
    settings = {
        "TRACUU_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "TRACUU_REDIS_URL": "redis://127.0.0.1:1/0",
        "TRACUU_CACHE_KEY": "A" * 43 + "=",
        "TRACUU_HTTP_PORT": str(port),
        "TRACUU_ADMIN_PORT": str(admin_port),
        "TRACUU_STATE_DIR": str(state_dir),
        "TRACUU_DRAIN_S": "0.3",
    }
    process = await create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.dummy_service"),
        cwd=PROJECT,
        env={**os.environ, **settings, **environ},
        stderr=PIPE,
    )
    async with aiohttp.ClientSession() as session:
        service = Service(
            process,
            f"http://127.0.0.1:{port}",
            f"http://127.0.0.1:{admin_port}",
            session,
        )
        try:
            await service.said("process.started")
            yield service
        finally:
            await _end(process)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
    await process.communicate()


if __name__ == "__main__":
    main()
