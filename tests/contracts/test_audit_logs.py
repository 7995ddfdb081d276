from contextlib import AsyncExitStack

import asyncpg
import pytest

from adapters.postgres import Database
from tests.contracts.audit_log import AuditLogContract
from tests.support.audits import events_in, opened_audit
from tests.support.fakes import FakeAudit


class WrittenAuditContract(AuditLogContract):
    """The same for files, with a database behind them or without."""

    @pytest.fixture
    async def stack(self):
        async with AsyncExitStack() as stack:
            yield stack

    @pytest.fixture
    async def full(self, stack, tmp_path):
        full = await stack.enter_async_context(opened_audit(tmp_path / "full"))
        (tmp_path / "full" / "worker-0" / "lock").unlink()
        (tmp_path / "full" / "worker-0").rmdir()
        (tmp_path / "full").rmdir()
        return full


class TestShippedAudit(WrittenAuditContract):
    @pytest.fixture
    async def audit(self, database_url, stack, tmp_path):
        database = Database(database_url, 2.0)
        return await stack.enter_async_context(
            opened_audit(tmp_path / "audit", database=database)
        )

    @pytest.fixture
    def written(self, stack, database_url):
        async def written():
            await stack.aclose()
            connection = await asyncpg.connect(database_url)
            rows = await connection.fetch(
                "SELECT request_id FROM audit_log ORDER BY audit_id"
            )
            await connection.close()
            return [row["request_id"] for row in rows]

        return written


class TestKeptAudit(WrittenAuditContract):
    @pytest.fixture
    async def audit(self, stack, tmp_path):
        return await stack.enter_async_context(opened_audit(tmp_path / "audit"))

    @pytest.fixture
    def written(self, stack, tmp_path):
        async def written():
            await stack.aclose()
            return [event["request_id"] for event in events_in(tmp_path / "audit")]

        return written


class TestFakeAudit(AuditLogContract):
    @pytest.fixture
    def audit(self):
        return FakeAudit()

    @pytest.fixture
    def full(self, audit):
        audit.break_()
        return audit

    @pytest.fixture
    def written(self, audit):
        async def written():
            return [entry.request_id for entry in audit.entries]

        return written
