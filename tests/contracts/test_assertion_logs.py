import asyncpg
import pytest

from adapters.clients import create_client
from adapters.postgres import Database
from adapters.used_assertions import UsedAssertions
from tests.contracts.assertion_log import AssertionLogContract
from tests.support.fakes import FakeAssertionLog


class TestUsedAssertions(AssertionLogContract):
    @pytest.fixture
    async def log(self, database_url):
        connection = await asyncpg.connect(database_url)
        for client_id in ("benh-vien", "x-1"):
            await create_client(connection, client_id, scopes=["lookup:read"])
        await connection.close()
        return UsedAssertions(Database(database_url, 2.0))

    @pytest.fixture
    def unplugged(self):
        return UsedAssertions(Database("postgresql://127.0.0.1:1/x", 0.5))


class TestFakeAssertionLog(AssertionLogContract):
    @pytest.fixture
    def log(self):
        return FakeAssertionLog()

    @pytest.fixture
    def unplugged(self, log):
        log.unplug()
        return log
