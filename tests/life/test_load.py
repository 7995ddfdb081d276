"""Load tests as they are run: Locust beside a whole service."""

import asyncio
import csv
import os
import signal
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from itertools import count
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from rich.console import Console

from adapters.synthetic.seeding import seed
from loadtests.load import answers
from loadtests.load.__main__ import LOCUSTFILE
from loadtests.load.draw import draw_people
from loadtests.load.people import People, write_people
from loadtests.load.target import SCOPES, free_port, own_target
from loadtests.load.thresholds import Exit
from lookup.ask import AskError, Desk, asking
from lookup.codes import RESULTS
from tests.support.load import a_person, as_sent, reply_to
from tests.support.synthetic import a_recipe
from tests.support.whole_service import START_S, new_key, running_service

ROOT = Path(__file__).parents[2]

LOOKUPS = "tracuu_lookups_total"

STOP_S = 2
"""How long the service stands still."""


@pytest.fixture
def people_url(database_url):
    recipe = a_recipe(citizens=300)
    seed(database_url, recipe, processes=1)
    return database_url


@pytest.fixture
def body(people_url):
    """A plain lookup about one of them."""
    return as_sent(draw_people(people_url))


@pytest.fixture
async def service(people_url, redis_url, tmp_path):
    async with running_service(people_url, redis_url, tmp_path) as running:
        running.key = await new_key(people_url, "tai-thu", SCOPES)
        yield running


class LoadTest:
    """A load test that runs in a folder."""

    def __init__(self, process, folder):
        self.process = process
        self._folder = folder
        self._said = b""

    async def sends(self):
        """Wait for its first line of progress."""
        async with asyncio.timeout(START_S):
            while b", sent " not in self._said:
                read = await self.process.stdout.read(1_000)
                assert read, self._said
                self._said += read

    async def ended(self):
        """Its exit code and what it said."""
        async with asyncio.timeout(START_S):
            rest, _ = await self.process.communicate()
        return self.process.returncode, (self._said + rest).decode()

    def file(self, name):
        (found,) = self._folder.glob(f"loadtests/results/*/{name}")
        return found

    def p99_s(self, name):
        """As Locust tells it for the requests of this name."""
        with self.file("locust_stats.csv").open() as lines:
            found = {row["Name"]: row for row in csv.DictReader(lines)}
        return float(found[name]["99%"]) / 1_000


@asynccontextmanager
async def started(folder, *words, **variables):
    """Start Python with these words; ended with the block if it still runs."""
    environ = {
        # Not measured: Locust switches between stacks in its own way.
        **{k: v for k, v in os.environ.items() if not k.startswith("COV")},
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *words),
        cwd=folder,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield LoadTest(process, folder)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def load_test(service, people_url, folder, *words, **variables):
    """What ``make load`` starts, on this service."""
    return started(
        folder,
        *("-m", "loadtests.load", "--host", service.url, *words),
        TRACUU_API_KEY=service.key,
        TRACUU_DATABASE_URL=people_url,
        **variables,
    )


async def counted(service):
    """Lookups of load tests, and of all others: those of the objectives."""
    every = await service.counted(LOOKUPS)
    ours = await service.counted(LOOKUPS, channel="loadtest")
    return ours, every - ours


@contextmanager
def standing_still(pids):
    """Processes that stand still in the block; they go on even if we do not."""
    numbers = " ".join(map(str, pids))
    watchdog = os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", f"sleep 20; kill -CONT {numbers}"],
        os.environ,
        setpgroup=0,
    )
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        os.killpg(watchdog, signal.SIGKILL)
        os.waitpid(watchdog, 0)


async def asked_in_a_closed_loop(service, body, until):
    """Seconds of each lookup of a client that asks again after each answer."""
    taken_s = []
    while not until.is_set():
        started_s = time.monotonic()
        await service.ask(body)
        taken_s.append(time.monotonic() - started_s)
    return taken_s


async def test_stop_shows_from_the_intended_time_and_no_objective_moves(
    service, people_url, body, tmp_path
):
    ended = asyncio.Event()
    pids = [e["pid"] for e in service.said() if e["event"] == "worker.started"]

    words = ("--profile", "steady", "--rate", "40", "--minutes", "0.1")
    words += ("--processes", "2")
    async with load_test(service, people_url, tmp_path, *words) as load:
        await load.sends()
        closed = asyncio.create_task(asked_in_a_closed_loop(service, body, ended))
        with standing_still(pids):
            await asyncio.sleep(STOP_S)
        code, said = await load.ended()
    ended.set()
    taken_s = sorted(await closed)

    assert code == Exit.MISSED, said
    assert "Missed: " in said
    assert service.key not in said
    assert "processes: 2" in load.file("summary.md").read_text()
    assert load.file("report.html").stat().st_size > 0
    assert load.p99_s("lookups (from intended time)") > STOP_S / 2
    # All that the objectives have seen is the closed loop.
    ours, others = await counted(service)
    assert (ours > 100, others) == (True, len(taken_s))
    # It has met the stop, too: once.
    assert taken_s[-1] > STOP_S / 2
    assert taken_s[int(0.99 * len(taken_s))] < STOP_S / 2


def metrics_of(held):
    """A page of metrics; what is held grows with each look at it."""
    return (
        'tracuu_worker_resident_bytes{worker="0"} 9e7\n'
        f"tracuu_worker_files {held}\n"
        "tracuu_worker_tasks 9\ntracuu_worker_restarts_total 0\n"
    )


@pytest.mark.parametrize(("leaks", "word"), [(0, "met"), (1, "missed")])
async def test_soak_tells_a_service_that_leaks(
    service, people_url, tmp_path, *, leaks, word
):
    looks = count()

    async def metrics(_):
        return web.Response(text=metrics_of(9 + leaks * next(looks)))

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    words = ("--profile", "soak", "--rate", "20", "--minutes", "0.05")
    async with (
        TestServer(app) as admin,
        load_test(
            service,
            people_url,
            tmp_path,
            *words,
            TRACUU_ADMIN_URL=str(admin.make_url("")),
        ) as load,
    ):
        code, said = await load.ended()

    assert f"at most +5.0 | {word} |" in load.file("summary.md").read_text(), said
    assert code >= leaks


@pytest.fixture
def one_person(tmp_path):
    """The file of people with one person."""
    file = tmp_path / "people.json"
    write_people(People("2026-11-25", (a_person(),)), file)
    return file


def locust(folder, url, minutes):
    """Locust without anything that ``make load`` does for it."""
    words = ("-m", "locust", "--locustfile", LOCUSTFILE, "--headless", "--host", url)
    return started(folder, *words, "--minutes", minutes, "--summary", "summary.txt")


async def test_service_that_is_not_there_is_no_success(tmp_path, one_person):
    url = f"http://127.0.0.1:{free_port()}"
    async with locust(one_person.parent, url, "0.01") as load:
        code, said = await load.ended()

    assert code == Exit.ERRORS, said
    assert "| unanswered |" in (tmp_path / "summary.txt").read_text()


@pytest.mark.parametrize(("refusals", "verdict"), [(0, "PASSED"), (1, "MISSED")])
async def test_refusal_is_waited_out_as_told(refusals, verdict, tmp_path, one_person):
    waits = ["1"] * refusals

    async def answer(request):
        if waits:
            return web.Response(status=429, headers={"Retry-After": waits.pop()})
        reply = reply_to(await request.json())
        headers = dict(reply.headers)
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    app = web.Application()
    app.router.add_post(answers.LOOKUPS, answer)
    async with (
        TestServer(app) as server,
        locust(one_person.parent, str(server.make_url("")), "0.01") as load,
    ):
        code, said = await load.ended()

    # The wait is part of its time.
    assert code == Exit[verdict], said
    assert f"429 waited out: {refusals};" in (tmp_path / "summary.txt").read_text()


async def asked_once(target, body):
    async with asking(Desk(target.url, target.api_key)) as connection:
        return await connection.ask(body)


def test_service_of_its_own_answers_and_ends(tmp_path):
    with own_target(tmp_path, 50, Console(quiet=True)) as target:
        body = as_sent(draw_people(target.database_url))
        status, answer = asyncio.run(asked_once(target, body))

    assert (status, answer["result"]["code"] in RESULTS) == (HTTPStatus.OK, True)
    with pytest.raises(AskError):
        asyncio.run(asked_once(target, body))
