import asyncio
import os
import signal
import sys
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from lookup.events import Events
from lookup.metrics_store import memory_store
from lookup.supervisor import Fleet, Handover, restart_delay_s, worker_command
from tests.support.dummy_service import running_service


@pytest.fixture
async def service(tmp_path):
    async with running_service(tmp_path) as running:
        yield running


async def test_workers_share_the_connections(service):
    await service.both()

    shares = Counter(await asyncio.gather(*(service.who() for _ in range(50))))

    assert len(shares) == 2
    assert min(shares.values()) >= 10


async def test_one_scrape_sees_all_workers(service):
    asked = 0
    seen = set()
    while len(seen) < 2 or asked < 20:
        seen.add(await service.who())
        asked += 1

    assert await service.metric("tracuu_lookups_total", outcome="active") == asked
    assert await service.metric("tracuu_workers", state="serving") == 2


async def test_counters_never_go_back_when_a_worker_is_killed(service):
    workers = await service.both()
    asked = await service.metric("tracuu_lookups_total")

    os.kill(workers.pop(), signal.SIGKILL)
    died = await service.said("worker.died")
    while await service.metric("tracuu_lookups_total") < asked + 20:
        await service.who()

    assert died["exit_code"] == -signal.SIGKILL
    assert await service.metric("tracuu_worker_restarts_total") == 1


async def test_numbers_outlive_the_parent_too(tmp_path):
    async with running_service(tmp_path) as first:
        await first.both()
        asked = await first.metric("tracuu_lookups_total")

    async with running_service(tmp_path) as second:
        kept = await second.metric("tracuu_lookups_total")

    assert kept == asked


async def test_connections_wait_for_the_successors_of_dead_workers(service):
    dead = await service.both()

    for pid in dead:
        os.kill(pid, signal.SIGKILL)
    alive = set(await asyncio.gather(*(service.who() for _ in range(20))))

    assert alive
    assert not alive & dead


async def test_no_request_is_lost_while_a_worker_is_replaced(service):
    leaving = (await service.both()).pop()
    ended = asyncio.Event()
    clients = [
        asyncio.create_task(_ask_until(ended, service.url, keeps=keeps))
        for keeps in (True, True, False)
    ]

    os.kill(leaving, signal.SIGTERM)
    await service.said("worker.restarted")
    await service.said("worker.started")
    await service.both()
    ended.set()
    answers = sum(await asyncio.gather(*clients), Counter())

    assert set(answers) == {200}


async def test_stop_falls_readiness_then_finishes_what_runs(service):
    await service.both()
    slow = asyncio.create_task(_get(f"{service.url}/slow"))
    await service.who()

    service.process.send_signal(signal.SIGTERM)
    await service.said("process.stopping")
    ready, live = (
        await service.status("/health/ready"),
        await service.status("/health/live"),
    )
    drained_answer = await service.who()

    assert (ready, live) == (503, 200)
    assert drained_answer > 0
    assert await slow == 200
    assert await service.process.wait() == 0


async def test_stop_loses_no_request_of_clients_that_go_on_asking(service):
    await service.both()
    clients = [
        asyncio.create_task(_ask_until(asyncio.Event(), service.url, keeps=keeps))
        for keeps in [True] * 5 + [False] * 15
    ]

    service.process.send_signal(signal.SIGTERM)
    outcomes = await asyncio.gather(*clients, return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {aiohttp.ClientConnectorError}
    assert await service.process.wait() == 0


async def test_second_signal_ends_everything_at_once(service):
    await service.both()
    stuck = [asyncio.create_task(_get(f"{service.url}/stuck")) for _ in range(4)]
    await service.who()

    service.process.send_signal(signal.SIGINT)
    await service.said("process.stopping")
    service.process.send_signal(signal.SIGINT)
    outcomes = await asyncio.gather(*stuck, return_exceptions=True)

    assert await service.process.wait() == 0
    assert all(isinstance(outcome, aiohttp.ClientError) for outcome in outcomes)


async def test_workers_end_with_a_parent_that_is_killed(service):
    await service.both()

    service.process.kill()
    # The workers hold the log open: it ends when the last of them has.
    await service.process.communicate()

    with pytest.raises(aiohttp.ClientConnectorError):
        await service.who()


async def test_worker_that_cannot_start_is_tried_again_more_slowly(tmp_path):
    async with running_service(tmp_path, DUMMY_IS_BROKEN="1") as service:
        delays = {}
        while 6 not in delays:
            restarted = await service.said("worker.restarted")
            delays[restarted["deaths"]] = restarted["delay_s"]

        assert delays == {1: 0, 2: 0, 3: 0, 4: 0, 5: 0.25, 6: 0.5}
        assert await service.status("/health/ready") == 503


def test_delay_between_restarts_has_an_end():
    assert restart_delay_s(0) == 0
    assert restart_delay_s(10**6) == 5


IGNORES_SIGTERM = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write(int(sys.argv[1]), b"!")
time.sleep(600)
"""


async def test_worker_that_does_not_end_is_killed(pipe):
    said = []
    fleet = _fleet(
        lambda h: [sys.executable, "-c", IGNORES_SIGTERM, str(h.listen_fd)],
        said.append,
    )
    reading, writing = pipe
    kept = asyncio.create_task(fleet.keep(Handover(0, writing, writing, Path())))
    await asyncio.to_thread(os.read, reading, 1)

    fleet.end(grace_s=0.05)
    await kept

    assert said == ["worker.started", "worker.died"]


async def test_command_that_is_missing_is_a_death_too(pipe):
    said = []

    def note(event):
        said.append(event)
        if event == "worker.restarted":
            fleet.kill()

    fleet = _fleet(lambda _: ["/nowhere/python"], note)
    await fleet.keep(Handover(0, pipe[1], pipe[1], Path()))

    assert said == ["worker.died", "worker.restarted"]


def test_worker_is_told_everything_on_its_command_line():
    command = worker_command(Handover(1, 5, 6, Path("run/metrics")))

    assert " ".join(command[1:]) == (
        "-m lookup.worker --id 1 --fd 5 --parent-fd 6 --metrics run/metrics"
    )
    held = worker_command(Handover(1, 5, 6, Path("run/metrics"), is_held=True))
    assert held == [*command, "--held"]


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def _fleet(command, note):
    return Fleet(
        command=command,
        environ=os.environ,
        store=memory_store(),
        events=Events(lambda _level, event, _fields: note(event)),
    )


async def _get(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        await response.read()
        return response.status


async def _ask_until(ended, url, *, keeps):
    """Ask without pause, on one connection or on a new one each time."""
    statuses = Counter()
    connector = aiohttp.TCPConnector(force_close=not keeps)
    # A client that tries again by itself would hide a lost request.
    async with aiohttp.ClientSession(connector=connector) as session:
        session._retry_connection = False
        while not ended.is_set():
            async with session.get(f"{url}/who") as response:
                await response.read()
                statuses[response.status] += 1
    return statuses
