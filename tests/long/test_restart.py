"""The whole service restarted under load, as for a new release or another setting."""

import base64
import os
import signal
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from cache.key import subkey
from lookup.access_token import AccessTokens, Grant
from lookup.listeners import open_listeners
from lookup.scopes import Scope
from tests.support.crowd import a_crowd, insert_crowd, question_about
from tests.support.steady_client import SteadyClient
from tests.support.waiting import eventually
from tests.support.whole_service import (
    TWO_WORKERS,
    free_ports,
    new_key,
    running_process,
)

RESTARTS = 20 if os.environ.get("TRACUU_LONG") else 3

RATE_PER_S = 300

ANSWERS = RATE_PER_S
"""So many come between two restarts, at least."""

SECRETS = [bytes([n]) * 32 for n in b"abc"]
"""In use by turns; the others are read with."""


class Restarted:
    """A service that is started again and again on one port."""

    def __init__(self, database_url, redis_url, folder):
        self._servers = database_url, redis_url, folder
        (self.port,) = free_ports(1)

    @contextmanager
    def held(self):
        """The sockets, held open as systemd does."""
        with open_listeners("127.0.0.1", self.port, count=2, variable="") as sockets:
            yield sockets

    def running(self, number=0, *, held=()):
        """The service with another secret by each number."""
        keys = [base64.b64encode(each).decode() for each in SECRETS]
        settings = {
            "TRACUU_HTTP_PORT": str(self.port),
            "TRACUU_CACHE_KEY": keys.pop(number % len(keys)),
            "TRACUU_OTHER_CACHE_KEYS": ",".join(keys),
        }
        return running_process(*self._servers, held=held, **TWO_WORKERS, **settings)


@pytest.fixture
def restarted(database_url, redis_url, tmp_path):
    return Restarted(database_url, redis_url, tmp_path)


@pytest.fixture
async def client(restarted, database_url):
    """One with a token that was made with the first secret."""
    (person,) = a_crowd(1)
    await insert_crowd(database_url, [person])
    await new_key(database_url)
    tokens = AccessTokens(subkey(SECRETS[0], b"access-token"))
    grant = Grant("benh-vien", frozenset(Scope))
    token = tokens.issue(grant, now=datetime.now(UTC) + timedelta(hours=1))
    question = {"body": question_about(person), "Authorization": f"Bearer {token}"}
    return SteadyClient(restarted.port, question, rate_per_s=RATE_PER_S)


async def test_restarts_with_other_secrets_fail_no_request(restarted, client):
    with restarted.held() as held:
        async with client.asking():
            for number in range(RESTARTS):
                async with restarted.running(number, held=held):
                    await client.more(ANSWERS)
            async with restarted.running(held=held):
                await client.end()

    assert client.outcomes.keys() == {200}
    assert client.outcomes.total() >= ANSWERS * RESTARTS


async def test_without_sockets_that_are_held_a_restart_fails_requests(
    restarted, client
):
    async def is_refused():
        return client.outcomes["ConnectionRefusedError"]

    async with restarted.running():
        pass
    async with client.asking():
        refused = await eventually(is_refused)

    assert refused


async def test_replacing_worker_by_worker_fails_no_request(restarted, client):
    async with restarted.running() as service, client.asking():
        for replaced in range(RESTARTS):
            started = [x for x in service.said() if x["event"] == "worker.started"]
            os.kill(started[replaced]["pid"], signal.SIGTERM)
            await client.more(ANSWERS)
            await service.ready()
        await client.end()

    assert client.outcomes.keys() == {200}
