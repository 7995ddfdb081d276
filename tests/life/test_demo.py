"""The demo from start to end, as a newcomer has it: processes, files, signals."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import orjson
import pytest

from tests.support.whole_service import START_S, free_ports

ROOT = Path(__file__).parents[2]

CODES = (
    *("000", "001", "002", "003", "004", "010", "050", "060", "061", "070"),
    *("110", "120", "121", "122", "123", "124", "130"),
)

LAST_WORDS = "Ctrl-C ends everything."


@pytest.fixture
def folder():
    """An empty folder that ``nobody``, who runs the servers for root, can reach."""
    with tempfile.TemporaryDirectory(prefix="of-a-newcomer-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


class Demo:
    """A demo that runs, and what it printed so far."""

    def __init__(self, process, folder):
        self.process = process
        self.folder = folder
        self.printed = ""

    @property
    def facts(self):
        return orjson.loads((self.folder / ".tracuu/demo.json").read_bytes())

    async def read_until(self, words):
        """Read what it prints until these words, or until its end."""
        async with asyncio.timeout(START_S):
            while words not in self.printed:
                line = await self.process.stdout.readline()
                assert line, self.printed
                self.printed += line.decode()

    async def ask(self, **fields):
        facts = self.facts
        headers = {"Authorization": f"Bearer {facts['api_key']}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{facts['url']}/v1/lookups", json=fields) as response,
        ):
            answer = orjson.loads(await response.read())
            assert response.status == HTTPStatus.OK, answer["code"]
            return answer["result"]["code"]

    async def end(self, number):
        """Ask it to end, and give its exit code."""
        self.process.send_signal(number)
        return await self.ended()

    async def ended(self):
        """Wait for its end, and give its exit code."""
        try:
            async with asyncio.timeout(START_S):
                self.printed += (await self.process.stdout.read()).decode()
                return await self.process.wait()
        except TimeoutError:
            # It prints where it hangs.
            self.process.send_signal(signal.SIGABRT)
            self.printed += (await self.process.stdout.read()).decode()
            pytest.fail(self.printed)


@asynccontextmanager
async def started(folder, **settings):
    """A demo in this folder, on ports of its own; killed if the block leaves it."""
    http_port, admin_port = free_ports(2)
    others = {k: v for k, v in os.environ.items() if not k.startswith("TRACUU_")}
    environ = {
        **others,
        "PYTHONPATH": str(ROOT),
        "PYTHONFAULTHANDLER": "1",
        "TRACUU_HTTP_PORT": str(http_port),
        "TRACUU_ADMIN_PORT": str(admin_port),
        "TRACUU_DEADLINE_S": "10",
        "TRACUU_DATABASE_TIMEOUT_S": "5",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lookup", "demo"),
        cwd=folder,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Demo(process, folder)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def living(folder):
    """The processes that work in this folder or name it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            if str(folder) in f"{words} {(entry / 'cwd').readlink()}":
                found.append(words)
        except OSError:  # it has ended meanwhile
            continue
    return found


def run_folder(facts):
    """Where the sockets of the servers are."""
    (socket_folder,) = parse_qs(urlsplit(facts["database_url"]).query)["host"]
    return Path(socket_folder).parent


def plain(sample):
    return {name: sample[name] for name in ("citizen_id", "full_name", "birth_date")}


async def test_newcomer_asks_every_sample_and_finds_them_again(folder):
    async with started(folder) as first:
        await first.read_until(LAST_WORDS)
        facts = first.facts
        codes = [await first.ask(**plain(s)) for s in facts["samples"].values()]
        scanned = [await first.ask(qr=s["qr"]) for s in facts["samples"].values()]
        assert await first.end(signal.SIGINT) == 0

    async with started(folder) as second:
        await second.read_until(LAST_WORDS)
        again = second.facts
        code = await second.ask(**plain(facts["samples"]["004"]))
        assert living(folder)
        assert (folder / ".tracuu/demo.json").stat().st_mode & 0o777 == 0o600
        assert await second.end(signal.SIGTERM) == 0

    told = ["url", "admin_url", "api_key", "database_url", "samples", "gateway"]
    assert list(facts) == told
    assert list(facts["samples"]) == list(CODES) == codes == scanned
    assert code == "004"
    assert again["samples"] == facts["samples"]
    assert again["api_key"] == facts["api_key"]
    assert "20,000 new" in first.printed
    assert "; 0 new" in second.printed
    assert living(folder) == []
    assert not run_folder(facts).exists()
    assert not run_folder(again).exists()


async def test_taken_port_is_told_before_anything_is_seeded(
    folder, database_url, redis_url
):
    urls = {"TRACUU_DATABASE_URL": database_url, "TRACUU_REDIS_URL": redis_url}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        async with started(folder, **urls, TRACUU_HTTP_PORT=port) as demo:
            code = await demo.ended()

    assert code == 1
    assert demo.printed == (
        f"port {port} on 127.0.0.1 is taken by another process: end it, or set "
        "TRACUU_HTTP_PORT to a free port\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_demo_stopped_while_it_begins_leaves_nothing(folder, number):
    async with started(folder) as demo:
        await demo.read_until("Starting")
        code = await demo.end(number)

    assert code != 0
    assert "Traceback" not in demo.printed
    assert living(folder) == []
