"""Workers killed under load: no answer without a record, no record twice."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import aiohttp
import asyncpg
import pytest

from adapters.audit_files import chain_folders
from adapters.audit_keys import AuditKeys
from adapters.audit_queries import known_of
from adapters.audit_verify import Verifier
from cache.key import subkey
from tests.support.audits import ids_in
from tests.support.builders import a_card, a_person
from tests.support.population_rows import insert_card, insert_person
from tests.support.waiting import eventually
from tests.support.whole_service import (
    START_S,
    TWO_WORKERS,
    running_process,
    running_service,
)

ROUNDS = 20 if os.environ.get("TRACUU_LONG") else 3
"""How often everything is killed."""

ANSWERS = 60
"""In each round, before."""

ASKERS = 8

LAN = a_person()
QUESTION = {
    "citizen_id": LAN.citizen_id,
    "full_name": LAN.full_name,
    "birth_date": "1980-03-05",
}


@pytest.fixture
async def population(database_url):
    connection = await asyncpg.connect(database_url)
    today = await connection.fetchval("SELECT current_date")
    long = timedelta(days=200)
    await insert_person(connection, LAN)
    await insert_card(
        connection, a_card(valid_from=today - long, valid_to=today + long)
    )
    yield connection
    await connection.close()


class Desks:
    """Ask without pause, and keep the id of every answer they got."""

    def __init__(self, service):
        self.answered = []
        self._service = service
        self._heard = asyncio.Event()

    async def more(self):
        """Wait for so many further answers; workers that die often come late."""
        wanted = len(self.answered) + ANSWERS
        while len(self.answered) < wanted:
            self._heard.clear()
            await asyncio.wait_for(self._heard.wait(), START_S)

    async def ask(self):
        while True:
            with suppress(aiohttp.ClientError):
                status, answer = await self._service.ask(QUESTION)
                if status == 200:
                    self.answered.append(answer["request_id"])
                    self._heard.set()
            await asyncio.sleep(0)


@asynccontextmanager
async def open_desks(service):
    desks = Desks(service)
    asking = [asyncio.create_task(desks.ask()) for _ in range(ASKERS)]
    try:
        yield desks
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


def kill_workers(service):
    for line in service.said():
        if line["event"] == "worker.started":
            with suppress(ProcessLookupError):
                os.kill(line["pid"], signal.SIGKILL)


async def test_workers_killed_under_load_lose_no_record_and_write_none_twice(
    database_url, redis_url, population, tmp_path
):
    async with (
        running_service(database_url, redis_url, tmp_path, **TWO_WORKERS) as service,
        open_desks(service) as desks,
    ):
        for _ in range(ROUNDS):
            await desks.more()
            kill_workers(service)
        await desks.more()

    rows = await population.fetch("SELECT request_id FROM audit_log")
    recorded = [row["request_id"] for row in rows]
    assert set(desks.answered) - set(recorded) == set()
    assert len(recorded) == len(set(recorded))
    assert sorted(recorded) == sorted(ids_in(tmp_path / "state" / "audit"))
    keys = AuditKeys(subkey(b"k" * 32, b"audit"))
    verifier = Verifier([keys.signer], await known_of(population))
    chains = chain_folders(tmp_path / "state" / "audit")
    assert [verifier.verify(chain).fault for chain in chains] == [None, None]


async def test_whole_service_killed_carries_on_at_the_next_start_with_fewer_workers(
    database_url, redis_url, population, tmp_path
):
    async with (
        running_service(database_url, redis_url, tmp_path, **TWO_WORKERS) as service,
        open_desks(service) as desks,
    ):
        await desks.more()
        service.process.kill()
        kill_workers(service)
        await service.process.wait()

    async def recorded():
        rows = await population.fetch("SELECT request_id FROM audit_log")
        return [row["request_id"] for row in rows]

    async def are_all_recorded():
        return set(desks.answered) <= set(await recorded())

    async with running_process(database_url, redis_url, tmp_path):
        assert await eventually(are_all_recorded)
    ids = await recorded()
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("guard", ["guarded", "unguarded"])
async def test_who_does_not_wait_for_the_disk_has_answers_without_a_record(
    tmp_path, guard
):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.audit_writer"),
        *(str(tmp_path), guard),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()

    missing = set(said.decode().split()) - set(ids_in(tmp_path))
    assert process.returncode == -signal.SIGKILL
    assert (missing == set()) is (guard == "guarded")
